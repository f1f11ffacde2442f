/**
 * Makes what a release consists of, in `dist/release`: an archive for each machine with the executable,
 * manual pages, completions and licence; `composefs.js`, for Deno and Bun; the library as one module and as
 * a package for npm, and packages for npm of the executables; checksums of them all.
 *
 *     deno task release
 *
 * The same sources give the same bytes. Files in the archives have the time `SOURCE_DATE_EPOCH`, in
 * seconds, or 0.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { documentation } from "../cli/commands/setup/installation.ts";
import { COMPOSEFS } from "../cli/program.ts";
import { VERSION } from "../cli/version.ts";
import { pack } from "./archive.ts";
import { bundle, repositoryPath, START } from "./build.ts";
import { buildExecutable, TARGETS } from "./executable.ts";
import { bundleLibrary, fillLibraryPackage, LIBRARY } from "./library.ts";
import {
  fillLauncherPackage,
  fillProgramPackage,
  PROGRAM,
  programPackage,
} from "./program_packages.ts";

/** Files that go into every archive as they are in the repository. */
const DOCUMENTS = ["LICENSE", "README.md"];

/** Fills a directory with what one archive holds. */
function fill(directory: string, target: string): void {
  mkdirSync(directory, { recursive: true });
  for (const file of DOCUMENTS) copyFileSync(repositoryPath(file), join(directory, file));
  for (const part of documentation(COMPOSEFS)) {
    if (part.kind !== "file") continue;
    const path = join(directory, part.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, part.contents);
  }
  buildExecutable(join(directory, "composefs"), target);
}

/** A line for each file, as `sha256sum --check` reads them. */
function checksums(directory: string): string {
  return readdirSync(directory).sort().map((name) => {
    const digest = createHash("sha256").update(readFileSync(join(directory, name))).digest("hex");
    return `${digest}  ${name}\n`;
  }).join("");
}

/**
 * Makes a package for npm.
 *
 * @param output The directory that it goes to.
 * @param name Name of the package.
 * @param fill Puts its files into a directory.
 * @param level How much gzip tries, 1 to 9.
 * @returns Path of the package.
 */
export function makePackage(
  output: string,
  name: string,
  fill: (directory: string) => void,
  level = 9,
): string {
  const archive = join(output, `${name}-${VERSION}.tgz`);
  const workspace = mkdtempSync(join(tmpdir(), "composefs-package-"));
  try {
    // npm expects all files of an archive below a folder of this name.
    fill(join(workspace, "package"));
    pack(workspace, "package", archive, level);
  } finally {
    rmSync(workspace, { recursive: true });
  }
  return archive;
}

/** Makes the archive and the package for one machine. */
function makeForMachine(output: string, target: string): void {
  const workspace = mkdtempSync(join(tmpdir(), "composefs-release-"));
  const name = `composefs-ts-${VERSION}-${target}`;
  try {
    fill(join(workspace, name), target);
    pack(workspace, name, join(output, `${name}.tar.gz`));
    const executable = join(workspace, name, "composefs");
    makePackage(
      output,
      programPackage(target),
      (directory) => fillProgramPackage(directory, target, executable),
    );
  } finally {
    rmSync(workspace, { recursive: true });
  }
}

/**
 * Makes a release.
 *
 * @param output The directory that holds it; whatever was in it goes.
 * @param targets The machines it is for.
 */
function makeRelease(output: string, targets: readonly string[] = TARGETS): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  bundle(START, join(output, "composefs.js"), "deno");
  bundleLibrary(join(output, "composefs-lib.js"));
  makePackage(output, LIBRARY, fillLibraryPackage);
  makePackage(output, PROGRAM, (directory) => fillLauncherPackage(directory, targets));
  for (const target of targets) makeForMachine(output, target);
  writeFileSync(join(output, "SHA256SUMS"), checksums(output));
  process.stdout.write(readdirSync(output).sort().map((name) => `${name}\n`).join(""));
}

if (import.meta.main) {
  try {
    makeRelease(repositoryPath("dist/release"));
  } catch (error) {
    process.stderr.write(`release: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

/**
 * Makes what a release consists of, in `dist/release`: an archive for each machine with the executable,
 * manual pages, completions and licence; `composefs.js`, for Deno and Bun; checksums of them all.
 *
 *     deno task release
 *
 * The same sources give the same bytes. Files in the archives have the time `SOURCE_DATE_EPOCH`, in
 * seconds, or 0.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
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
import { TOOLBOX } from "../cli/program.ts";
import { VERSION } from "../cli/version.ts";
import { bundle, repositoryPath, START } from "./build.ts";
import { buildExecutable, TARGETS } from "./executable.ts";

/** Files that go into every archive as they are in the repository. */
const DOCUMENTS = ["LICENSE", "README.md"];

/** Fills a directory with what one archive holds. */
function fill(directory: string, module: string, target: string): void {
  mkdirSync(directory, { recursive: true });
  for (const file of DOCUMENTS) copyFileSync(repositoryPath(file), join(directory, file));
  for (const part of documentation(TOOLBOX)) {
    if (part.kind !== "file") continue;
    const path = join(directory, part.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, part.contents);
  }
  buildExecutable(module, join(directory, "composefs"), target);
  for (const name of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const isOpen = name.isDirectory() || name.name === "composefs" && name.parentPath === directory;
    chmodSync(join(name.parentPath, name.name), isOpen ? 0o755 : 0o644);
  }
  chmodSync(directory, 0o755);
}

/** Packs a directory so that nothing but names, modes and contents is in the archive. */
function pack(parent: string, name: string, archive: string): void {
  const time = process.env.SOURCE_DATE_EPOCH ?? "0";
  if (!/^[0-9]{1,12}$/.test(time)) {
    throw new RangeError(`Cannot use SOURCE_DATE_EPOCH "${time}": expected whole seconds`);
  }
  const script = `tar --create --format=ustar --sort=name --mtime="@$1" \\
    --owner=0 --group=0 --numeric-owner --directory="$2" "$3" | gzip -9 -n >"$4"`;
  const done = spawnSync("bash", [
    "-c",
    `set -o pipefail; ${script}`,
    "pack",
    time,
    parent,
    name,
    archive,
  ], {
    encoding: "utf8",
  });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`Cannot pack "${archive}": ${done.stderr.trim()}`);
}

/** A line for each file, as `sha256sum --check` reads them. */
function checksums(directory: string): string {
  return readdirSync(directory).sort().map((name) => {
    const digest = createHash("sha256").update(readFileSync(join(directory, name))).digest("hex");
    return `${digest}  ${name}\n`;
  }).join("");
}

/**
 * Makes a release.
 *
 * @param output The directory that holds it; whatever was in it goes.
 * @param targets The machines it is for.
 */
export function makeRelease(output: string, targets: readonly string[] = TARGETS): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const module = join(output, "composefs.js");
  bundle(START, module, "deno");
  const workspace = mkdtempSync(join(tmpdir(), "composefs-release-"));
  try {
    for (const target of targets) {
      const name = `composefs-ts-${VERSION}-${target}`;
      fill(join(workspace, name), module, target);
      pack(workspace, name, join(output, `${name}.tar.gz`));
      rmSync(join(workspace, name), { recursive: true });
      process.stdout.write(`${name}.tar.gz\n`);
    }
  } finally {
    rmSync(workspace, { recursive: true });
  }
  writeFileSync(join(output, "SHA256SUMS"), checksums(output));
}

if (import.meta.main) {
  try {
    makeRelease(repositoryPath("dist/release"));
  } catch (error) {
    process.stderr.write(`release: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

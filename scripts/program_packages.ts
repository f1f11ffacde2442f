/**
 * The executables as packages for npm: one for each machine, and one that depends on all of them and starts
 * whichever npm has installed.
 *
 * No script runs when they are installed, and nothing is downloaded but the packages.
 *
 * @module
 */

import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../cli/version.ts";
import { repositoryPath } from "./build.ts";
import { ABOUT, OLDEST_NODE } from "./library.ts";

/** Name of the package that is for all machines. */
export const PROGRAM = "composefs-ts-cli";

/** What it may be called by: itself, and what is neither a helper of mount(8) nor another package's program. */
const NAMES = [PROGRAM, "composefs", "mkcomposefs", "composefs-info", "composefs-dump"];

/** The launcher in its package. */
const LAUNCHER = "bin/launcher.js";

/** Name of the package for one machine, such as `linux-x64-musl`. */
export function programPackage(target: string): string {
  return `${PROGRAM}-${target}`;
}

/** Fills a directory with the package for one machine. */
export function fillProgramPackage(directory: string, target: string, executable: string): void {
  const [system, processor, library = "glibc"] = target.split("-");
  mkdirSync(directory, { recursive: true });
  copyFileSync(executable, join(directory, "composefs"));
  chmodSync(join(directory, "composefs"), 0o755);
  fill(directory, {
    name: programPackage(target),
    description: `The executable of ${PROGRAM} for ${target}`,
    ...ABOUT,
    os: [system],
    cpu: [processor],
    libc: [library],
    preferUnplugged: true,
  });
}

/** Fills a directory with the package that people install. */
export function fillLauncherPackage(directory: string, targets: readonly string[]): void {
  mkdirSync(join(directory, "bin"), { recursive: true });
  copyFileSync(repositoryPath("scripts/launcher.js"), join(directory, LAUNCHER));
  chmodSync(join(directory, LAUNCHER), 0o755);
  copyFileSync(repositoryPath("README.md"), join(directory, "README.md"));
  fill(directory, {
    name: PROGRAM,
    description: "composefs images: make, read, verify and mount them, on the command line",
    ...ABOUT,
    type: "module",
    bin: Object.fromEntries(NAMES.map((name) => [name, LAUNCHER])),
    engines: { node: `>=${OLDEST_NODE}` },
    optionalDependencies: Object.fromEntries(
      targets.map((target) => [programPackage(target), VERSION]),
    ),
  });
}

function fill(directory: string, manifest: unknown): void {
  copyFileSync(repositoryPath("LICENSE"), join(directory, "LICENSE"));
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * Roots that hold nothing but an executable and the C library, for the tests of small containers.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Finished, run, type RunOptions, textOutput } from "./process.ts";

/** Who the programs in a container are. */
export const NOBODY = 65534;

/** The directory of a container in which its programs may write. */
export const WORK = "/work";

/** Paths of the loader and the libraries that an executable names. */
export function librariesOf(executable: string): string[] {
  return textOutput(["ldd"], [executable]).split("\n")
    .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** Makes a root of an executable, its names, and libraries at the paths they are asked for. */
export function makeRoot(root: string, executable: string, libraries: [string, string][]): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  copyFileSync(executable, join(root, "bin/composefs"));
  for (const name of ["mkcomposefs", "composefs-info", "fsverity"]) {
    symlinkSync("composefs", join(root, "bin", name));
  }
  for (const [path, source] of libraries) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(realpathSync(source), join(root, path));
  }
  mkdirSync(join(root, WORK));
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
  Deno.chownSync(join(root, WORK), NOBODY, NOBODY);
}

/** The libraries of this machine that an executable names, for {@linkcode makeRoot}. */
export function ownLibraries(executable: string): [string, string][] {
  return librariesOf(executable).map((path) => [path, path]);
}

/** Why the executable for this machine and glibc cannot do without /proc; empty if it can. */
export const NEEDS_PROC = Deno.build.arch === "x86_64"
  ? ""
  : "executables for this machine and glibc need /proc";

/** Files that Debian's package libc6 has, without their directories. */
export function libc6Names(): string[] {
  const done = spawnSync("dpkg", ["-L", "libc6"], { encoding: "utf8" });
  return done.stdout.split("\n").map((path) => basename(path));
}

/** Mounts a root read-only but for {@linkcode WORK}, and calls a program in it as nobody. */
const ENTER = `
  set -e
  root=$1; shift
  mount --bind "$root" "$root"
  mount --bind "$root${WORK}" "$root${WORK}"
  mount -o remount,ro,bind "$root"
  exec chroot --userspec=${NOBODY}:${NOBODY} "$root" "$@"`;

/**
 * Runs a program in a root: as nobody, with no /proc, no /tmp, no HOME, no locale, in a file system that
 * cannot be written but for {@linkcode WORK}.
 */
export function runInRoot(
  root: string,
  command: readonly string[],
  options?: RunOptions,
): Finished {
  return run(containerCommand(root), command, options);
}

/** What comes before a command so that it runs as {@linkcode runInRoot} says. */
export function containerCommand(root: string): readonly string[] {
  // chroot and mount are found by sh, before the command is left with no environment at all.
  const enter = ENTER.replace("exec chroot", 'exec env -i "$(command -v chroot)"');
  return ["unshare", "-m", "--propagation", "private", "sh", "-c", enter, "sh", root];
}

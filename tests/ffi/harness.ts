/**
 * Tests that run on both runtimes: by `deno test`, and bundled on Bun (see `bun_smoke.ts`).
 *
 * @module
 */

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SyscallError } from "../../ffi/sys/errno.ts";
import type { Libc } from "../../ffi/sys/_libc.ts";
import { Linux } from "../../ffi/sys/linux.ts";
import { openKernel } from "../../ffi/sys/open.ts";
import { cString } from "../../ffi/sys/path.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../../ffi/sys/uapi.ts";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import { declareCase } from "../kit/cases.ts";

/** A test's body. The directory is its own, empty, and removed afterwards. */
export type Body = (context: { linux: Linux; directory: string }) => void | Promise<void>;

/** Whether the tests run as root, as those that make devices or mount file systems need. */
export const IS_ROOT = process.getuid?.() === 0;

/** Declares a test. A reason to skip it goes to the end of its name. */
export function test(name: string, body: Body, skip?: { when: boolean; reason: string }): void {
  const ignore = skip?.when ?? false;
  const shown = ignore ? `${name} (skipped: ${skip?.reason})` : name;
  const run = async () => {
    const linux = await openKernel();
    const directory = mkdtempSync(join(tmpdir(), "composefs-ffi-"));
    try {
      await body({ linux, directory });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
  declareCase(shown, run, ignore);
}

/** A reason to skip for all but root. */
export function needsRoot(): { when: boolean; reason: string } {
  return { when: !IS_ROOT, reason: "not root" };
}

/** A user who is neither root nor whoever runs the tests. */
export const STRANGER = 4711;

/** Makes a directory like `/tmp`: everybody may put something there, and remove only that. */
export function makeSticky(directory: string): string {
  const sticky = `${directory}/sticky`;
  mkdirSync(sticky);
  // Beyond what the umask leaves.
  chmodSync(sticky, 0o1777);
  return sticky;
}

/** For functions of libc: the error number that they are to fail with this time, if at all. */
export type Faults = {
  readonly [Name in keyof Libc]?: (...args: unknown[]) => number | undefined;
};

/** Opens a Linux some of whose functions fail. */
export async function openFaulty(faults: Faults): Promise<Linux> {
  const { openBackend } = "Bun" in globalThis
    ? await import("../../ffi/sys/_bun.ts")
    : await import("../../ffi/sys/_deno.ts");
  const backend = await openBackend();
  let forced: number | undefined;
  const libc: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(backend.libc)) {
    const fault = faults[name as keyof Libc];
    libc[name] = (...args: unknown[]) => {
      forced = fault?.(...args);
      return forced === undefined ? (call as (...args: unknown[]) => number)(...args) : -1;
    };
  }
  return new Linux({
    libc: libc as unknown as Libc,
    architecture: backend.architecture,
    errno: () => forced ?? backend.errno(),
    addressOf: backend.addressOf,
  });
}

/** A path below a directory; the last part may be bytes. */
export function pathTo(
  directory: string,
  ...names: (string | Uint8Array)[]
): Uint8Array<ArrayBuffer> {
  const slash = utf8("/");
  let path: Uint8Array<ArrayBuffer> = utf8(directory);
  for (const name of names) {
    path = concatBytes(path, slash, typeof name === "string" ? utf8(name) : name);
  }
  return path;
}

/** Fails the test if a call failed. */
export function succeed(linux: Linux, syscall: string, call: () => number): void {
  const result = linux.retry(call);
  if (result < 0) throw new SyscallError(-result, { syscall, action: "set up", subject: "a test" });
}

/** Sets an xattr of the file itself, not of what it links to. */
export function setXattr(linux: Linux, path: Uint8Array, name: string, value: Uint8Array): void {
  const terminated = cString(path);
  const copy = value.length === 0 ? null : value.slice();
  succeed(
    linux,
    "lsetxattr",
    () => linux.libc.lsetxattr(terminated, utf8(name + "\0"), copy, value.length, 0),
  );
}

/** Sets the modification time of the file itself. */
export function setMtime(linux: Linux, path: Uint8Array, seconds: number, nsec: number): void {
  const times = new BigInt64Array([0n, 0n, BigInt(seconds), BigInt(nsec)]);
  const terminated = cString(path);
  const bytes = new Uint8Array(times.buffer);
  succeed(
    linux,
    "utimensat",
    () => linux.libc.utimensat(AT_FDCWD, terminated, bytes, AT_SYMLINK_NOFOLLOW),
  );
}

/** The root of the repository: named by a variable where this file has been bundled. */
export function repositoryPath(path: string): string {
  const root = process.env["COMPOSEFS_TEST_REPOSITORY"] ?? join(import.meta.dirname!, "../..");
  return join(root, path);
}

/** The command that runs a script of the repository on this runtime. */
export function scriptCommand(script: string): [string, ...string[]] {
  const path = repositoryPath(script);
  return "Bun" in globalThis ? [process.execPath, path] : [process.execPath, "run", "-A", path];
}

/** What this process has open below a directory; the runtime, and tests beside this one, have files elsewhere. */
export function openBelow(directory: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(directory) ? [target] : [];
    } catch {
      // The listing had /proc/self/fd itself open, and has closed it by now.
      return [];
    }
  });
}

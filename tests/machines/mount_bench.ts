/**
 * What cases about mounts are made of: a fresh example, a program to mount it with, and words about
 * what is seen.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Executable } from "../../scripts/test/executables.ts";
import {
  type Disk,
  type Guest,
  missingPrograms,
  type Program,
  succeed,
  type VmCase,
} from "./case.ts";
import { type Example, FOO, makeExample } from "./example.ts";

/** {@linkcode FOO} as somebody changed it. */
export const CHANGED = FOO.replace("foo", "FOO");

/** What the programs say of an image without a digest, and of one with another digest. */
export const NO_VERITY = "Image has no fs-verity";
export const WRONG_VERITY = "Image has wrong fs-verity";

/** A fresh example and the program to mount it with. */
export interface Bench {
  readonly guest: Guest;
  readonly disk: Disk;
  readonly example: Example;
  readonly program: Program;
}

/** What is tried on a fresh example. */
export type Check = (bench: Bench) => Promise<void> | void;

/** Checks by what they find. */
export interface Checks {
  readonly [name: string]: Check;
}

/** Whose `mount.composefs` is tried. */
export interface Maker {
  readonly whose: string;
  program(guest: Guest): Program;
  readonly skip?: string | undefined;
}

/** Ours, within this process. */
export const OURS: Maker = { whose: "ours", program: (guest) => guest.ours };

/** The C program. */
export const DEBIANS: Maker = {
  whose: "Debian's",
  program: (guest) => guest.peer,
  skip: missingPrograms("mount.composefs", "mkcomposefs"),
};

/** Ours as Bun's executable. */
export function onBun(bun: Executable): Maker {
  const skip = "missing" in bun ? bun.missing : undefined;
  return { whose: "ours on Bun", program: (guest) => guest.bun, skip };
}

/** A case for each check. */
export function casesOf({ whose, program, skip }: Maker, disk: Disk, checks: Checks): VmCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    name: `mount.composefs, ${whose}: ${name}`,
    skip,
    async run(guest) {
      const example = await makeExample(guest.directory(disk), guest.ours);
      await check({ guest, disk, example, program: program(guest) });
    },
  }));
}

/** Mounts the example, checks it and unmounts it. `options` follow `basedir`. */
export async function mounted(
  { guest, example, program }: Bench,
  options: string,
  check: (example: Example) => Promise<void> | void,
): Promise<void> {
  const { objects, image, mountPoint } = example;
  const device = statSync(mountPoint).dev;
  await succeed(program, "mount.composefs", [
    "-o",
    `basedir=${objects}${options}`,
    image,
    mountPoint,
  ]);
  assert(statSync(mountPoint).dev !== device, "nothing is mounted");
  try {
    await check(example);
  } finally {
    guest.unmount(mountPoint);
  }
}

/** Tries to mount the example, which has to be refused with a message in one line, perhaps with what options there are. */
export async function refused(
  { example: { objects, image, mountPoint }, program }: Bench,
  options: string,
  message: string,
): Promise<void> {
  const args = ["-o", `basedir=${objects}${options}`, image, mountPoint];
  const { status, stderr } = await program("mount.composefs", args);
  assertEquals(status, 1);
  const [line, ...list] = stderr.trimEnd().split("\n");
  assertStringIncludes(line!, message);
  if (list.length > 0) assertEquals(list[0], "Mount options:");
  assertEquals(readdirSync(mountPoint), []);
}

/** A file as text. */
export function read(directory: string, name: string): string {
  return readFileSync(join(directory, name), "utf8");
}

/** A new file in place of another: an object itself cannot be written. */
export function replace(path: string, contents: string): void {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}

/** What the kernel says of the mount on a directory. */
export function mountOptions(mountPoint: string): string {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const line = lines.find((line) => line.split(" ")[4] === mountPoint);
  if (line === undefined) throw new Error(`Cannot find the mount on "${mountPoint}"`);
  return line;
}

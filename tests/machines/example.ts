/**
 * A small tree and the image of it, with all its digests known: two files that become objects, one of
 * the length that is kept in the image.
 *
 * @module
 */

import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Program, succeed } from "./case.ts";

/** Contents of `foo.txt`. */
export const FOO = "foo.txt" + "_".repeat(60) + "\n";
/** Contents of `subdir/bar.txt`. */
export const BAR = "bar.txt" + "_".repeat(60) + "\n";
/** Contents of `testfile`. */
export const SHORT = "abcde\n";

/** fs-verity digest of {@linkcode FOO}. */
export const FOO_DIGEST = "85d600d462f5c3738b55c3ebf570c31263353dc6aa35448c6a8f9aa519429c8a";
/** fs-verity digest of the image, as mkcomposefs 1.0.8 prints it. */
export const IMAGE_DIGEST = "0aecf5f76d6f28293a10a6d8e76f83796e6c165c734424c7175247f5bbfc059c";

/** Seconds since the epoch: the time of everything in the tree. */
const MTIME = 1700000000;

/** Where the parts of the example are. */
export interface Example {
  readonly tree: string;
  readonly objects: string;
  readonly image: string;
  /** The object that is `foo.txt`. */
  readonly foo: string;
  /** An empty directory. */
  readonly mountPoint: string;
}

/** Writes the tree below a directory. */
export function writeTree(directory: string): string {
  const tree = join(directory, "rootfs");
  const subdirectory = join(tree, "subdir");
  mkdirSync(subdirectory, { recursive: true });
  const files = { "foo.txt": FOO, "subdir/bar.txt": BAR, "testfile": SHORT };
  for (const [name, contents] of Object.entries(files)) {
    writeFileSync(join(tree, name), contents);
    utimesSync(join(tree, name), MTIME, MTIME);
  }
  // Last: writing a file changes its directory's time.
  utimesSync(subdirectory, MTIME, MTIME);
  utimesSync(tree, MTIME, MTIME);
  return tree;
}

/** Makes tree, objects and image below a directory with our mkcomposefs. */
export async function makeExample(directory: string, mkcomposefs: Program): Promise<Example> {
  const tree = writeTree(directory);
  const objects = join(directory, "objects");
  const image = join(directory, "example.cfs");
  await succeed(mkcomposefs, "mkcomposefs", [`--digest-store=${objects}`, tree, image]);
  const foo = join(objects, FOO_DIGEST.slice(0, 2), FOO_DIGEST.slice(2));
  const mountPoint = join(directory, "mnt");
  mkdirSync(mountPoint);
  return { tree, objects, image, foo, mountPoint };
}

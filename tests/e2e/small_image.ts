/**
 * A small tree with one of everything, the image and the store made of it, and ways to look at them and to damage
 * them.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { createRandom } from "../../scripts/random.ts";
import type { Subject } from "./each_program.ts";
import { IS_ROOT } from "./odd_tree.ts";
import { textOutput } from "./process.ts";
import { read } from "./same_bytes.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Makes a tree with one of everything, small enough to be verified a thousand times. */
export function makeSmallTree(root: string): void {
  const random = createRandom(77);
  const make = new TreeMaker(root);
  for (const size of [0, 64, 65, 4095, 4096, 4097, 150_000, 600_000]) {
    make.file(`${size}`, random.bytes(size));
  }
  make.directory("sub");
  make.file("sub/twin", read(`${root}/65`));
  make.symlink("sub/link", "../4097");
  make.node("sub/fifo", 0o010644);
  make.xattr("65", "user.note", "x".repeat(100));
  if (IS_ROOT) {
    make.node("sub/null", 0o020666, 0x103);
    make.node("sub/gone", 0o020000, 0);
    make.chown("4095", 70_000, 5);
  }
  make.timeAll(1_700_000_000, 5);
  make.time("64", -1, 7);
}

/** An image, the store of its objects, and its fs-verity digest in hexadecimal. */
export interface Made {
  readonly image: string;
  readonly store: string;
  readonly digest: string;
}

/** Has the program make image and store of the tree that `make` puts into a directory. */
export function makeImage({ path, tool }: Subject, make: (root: string) => void): Made {
  const tree = path("tree");
  mkdirSync(tree);
  make(tree);
  const [image, store] = [path("image"), path("store")];
  const args = ["--print-digest", `--digest-store=${store}`, tree, image];
  const digest = textOutput(tool("mkcomposefs"), args).trimEnd();
  return { image, store, digest };
}

/** A copy with one bit turned over. */
export function withBit(bytes: Uint8Array<ArrayBuffer>, bit: number): Uint8Array<ArrayBuffer> {
  const at = bit >> 3;
  return bytes.with(at, bytes[at]! ^ 1 << (bit & 7));
}

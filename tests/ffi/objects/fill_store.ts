/**
 * Fills a store with objects made of a seed: a program that tests start several of, or kill.
 *
 *     fill_store.ts STORE SEED COUNT SIZE
 *
 * @module
 */

import { putObject } from "../../../lib/objects/object_store.ts";
import process from "node:process";
import { openKernel } from "../../../ffi/sys/open.ts";
import { openObjectStore } from "../../../ffi/objects/object_store.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";

const [path, seed, count, size] = process.argv.slice(2);
using store = openObjectStore(await openKernel(), utf8(path!));
process.stdout.write("ready\n");
try {
  for (let i = 0; i < Number(count); i++) {
    const contents = new Uint8Array(Number(size) + i).fill(Number(seed) + i);
    putObject(store, fsVerityDigest(contents), contents.length, contents);
  }
  store.flush();
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/**
 * What every object store has to do, wherever it keeps objects.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Digest } from "../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { readWhole } from "../../lib/file/file.ts";
import { type ObjectStore, putObject } from "../../lib/objects/object_store.ts";
import { createRandom } from "../../scripts/random.ts";

const SMALL = createRandom(1).bytes(100);
const LARGE = createRandom(2).bytes(3_000_001);

/** Holds an empty store against the port's promises. */
export function checkStore(store: ObjectStore): void {
  const list = () => [...store.list()].map(({ digest, size }) => `${digest} ${size}`).sort();
  const line = (digest: Digest, size: number) => `${digest} ${size}`;
  assertEquals(list(), []);

  const digests: Digest[] = [];
  for (const algorithm of ["sha256", "sha512"] as const) {
    using draft = store.draft(algorithm);
    // In pieces of odd lengths, at odd places of their memory.
    for (let at = 0; at < LARGE.length; at += 70_001) draft.write(LARGE.subarray(at, at + 70_001));
    assertEquals(draft.size, LARGE.length);
    digests.push(draft.finish());
    assert(digests.at(-1)!.equals(fsVerityDigest(LARGE, { algorithm })));
  }
  for (const digest of digests) {
    assert(store.has(digest, LARGE.length) && !store.has(digest, 5));
    using file = store.open(digest)!;
    assertEquals(readWhole(file), LARGE);
  }

  const sparse = new Uint8Array(3 * 4096 + 10);
  sparse.set(SMALL, 4096);
  using draft = store.draft();
  draft.writeZeros(4096);
  draft.write(SMALL);
  draft.writeZeros(sparse.length - 4096 - SMALL.length);
  const holes = draft.finish();
  assert(holes.equals(fsVerityDigest(sparse)));
  using found = store.open(holes)!;
  assertEquals(readWhole(found), sparse);

  using empty = store.draft();
  assertEquals(store.has(empty.finish(), 0), true);

  const small = fsVerityDigest(SMALL);
  using dropped = store.draft();
  dropped.write(SMALL);
  dropped[Symbol.dispose]();
  assert(!store.has(small, SMALL.length));
  using wrong = store.draft();
  wrong.write(SMALL.subarray(1));
  assertThrows(() => wrong.finish(small), IntegrityError, "the file it was made of changed");
  wrong[Symbol.dispose]();

  putObject(store, small, SMALL.length, SMALL);
  putObject(store, small, SMALL.length, SMALL);
  const all = [
    ...digests.map((digest) => line(digest, LARGE.length)),
    line(holes, sparse.length),
    line(fsVerityDigest(new Uint8Array()), 0),
  ];
  assertEquals(list(), [...all, line(small, SMALL.length)].sort());
  assertEquals([store.remove(small), store.remove(small)], [true, false]);
  assertEquals(store.remove(new Digest("sha256", new Uint8Array(32))), false);
  assertEquals(store.open(small), undefined);
  assertEquals(list(), all.sort());
  store.flush();
  assertEquals(list(), all.sort());
}

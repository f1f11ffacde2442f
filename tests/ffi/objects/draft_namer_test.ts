/**
 * Objects whose names are given by somebody else than their store.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import type { DraftNamer, WaitingObject } from "../../../ffi/objects/draft_namer.ts";
import { type DirectoryStore, openObjectStore } from "../../../ffi/objects/object_store.ts";
import { ShardCursor } from "../../../ffi/objects/shard_cursor.ts";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { openFaulty, test } from "../harness.ts";
import { assertHolds, filesBelow, pattern, put } from "./store_contents.ts";

/** Does what it is asked for when it is told to, or fails at it. */
class LazyNamer implements DraftNamer {
  readonly maxDrafts = 100;
  readonly #store: DirectoryStore;
  readonly #canWork: boolean;
  readonly #tasks: (() => void)[] = [];
  /** How often it has been asked for what. */
  readonly asked = { sync: 0, name: 0 };

  constructor(store: DirectoryStore, canWork = true) {
    this.#store = store;
    this.#canWork = canWork;
  }

  sync(onDone: (isSynced: boolean) => void): void {
    this.asked.sync++;
    this.#tasks.push(() => onDone(this.#canWork));
  }

  name(objects: readonly WaitingObject[], onDone: (isNamed: readonly boolean[]) => void): void {
    this.asked.name += objects.length;
    this.#tasks.push(() => {
      using shards = new ShardCursor(this.#store.objects);
      onDone(
        objects.map(({ draft, digest }) =>
          this.#canWork && shards.tryLink(draft.file.number, digest)
        ),
      );
    });
  }

  finish(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
  }
}

/** One more than a batch, so that one is handed over and the last waits in the store. */
const COUNT = 1025;

/** Contents of different sizes, all in objects of their own. */
function many(): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: COUNT }, (_, i) => pattern(100 + i));
}

for (const canWork of [true, false]) {
  const whose = canWork ? "gives names" : "fails, and the store gives names itself";
  test(`draft namer: it ${whose}`, ({ linux, directory }) => {
    using store = openObjectStore(linux, utf8(directory));
    const namer = new LazyNamer(store, canWork);
    store.nameBy(namer);
    const contents = many();
    for (const each of contents) put(store, each);
    assertEquals(namer.asked, { sync: 1, name: 0 });
    assertEquals(filesBelow(directory), []);
    // What it has counts as there, and is not put twice.
    for (const each of contents) assertEquals(store.has(fsVerityDigest(each), each.length), true);
    for (const each of contents) put(store, each);
    store.flush();
    assertEquals(namer.asked, { sync: 1, name: COUNT - 1 });
    assertHolds(directory, ...contents);
    assertEquals(store.added, {
      objects: COUNT,
      bytes: contents.reduce((sum, { length }) => sum + length, 0),
    });
  });
}

test("draft namer: what it was at is named by the store when it is gone", ({ linux, directory }) => {
  using store = openObjectStore(linux, utf8(directory));
  store.nameBy(new LazyNamer(store));
  const contents = many();
  for (const each of contents) put(store, each);
  store.nameBy(undefined);
  assertEquals(filesBelow(directory), []);
  store.keep();
  assertHolds(directory, ...contents);
});

test("draft namer: an object that it has is opened", ({ linux, directory }) => {
  using store = openObjectStore(linux, utf8(directory));
  store.nameBy(new LazyNamer(store));
  for (const each of many()) put(store, each);
  using file = store.open(fsVerityDigest(pattern(100)));
  assertEquals(file?.size, 100);
});

test("draft namer: what stands under a name and is no object is replaced", ({ linux, directory }) => {
  using store = openObjectStore(linux, utf8(directory));
  const path = objectPath(fsVerityDigest(pattern(100)));
  store.nameBy(new LazyNamer(store));
  const contents = many();
  for (const each of contents) put(store, each);
  mkdirSync(`${directory}/${path.slice(0, 2)}`, { recursive: true });
  writeFileSync(`${directory}/${path}`, "cut off");
  store.flush();
  assertHolds(directory, ...contents);
  assertEquals(store.repairs.map(({ found }) => found), ["7 bytes where 100 were expected"]);
});

test("draft namer: why an object cannot get its name is told", async ({ directory }) => {
  let mayLink = true;
  const linux = await openFaulty({ linkat: () => mayLink ? undefined : ERRNO.ENOSPC });
  using store = openObjectStore(linux, utf8(directory));
  store.nameBy(new LazyNamer(store));
  for (const each of many()) put(store, each);
  mayLink = false;
  const error = assertThrows(() => store.flush(), SyscallError);
  assertEquals(error.errno, ERRNO.ENOSPC);
  mayLink = true;
  store.nameBy(undefined);
  store.keep();
  assertHolds(directory, ...many());
});

test("draft namer: it is not given more than may wait", ({ linux, directory }) => {
  using store = openObjectStore(linux, utf8(directory));
  const namer = new LazyNamer(store);
  store.nameBy(namer);
  const [size, count] = [20 << 20, 16];
  for (let seed = 0; seed < count; seed++) {
    const contents = new Uint8Array(size);
    contents[0] = seed + 1;
    put(store, contents);
  }
  // It does nothing yet, so the store has named the rest.
  assertEquals(filesBelow(directory).length > 0, true);
  store.flush();
  assertEquals(filesBelow(directory).length, count);
});

test("draft namer: where each file is synced by itself, it is asked for nothing", async ({ directory }) => {
  const linux = await openFaulty({ fstatfs: () => ERRNO.ENOSYS });
  using store = openObjectStore(linux, utf8(directory));
  const namer = new LazyNamer(store);
  store.nameBy(namer);
  const contents = many();
  for (const each of contents) put(store, each);
  store.flush();
  assertEquals(namer.asked, { sync: 0, name: 0 });
  assertHolds(directory, ...contents);
});

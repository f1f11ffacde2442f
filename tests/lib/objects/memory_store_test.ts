import { checkStore } from "../../kit/store_contract.ts";
import { putObject } from "../../../lib/objects/object_store.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";

const CONTENTS = utf8("contents");
const DIGEST = fsVerityDigest(CONTENTS);

Deno.test("an object put is there, once", () => {
  const store = new MemoryStore();
  assert(!store.has(DIGEST, CONTENTS.length));
  putObject(store, DIGEST, CONTENTS.length, CONTENTS);
  putObject(store, DIGEST, CONTENTS.length, CONTENTS);
  assert(store.has(DIGEST, CONTENTS.length));
  assertEquals(store.size, 1);
});

Deno.test("an object is read from a file as well", () => {
  const store = new MemoryStore();
  putObject(store, DIGEST, CONTENTS.length, memoryFile(CONTENTS));
  using file = store.open(DIGEST)!;
  const into = new Uint8Array(100);
  assertEquals(file.size, CONTENTS.length);
  assertEquals(into.subarray(0, file.readAt(into, 3)), utf8("tents"));
  assertEquals(file.readAt(into, 8), 0);
});

Deno.test("the store keeps a copy", () => {
  const store = new MemoryStore();
  const contents = CONTENTS.slice();
  putObject(store, DIGEST, contents.length, contents);
  contents.fill(0);
  using file = store.open(DIGEST)!;
  const into = new Uint8Array(8);
  file.readAt(into, 0);
  assertEquals(into, CONTENTS);
});

Deno.test("contents that have another digest or size are refused", () => {
  const store = new MemoryStore();
  for (const contents of [utf8("Contents"), utf8("content"), utf8("contents.")]) {
    assertThrows(
      () => putObject(store, DIGEST, 8, contents),
      IntegrityError,
      "the file it was made of changed",
    );
    assertThrows(() => putObject(store, DIGEST, 8, memoryFile(utf8("Contents"))), IntegrityError);
  }
  assertEquals(store.size, 0);
});

Deno.test("an object of another size than expected is no hit", () => {
  const store = new MemoryStore();
  putObject(store, DIGEST, 8, CONTENTS);
  assertEquals(store.has(DIGEST, 9), false);
});

Deno.test("an object that is not there does not open", () => {
  assertEquals(new MemoryStore().open(DIGEST), undefined);
});

Deno.test("a store in memory is one", () => checkStore(new MemoryStore()));

import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  type DataLayer,
  findBackingFile,
  openContent,
} from "../../../lib/composefs/data_layers.ts";
import { fsVerityDigest } from "../../../lib/fsverity/digest.ts";
import { memoryFile } from "../../../lib/tree/memory_tree.ts";
import type { Content } from "../../../lib/tree/tree.ts";
import { external, inline } from "../../support/trees.ts";

function layer(files: Record<string, Uint8Array>): DataLayer {
  return {
    open(path) {
      const contents = files[new TextDecoder().decode(path)];
      return contents && memoryFile(contents);
    },
  };
}

function read(content: Content, layers: readonly DataLayer[], requireDigests = false): string {
  using file = openContent(content, { layers, requireDigests });
  const into = new Uint8Array(file.size + 1);
  return new TextDecoder().decode(into.subarray(0, file.readAt(into, 0)));
}

const HELLO = utf8("hello");
const verified = external(5, "ab/c", fsVerityDigest(HELLO)).file;
const unverified = external(5, "ab/c").file;

Deno.test("contents come from the image, or from the first layer that has them", () => {
  assertEquals(read(inline("inside").file, []), "inside");
  const layers = [layer({}), layer({ "ab/c": HELLO }), layer({ "ab/c": utf8("other") })];
  assertEquals(read(verified, layers), "hello");
  assertEquals(read(unverified, layers), "hello");
  assertEquals(read(unverified, layers.toReversed()), "other");
  assertEquals(findBackingFile(layers, utf8("zz/z")), undefined);
});

Deno.test("contents that are not what the image says are not opened", () => {
  const refuse = (
    content: Content,
    layers: readonly DataLayer[],
    message: string,
    strict = false,
  ) => assertThrows(() => read(content, layers, strict), RangeError, message);
  const name = 'Cannot use object "ab/c": ';
  refuse(verified, [], `${name}no object store was given`);
  refuse(verified, [layer({})], `${name}not in the object store`);
  refuse(verified, [layer({}), layer({})], `${name}not in any of 2 object stores`);
  refuse(verified, [layer({ "ab/c": utf8("jello") })], `${name}fs-verity digest `);
  refuse(verified, [layer({ "ab/c": utf8("hello!") })], `${name}6 bytes, expected 5`);
  refuse(unverified, [layer({ "ab/c": utf8("hello!") })], `${name}6 bytes, expected 5`);
  refuse(unverified, [layer({ "ab/c": HELLO })], `${name}the image has no digest of it`, true);
  // A wrong object is not made up for by a right one behind it: overlayfs would not look there either.
  const wrongFirst = [layer({ "ab/c": utf8("jello") }), layer({ "ab/c": HELLO })];
  refuse(verified, wrongFirst, `${name}fs-verity digest `);
});

Deno.test("an object's path does not lead out of the store", () => {
  for (const path of ["../x", "ab/../../x", "ab/.."]) {
    assertThrows(
      () => read(external(5, path).file, [layer({ [path]: HELLO })]),
      RangeError,
      `Cannot use object "${path}": its path leads upwards`,
    );
  }
  assertEquals(read(external(5, "..a/b").file, [layer({ "..a/b": HELLO })]), "hello");
});

Deno.test("a file without an object is zeros, and one with a digest then cannot be right", () => {
  using file = openContent(external(10).file, { layers: [] });
  assertEquals(file.size, 10);
  const into = new Uint8Array(8).fill(1);
  assertEquals(file.readAt(into, 4), 6);
  assertEquals(into, Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1));
  assertEquals(file.readAt(into, 11), 0);
  assertThrows(
    () => openContent(external(10, undefined, new Uint8Array(32)).file, { layers: [] }),
    RangeError,
    "the image names no path for it",
  );
});

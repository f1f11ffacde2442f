import { Digest } from "../../../lib/digest/digest.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import {
  type DataLayer,
  findBackingFile,
  openContent,
  type OpenContentOptions,
} from "../../../lib/objects/data_layers.ts";
import { fsVerityDigest, FsVerityHasher } from "../../../lib/digest/fs_verity.ts";
import { type MerkleTreeSource, SEQUENTIAL_TREES } from "../../../lib/digest/tree_source.ts";
import { createRandom } from "../../../scripts/random.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import type { Content, Regular } from "../../../lib/tree/tree.ts";
import { external, inline } from "../../kit/trees.ts";

function layer(files: Record<string, Uint8Array>): DataLayer {
  return {
    open(path) {
      const contents = files[new TextDecoder().decode(path)];
      return contents && memoryFile(contents);
    },
  };
}

type Only = OpenContentOptions["only"];

function read(node: Regular<Content>, layers: readonly DataLayer[], only?: Only): string {
  using file = openContent(node, only === undefined ? { layers } : { layers, only });
  const into = new Uint8Array(file.size + 1);
  return new TextDecoder().decode(into.subarray(0, file.readAt(into, 0)));
}

const HELLO = utf8("hello");
const verified = external(5, "ab/c", fsVerityDigest(HELLO));
const unverified = external(5, "ab/c");

Deno.test("contents come from the image, or from the first layer that has them", () => {
  assertEquals(read(inline("inside"), []), "inside");
  const layers = [layer({}), layer({ "ab/c": HELLO }), layer({ "ab/c": utf8("other") })];
  assertEquals(read(verified, layers), "hello");
  assertEquals(read(unverified, layers), "hello");
  assertEquals(read(unverified, layers.toReversed()), "other");
  assertEquals(findBackingFile(layers, utf8("zz/z")), undefined);
});

Deno.test("contents that are not what the image says are not opened", () => {
  const refuse = (
    node: Regular<Content>,
    layers: readonly DataLayer[],
    message: string,
    only?: Only,
  ) => assertThrows(() => read(node, layers, only), IntegrityError, message);
  const name = 'Cannot use object "ab/c": ';
  refuse(verified, [], `${name}no object store was given`);
  refuse(verified, [layer({})], `${name}not in the object store`);
  refuse(verified, [layer({}), layer({})], `${name}not in any of 2 object stores`);
  refuse(verified, [layer({ "ab/c": utf8("jello") })], `${name}fs-verity digest `);
  refuse(verified, [layer({ "ab/c": utf8("hello!") })], `${name}6 bytes, expected 5`);
  refuse(unverified, [layer({ "ab/c": utf8("hello!") })], `${name}6 bytes, expected 5`);
  refuse(
    unverified,
    [layer({ "ab/c": HELLO })],
    `${name}the image has no digest of it`,
    "digested",
  );
  refuse(unverified, [layer({ "ab/c": HELLO })], `${name}only its size can be checked`, "checked");
  // A wrong object is not made up for by a right one behind it: overlayfs would not look there either.
  const wrongFirst = [layer({ "ab/c": utf8("jello") }), layer({ "ab/c": HELLO })];
  refuse(verified, wrongFirst, `${name}fs-verity digest `);
});

Deno.test("an object's path does not lead out of the store", () => {
  for (const path of ["../x", "ab/../../x", "ab/.."]) {
    assertThrows(
      () => read(external(5, path), [layer({ [path]: HELLO })]),
      IntegrityError,
      `Cannot use object "${path}": its path leads upwards`,
    );
  }
  assertEquals(read(external(5, "..a/b"), [layer({ "..a/b": HELLO })]), "hello");
});

Deno.test("a file without an object is zeros, and one with a digest then cannot be right", () => {
  using file = openContent(external(10), { layers: [] });
  assertEquals(file.size, 10);
  const into = new Uint8Array(8).fill(1);
  assertEquals(file.readAt(into, 4), 6);
  assertEquals(into, Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1));
  assertEquals(file.readAt(into, 11), 0);
  assertThrows(
    () => openContent(external(10, undefined, new Uint8Array(32)), { layers: [] }),
    IntegrityError,
    "the image names no path for it",
  );
});

Deno.test("a digest by SHA-512 is checked as one by SHA-256 is", () => {
  const digest = fsVerityDigest(HELLO, { algorithm: "sha512" });
  const node = external(5, "ab/c", digest);
  assertEquals(read(node, [layer({ "ab/c": HELLO })], "digested"), "hello");
  assertThrows(
    () => read(node, [layer({ "ab/c": utf8("jello") })]),
    IntegrityError,
    `expected ${digest.toHex()}`,
  );
  const large = new Uint8Array(3 << 20).fill(7);
  const largeNode = external(large.length, "l", fsVerityDigest(large, { algorithm: "sha512" }));
  using file = openContent(largeNode, { layers: [layer({ l: large })] });
  const into = new Uint8Array(10);
  assertEquals([file.readAt(into, 2 << 20), into[9]], [10, 7]);
});

Deno.test("an object without a digest is held against its name, if that is one", () => {
  const names = [
    objectPath(fsVerityDigest(HELLO)),
    objectPath(fsVerityDigest(HELLO, { algorithm: "sha512" })),
    objectPath(new Digest("sha256", portableHasher("sha256").hash(HELLO))),
  ];
  for (const name of names) {
    assertEquals(read(external(5, name), [layer({ [name]: HELLO })], "checked"), "hello");
    assertThrows(
      () => read(external(5, name), [layer({ [name]: utf8("jello") })]),
      IntegrityError,
      "contents of another name",
    );
  }
});

Deno.test("a large object without a digest is hashed once, and once more as it is read", () => {
  const contents = createRandom(8).bytes((3 << 20) + 5);
  const names = [
    objectPath(fsVerityDigest(contents)),
    objectPath(fsVerityDigest(contents, { algorithm: "sha512" })),
    objectPath(new Digest("sha256", portableHasher("sha256").hash(contents))),
  ];
  for (const name of names) {
    let [found, made] = [0, 0];
    const trees: MerkleTreeSource = {
      ...SEQUENTIAL_TREES,
      find() {
        found++;
        return undefined;
      },
      hash: (...options) => {
        made++;
        return SEQUENTIAL_TREES.hash(...options);
      },
    };
    const node = external(contents.length, name);
    const stored = contents.slice();
    const layers = [layer({ [name]: stored })];
    using file = openContent(node, { layers, trees });
    assertEquals(readWhole(file), contents);
    assertEquals([found, made], [1, 0]);
    stored[2 << 20]! ^= 1;
    assertThrows(() => readWhole(file), IntegrityError, "it changed while it was read");
    assertThrows(() => openContent(node, { layers, trees }), IntegrityError, "of another name");
    const longer = [layer({ [name]: new Uint8Array([...contents, 0]) })];
    assertThrows(() => openContent(node, { layers: longer }), IntegrityError, "bytes, expected");
  }
});

Deno.test("an object that is named by fs-verity is verified by its tree where that is at hand", () => {
  const contents = createRandom(8).bytes((3 << 20) + 5);
  const hasher = new FsVerityHasher({ keepTree: true }).update(contents);
  const name = objectPath(hasher.digest());
  const trees: MerkleTreeSource = {
    ...SEQUENTIAL_TREES,
    find: () => memoryFile(hasher.merkleTree()),
    hash() {
      throw new Error("there is no need");
    },
  };
  const stored = contents.slice();
  stored[2 << 20]! ^= 1;
  const node = external(contents.length, name);
  using file = openContent(node, { layers: [layer({ [name]: stored })], trees });
  const into = new Uint8Array(10);
  assertEquals(file.readAt(into, 1 << 20), 10);
  assertEquals(into, contents.slice(1 << 20, (1 << 20) + 10));
  assertThrows(
    () => file.readAt(into, 2 << 20),
    IntegrityError,
    "other contents at offset 2097152",
  );
});

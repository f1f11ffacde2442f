import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { XattrReader } from "../../../lib/erofs/read_xattrs.ts";
import { writeErofs } from "../../../lib/erofs/write.ts";
import type { Xattr } from "../../../lib/tree/tree.ts";
import { none } from "../../kit/inodes.ts";
import { patched, xattr } from "../../kit/trees.ts";

const NID = 36;
/** Where the xattr area of the first inode starts, and where its entries or references do. */
const AREA = 1152 + 32;
const ENTRIES = AREA + 12;

type Change = (view: DataView, image: Uint8Array) => void;

/** An image of fifos with these xattrs. */
const imageOf = (...all: Xattr[][]) =>
  writeErofs(all.map((xattrs) => none("fifo", 0, { xattrs })), new Uint8Array());

function readFirst(image: Uint8Array): readonly Xattr[] {
  const reader = new ErofsImage(image);
  return new XattrReader(reader).read(reader.inode(NID)).map(({ xattr }) => xattr);
}

function refuse(all: Xattr[][], message: string, change: Change): void {
  assertThrows(() => readFirst(patched(imageOf(...all), change)), ImageFormatError, message);
}

const ONE = [xattr("user.a", "1234")];

Deno.test("xattrs of every namespace read as they were written", () => {
  const all = ["security.a", "system.other", "system.posix_acl_access", "trusted.a", "user.a", "x"]
    .map((name, i) => xattr(name, "v".repeat(i)));
  assertEquals(readFirst(imageOf(all)), all);
});

Deno.test("an entry of four bytes at the end is seen", () => {
  const all = [xattr("system.posix_acl_access")];
  assertEquals(readFirst(imageOf(all)), all);
});

Deno.test("the index that is never written reads as its prefix", () => {
  const image = patched(imageOf(ONE), (view) => view.setUint8(ENTRIES + 1, 5));
  assertEquals(readFirst(image), [xattr("lustre.a", "1234")]);
});

Deno.test("an inode's own xattrs come before those it shares", () => {
  const shared = xattr("user.a", "s");
  const own = xattr("user.b", "o");
  assertEquals(readFirst(imageOf([shared, own], [shared])), [own, shared]);
});

Deno.test("a shared xattr is one object for all", () => {
  const shared = [xattr("user.a", "s")];
  const reader = new ErofsImage(imageOf(shared, shared));
  const xattrs = new XattrReader(reader);
  const nids = [NID, NID + 2];
  const [first, second] = nids.map((nid) => xattrs.read(reader.inode(nid))[0]);
  assertStrictEquals(first, second);
});

Deno.test("a value may be had in part", () => {
  const reader = new ErofsImage(imageOf([xattr("user.a", "1234"), xattr("user.b")]));
  const [a, b] = new XattrReader(reader).read(reader.inode(NID));
  assertEquals([a!.size, b!.size], [4, 0]);
  assertEquals([a!.value(), a!.value(3), b!.value()], ["1234", "4", ""].map(utf8));
  const starts = [a!, a!, b!].map((xattr, i) => xattr.startsWith(utf8(["1", "2", "\0"][i]!)));
  assertEquals(starts, [true, false, false]);
  assertEquals(a!.startsWith(a!.value()), true);
  assertEquals(a!.startsWith(concatBytes(a!.value(), utf8("1"))), false);
  assertStrictEquals(a!.xattr, a!.xattr);
});

Deno.test("names that are known are given as they are, however they are spelled", () => {
  const known = ["user.a", "x"].map(utf8);
  const read = (image: Uint8Array) => {
    const reader = new ErofsImage(image);
    return new XattrReader(reader, known).read(reader.inode(NID)).map(({ name }) => name);
  };
  const names = read(
    imageOf(["security.a", "trusted.a", "user.a", "user.aa", "x", "y"].map((name) => xattr(name))),
  );
  assertStrictEquals(names[2], known[0]);
  assertStrictEquals(names[4], known[1]);
  // Spelled in full, under index 0, it is the same name and another object.
  const inFull = read(patched(imageOf([xattr("XXXX.a")]), (_, image) => {
    image.set(utf8("user"), ENTRIES + 4);
  }));
  assertEquals(inFull, [known[0]]);
});

Deno.test("more names of one length than are remembered", () => {
  const names = Array.from({ length: 40 }, (_, i) => xattr(`user.${i + 10}`));
  assertEquals(readFirst(imageOf(names)), names);
});

Deno.test("an inode without xattrs has none", () => {
  assertEquals(readFirst(imageOf([])), []);
});

Deno.test("an area of its header alone has none", () => {
  const image = patched(imageOf([]), (view) => view.setUint16(1152 + 2, 1, true));
  assertEquals(readFirst(image), []);
});

Deno.test("entries end with their area", () => {
  refuse([ONE], "ends behind its area", (view) => view.setUint8(ENTRIES, 200));
  refuse([ONE], "ends behind its area", (view) => view.setUint16(ENTRIES + 2, 8, true));
  refuse([ONE], "ends behind its area", (view) => view.setUint16(ENTRIES + 2, 0xffff, true));
  refuse([ONE], "ends behind its area", (view) => view.setUint16(1152 + 2, 3, true));
});

Deno.test("a name index above 6 is refused", () => {
  for (const index of [7, 8, 0x80, 0xff]) {
    refuse([ONE], "name index", (view) => view.setUint8(ENTRIES + 1, index));
  }
});

Deno.test("a name is neither empty nor holds a NUL", () => {
  refuse([[xattr("x", "123")]], "xattr name", (view) => view.setUint8(ENTRIES, 0));
  refuse([ONE], "xattr name", (view) => view.setUint8(ENTRIES + 4, 0));
});

Deno.test("a name has at most 263 bytes: 255 and an escape", () => {
  const name = "system.posix_acl_access" + "n".repeat(240);
  assertEquals(readFirst(imageOf([xattr(name)])), [xattr(name)]);
  assertThrows(() => readFirst(imageOf([xattr(name + "n")])), ImageFormatError, "xattr name");
});

Deno.test("no name is there twice, own or shared", () => {
  const two = [xattr("user.a", "1"), xattr("user.b", "2")];
  refuse([two], "xattr name twice", (view) => view.setUint8(ENTRIES + 8 + 4, 0x61));
  refuse([two, two], "xattr name twice", (view) => {
    view.setUint32(ENTRIES + 4, view.getUint32(ENTRIES, true), true);
  });
});

Deno.test("references fit the area", () => {
  refuse([ONE], "shared xattrs do not fit", (view) => view.setUint8(AREA + 4, 4));
  refuse([ONE], "shared xattrs do not fit", (view) => view.setUint8(AREA + 4, 255));
});

Deno.test("a reference leads into the image", () => {
  for (const reference of [1024, 1023, 0x40000000, 0xffffffff]) {
    refuse([ONE, ONE], "ends behind its area", (view, image) => {
      view.setUint32(ENTRIES, reference, true);
      image.fill(0xff, 4092);
    });
  }
});

Deno.test("names and values of an inode take at most 65535 bytes", () => {
  const values = [32_000, 32_000, 1523].map((size, i) => xattr(`user.${i}`, "v".repeat(size)));
  const sum = values.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  assertEquals(sum, 65541);
  assertThrows(() => readFirst(imageOf(values)), ImageFormatError, "xattrs of 65541 bytes");
  values[2] = xattr("user.2", "v".repeat(1517));
  assertEquals(readFirst(imageOf(values)).length, 3);
});

Deno.test("a thousand inodes that share large xattrs take no memory for each", () => {
  const large = [xattr("user.a", "v".repeat(60_000))];
  const reader = new ErofsImage(imageOf(...Array(1000).fill(large)));
  const xattrs = new XattrReader(reader);
  const values = new Set<Uint8Array>();
  for (let i = 0; i < 1000; i++) values.add(xattrs.read(reader.inode(NID + 2 * i))[0]!.xattr.value);
  assertEquals(values.size, 1);
});

import { wordsOf } from "../../../lib/bytes/words.ts";
import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  shareXattrs,
  writeXattrEntry,
  xattrEntrySize,
  xattrNameFilter,
} from "../../../lib/erofs/_xattr.ts";
import type { Xattr } from "../../../lib/tree/tree.ts";
import { inodeXattr, none } from "../../kit/inodes.ts";
import { xattr } from "../../kit/trees.ts";

const withXattrs = (...xattrs: Xattr[]) => none("fifo", 0, { xattrs });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Bits of the filter that an inode with these names has cleared. */
function clearedBits(...names: string[]): number[] {
  const filter = xattrNameFilter(names.map((name) => inodeXattr(xattr(name))));
  return [...Array(32).keys()].filter((bit) => (filter >>> bit & 1) === 0);
}

Deno.test("the name filter has one bit less for each name", () => {
  assertEquals(clearedBits("trusted.overlay.opaque"), [20]);
  assertEquals(clearedBits("security.selinux"), [11]);
  assertEquals(clearedBits("system.posix_acl_access"), [30]);
  assertEquals(clearedBits("user.foo"), [12]);
  assertEquals(clearedBits("user.foo", "security.selinux", "user.foo"), [11, 12]);
  assertEquals(clearedBits(), []);
});

Deno.test("bit 31 leaves the filter unsigned", () => {
  const name = [...Array(100).keys()].map((i) => `user.${i}`)
    .find((name) => clearedBits(name)[0] === 31)!;
  assertEquals(xattrNameFilter([inodeXattr(xattr(name))]), 0x7fffffff);
});

Deno.test("an entry is padded to four bytes", () => {
  const sizes = ["", "1", "1234", "12345"].map((value) =>
    xattrEntrySize(inodeXattr(xattr("user.", value)))
  );
  assertEquals(sizes, [4, 8, 8, 12]);
});

Deno.test("an entry as it is written", () => {
  const image = new Uint8Array(16);
  const { name } = inodeXattr(xattr("user.ab"));
  const split = { name, head: utf8("c"), rest: utf8("de") };
  assertEquals(xattrEntrySize(split), 12);
  assertEquals(writeXattrEntry(image, wordsOf(image), 4, split), 16);
  assertEquals([...image.subarray(4, 8)], [2, 1, 3, 0]);
  assertEquals(text(image.subarray(8, 13)), "abcde");
  assertEquals([...image.subarray(13)], [0, 0, 0]);
});

/** The shared table as text. */
const table = (...inodes: Xattr[][]) =>
  shareXattrs(inodes.map((xattrs) => withXattrs(...xattrs))).table.map(({ name, rest }) =>
    `${text(name.bytes)}=${text(rest)}`
  );

Deno.test("a pair is shared from its second use on", () => {
  const a = xattr("user.a", "1");
  assertEquals(table([a]), []);
  assertEquals(table([a], [xattr("user.a", "2")]), []);
  assertEquals(table([a], [xattr("user.a", "1")]), ["user.a=1"]);
});

Deno.test("equal pairs are one pair, be they one object or several", () => {
  const a = xattr("user.a", "1");
  assertEquals(table([a], [a], [xattr("user.a", "1")], [a]), ["user.a=1"]);
});

Deno.test("the table descends by name, length of the value, value", () => {
  const all = [["user.a", "b"], ["user.a", "a"], ["user.a", "aa"], ["user.aa", ""], ["x", ""]]
    .map(([name, value]) => xattr(name!, value!));
  assertEquals(table(all, all.toReversed()), [
    "x=",
    "user.aa=",
    "user.a=aa",
    "user.a=b",
    "user.a=a",
  ]);
});

Deno.test("offsets count the entries before", () => {
  const all = [xattr("user.a", "12345"), xattr("user.b", ""), xattr("user.c", "1")];
  const shared = shareXattrs([withXattrs(...all), withXattrs(...all, xattr("user.b", "1"))]);
  assertEquals([...shared.places], [4, 2, 0, 4, 2, 0, -1]);
  assertEquals(shared.size, 28);
});

Deno.test("name and value do not run into each other", () => {
  const pairs = [xattr("user.a", "b"), xattr("user.ab", ""), xattr("user.", "ab")];
  assertEquals(table(pairs), []);
});

Deno.test("long values that end alike are told apart", () => {
  const pairs = ["a", "b", "c", "b"].map((start) => xattr("user.a", start + "x".repeat(100)));
  assertEquals(table(pairs), [`user.a=b${"x".repeat(100)}`]);
});

Deno.test("a value that many inodes have as one object is looked at once", () => {
  const large = xattr("user.a", new Uint8Array(60_000));
  const inodes = Array.from({ length: 20_000 }, () => withXattrs(large));
  const start = performance.now();
  const shared = shareXattrs(inodes);
  assertEquals(shared.table.length, 1);
  // Looked at each time, these are 2.4 GB: 15 seconds.
  assertEquals(performance.now() - start < 3000, true);
});

Deno.test("values that end alike are told apart, however many there are", () => {
  const values = [...Array(30).keys()].map((i) => `${String(i).padStart(2, "0")}-the same end`);
  const xattrs = values.map((value) => [xattr("user.a", value)]);
  assertEquals(table(...xattrs), []);
  // All twice, and one of the first and one of the last a third time.
  const all = [...xattrs, ...xattrs.toReversed(), xattrs[0]!, xattrs[29]!];
  assertEquals(table(...all), values.map((value) => `user.a=${value}`).toReversed());
});

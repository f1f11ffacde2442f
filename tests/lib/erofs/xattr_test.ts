import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  shareXattrs,
  splitXattrName,
  writeXattrEntry,
  xattrEntrySize,
  xattrNameFilter,
} from "../../../lib/erofs/xattr.ts";
import type { Xattr } from "../../../lib/tree/tree.ts";
import { none } from "../../support/inodes.ts";
import { xattr } from "../../support/trees.ts";

const withXattrs = (...xattrs: Xattr[]) => none("fifo", 0, { xattrs });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function splitName(name: string): [number, string] {
  const { index, suffix } = splitXattrName(utf8(name));
  return [index, text(suffix)];
}

Deno.test("known prefixes are named by index", () => {
  assertEquals(splitName("user.foo"), [1, "foo"]);
  assertEquals(splitName("system.posix_acl_access"), [2, ""]);
  assertEquals(splitName("system.posix_acl_default"), [3, ""]);
  assertEquals(splitName("trusted.overlay.opaque"), [4, "overlay.opaque"]);
  assertEquals(splitName("security.selinux"), [6, "selinux"]);
});

Deno.test("a prefix matches by beginning only", () => {
  assertEquals(splitName("system.posix_acl_accessZ"), [2, "Z"]);
  assertEquals(splitName("user."), [1, ""]);
});

Deno.test("other names are spelled in full", () => {
  for (const name of ["lustre.lov", "system.other", "user", "x", "User.a"]) {
    assertEquals(splitName(name), [0, name]);
  }
});

/** Bits of the filter that an inode with these names has cleared. */
function clearedBits(...names: string[]): number[] {
  const filter = xattrNameFilter(names.map((name) => xattr(name)));
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
  assertEquals(xattrNameFilter([xattr(name)]), 0x7fffffff);
});

Deno.test("an entry is padded to four bytes", () => {
  const sizes = ["", "1", "1234", "12345"].map((value) => xattrEntrySize(xattr("user.", value)));
  assertEquals(sizes, [4, 8, 8, 12]);
});

Deno.test("an entry as it is written", () => {
  const image = new Uint8Array(16);
  writeXattrEntry(image, new DataView(image.buffer), 2, xattr("user.ab", "cde"));
  assertEquals([...image.subarray(2, 6)], [2, 1, 3, 0]);
  assertEquals(text(image.subarray(6, 11)), "abcde");
  assertEquals(image[11], 0);
});

/** The shared table as text. */
const table = (...inodes: Xattr[][]) =>
  shareXattrs(inodes.map((xattrs) => withXattrs(...xattrs))).table.map(({ name, value }) =>
    `${text(name)}=${text(value)}`
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
  const shared = shareXattrs([withXattrs(...all), withXattrs(...all)]);
  assertEquals(all.map((pair) => shared.offsetOf(pair)), [16, 8, 0]);
  assertEquals(shared.size, 28);
});

Deno.test("name and value do not run into each other", () => {
  const pairs = [xattr("user.a", "b"), xattr("user.ab", ""), xattr("user.", "ab")];
  assertEquals(table(pairs), []);
});

Deno.test("a value that many inodes have as one object is looked at once", () => {
  const large = xattr("user.a", new Uint8Array(60_000));
  const inodes = Array.from({ length: 20_000 }, () => withXattrs(large));
  const start = performance.now();
  const shared = shareXattrs(inodes);
  for (const { xattrs } of inodes) shared.offsetOf(xattrs[0]!);
  // Looked at each time, these are 2.4 GB: 15 seconds.
  assertEquals(performance.now() - start < 3000, true);
});

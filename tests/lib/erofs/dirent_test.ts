import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { groupDirents, writeDirents } from "../../../lib/erofs/dirent.ts";
import type { Inode } from "../../../lib/erofs/inode.ts";

/** Entries whose dirents and names take these sizes. */
function entriesOf(...sizes: number[]) {
  return sizes.map((size, inode) => ({ name: utf8("n".repeat(size - 12)), inode }));
}

/** Sizes of the groups. */
const groups = (...sizes: number[]) =>
  [...groupDirents(entriesOf(...sizes))].map(({ start, end, size }) => [start, end, size]);

Deno.test("entries share a block as long as they fit", () => {
  assertEquals(groups(13, 14), [[0, 2, 27]]);
  assertEquals(groups(), []);
});

Deno.test("a block of exactly 4096 bytes is full", () => {
  const full = Array(16).fill(256);
  assertEquals(groups(...full), [[0, 16, 4096]]);
  assertEquals(groups(...full, 13), [[0, 16, 4096], [16, 17, 13]]);
});

Deno.test("an entry that would exceed the block starts the next", () => {
  const almost = [...Array(15).fill(256), 250];
  assertEquals(groups(...almost, 6 + 13), [[0, 16, 4090], [16, 17, 19]]);
  assertEquals(groups(...Array(15).fill(256), 243, 14), [[0, 16, 4083], [16, 17, 14]]);
  assertEquals(groups(...Array(15).fill(256), 243, 13), [[0, 17, 4096]]);
});

Deno.test("later entries do not fill the gaps of earlier blocks", () => {
  const many = Array(40).fill(267);
  assertEquals(groups(...many, 13), [[0, 15, 4005], [15, 30, 4005], [30, 41, 2683]]);
});

Deno.test("dirents come first, then the names without terminators", () => {
  const image = new Uint8Array(64);
  const entries = [{ name: utf8("."), inode: 1 }, { name: utf8("abc"), inode: 0 }];
  const inodes = [{ kind: "symlink" }, { kind: "directory" }] as Inode[];
  const [group] = groupDirents(entries);
  writeDirents(image, new DataView(image.buffer), 8, entries, group!, inodes, [0x1234, 7]);
  assertEquals([...image.subarray(8, 20)], [7, 0, 0, 0, 0, 0, 0, 0, 24, 0, 2, 0]);
  assertEquals([...image.subarray(20, 32)], [0x34, 0x12, 0, 0, 0, 0, 0, 0, 25, 0, 7, 0]);
  assertEquals(new TextDecoder().decode(image.subarray(32, 36)), ".abc");
  assertEquals(image.subarray(36).every((byte) => byte === 0), true);
});

Deno.test("only the group's own entries are written, from the start of its block", () => {
  const image = new Uint8Array(32);
  const entries = [{ name: utf8("a"), inode: 0 }, { name: utf8("b"), inode: 0 }];
  const inodes = [{ kind: "fifo" }] as Inode[];
  const group = { start: 1, end: 2, size: 13 };
  writeDirents(image, new DataView(image.buffer), 0, entries, group, inodes, [3]);
  assertEquals([...image.subarray(0, 14)], [3, 0, 0, 0, 0, 0, 0, 0, 12, 0, 5, 0, 0x62, 0]);
});

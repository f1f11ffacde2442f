import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  INODE_COMPACT,
  INODE_EXTENDED,
  SUPER_BLOCK,
  XATTR_IBODY_HEADER,
} from "../../../lib/erofs/format.ts";
import type { Inode } from "../../../lib/erofs/inode.ts";
import { writeErofs } from "../../../lib/erofs/write.ts";
import { contents, holes, inode, none, target } from "../../kit/inodes.ts";
import { xattr } from "../../kit/trees.ts";

const START = 1152;
const write = (...inodes: Inode[]) => writeErofs(inodes, new Uint8Array());
const viewOf = (image: Uint8Array) => new DataView(image.buffer, image.byteOffset);
const compactAt = (image: Uint8Array, at = START) => INODE_COMPACT.read(viewOf(image), at);

/** `i_u` of an inode that stands first. */
const unionOf = (first: Inode) => compactAt(write(first)).u;

Deno.test("the preamble stands first, cut at the superblock", () => {
  const image = writeErofs([none()], new Uint8Array(2000).fill(0xaa));
  assertEquals(image.subarray(0, 1024).every((byte) => byte === 0xaa), true);
  assertEquals(SUPER_BLOCK.read(viewOf(image), 1024).magic, 0xe0f5e1e2);
});

Deno.test("the superblock", () => {
  const image = write(contents(5000, { mtime: -3, mtimeNsec: 4 }), none("fifo", 0, { mtime: 9 }));
  assertEquals(SUPER_BLOCK.read(viewOf(image), 1024), {
    magic: 0xe0f5e1e2,
    checksum: 0,
    featureCompat: 6,
    blkszbits: 12,
    sbExtslots: 0,
    rootNid: 36,
    inos: 2,
    buildTime: -3,
    buildTimeNsec: 4,
    blocks: 2,
    metaBlkaddr: 0,
    xattrBlkaddr: 0,
    featureIncompat: 0,
  });
  assertEquals(image.length, 8192);
});

Deno.test("a compact inode", () => {
  const image = write(none("fifo", 0, { mode: 0o4711, uid: 1, gid: 2, nlink: 3, mtime: 5 }));
  assertEquals(compactAt(image), {
    format: 0,
    xattrIcount: 0,
    mode: 0o014711,
    nlink: 3,
    size: 0,
    u: 0,
    ino: 0,
    uid: 1,
    gid: 2,
  });
});

Deno.test("an extended inode", () => {
  const mtime = -(2n ** 62n);
  const image = write(
    target(5, { mode: 0o777, uid: 2 ** 32 - 1, gid: 70_000, nlink: 2 ** 31, mtime, mtimeNsec: 6 }),
  );
  assertEquals(INODE_EXTENDED.read(viewOf(image), START), {
    format: 1 | 2 << 1,
    xattrIcount: 0,
    mode: 0o120777,
    size: 5,
    u: 0,
    ino: 0,
    uid: 2 ** 32 - 1,
    gid: 70_000,
    mtime,
    mtimeNsec: 6,
    nlink: 2 ** 31,
  });
});

Deno.test("inodes are numbered in their order", () => {
  const image = write(none(), none(), none());
  assertEquals([0, 1, 2].map((i) => compactAt(image, START + 32 * i).ino), [0, 1, 2]);
});

Deno.test("i_u is a block address, a device number, a chunk format or nothing", () => {
  assertEquals(unionOf(contents(4096)), 1);
  assertEquals(unionOf(contents(4095 - 2048)), 0);
  assertEquals(unionOf(none("block", 0xfff00103)), 0xfff00103);
  assertEquals(unionOf(holes(1)), 0);
  assertEquals(unionOf(holes(2 ** 20 + 1)), 9);
});

Deno.test("contents stand in blocks and behind the inode", () => {
  const bytes = Uint8Array.from({ length: 4500 }, (_, i) => i % 251 + 1);
  const image = write(inode("regular", { kind: "inline", bytes }));
  assertEquals(image.slice(4096), bytes.slice(0, 4096));
  assertEquals(image.slice(START + 32, START + 32 + 404), bytes.slice(4096));
  assertEquals(image[START + 32 + 404], 0);
});

Deno.test("a chunk map is all ones, and no more", () => {
  const image = write(holes(3 * 2 ** 43));
  assertEquals([...image.subarray(START + 64, START + 76)], Array(12).fill(0xff));
  assertEquals(image[START + 76], 0);
});

Deno.test("a chunk map away from its inode fills a block", () => {
  const xattrs = [xattr("user.a", "1")];
  const image = write(holes(2 ** 53, { xattrs }));
  assertEquals(image.length, 3 * 4096);
  assertEquals(image.subarray(8192).every((byte) => byte === 0xff), true);
  assertEquals(INODE_EXTENDED.read(viewOf(image), 4096).u, 31);
});

Deno.test("directories of several blocks end behind the inode", () => {
  const names = [".", "..", ...Array.from({ length: 20 }, (_, i) => `${i + 10}`.padEnd(220, "n"))];
  const inodes = names.map(() => 0);
  const image = write(inode("directory", { kind: "entries", names: names.map(utf8), inodes }));
  const { format, size, u } = compactAt(image);
  // 17 names and the dots fill 3971 bytes, three names are left.
  assertEquals([format, size, u], [2 << 1, 4096 + 3 * 232, 1]);
  assertEquals(viewOf(image).getUint16(4096 + 8, true), 19 * 12);
  assertEquals(viewOf(image).getUint16(START + 32 + 8, true), 3 * 12);
  assertEquals(image.subarray(4096 + 3971).every((byte) => byte === 0), true);
});

Deno.test("shared xattrs stand behind the inodes, referred to from the start of their block", () => {
  const shared = [xattr("user.a", "1"), xattr("user.b", "2")];
  const inodes = Array.from({ length: 100 }, () => none("fifo", 0, { xattrs: shared }));
  const image = write(...inodes);
  const view = viewOf(image);
  assertEquals(SUPER_BLOCK.read(view, 1024).xattrBlkaddr, 1);
  const inodesEnd = START + 100 * 64;
  const { nameFilter, sharedCount } = XATTR_IBODY_HEADER.read(view, START + 32);
  assertEquals(sharedCount, 2);
  assertEquals(nameFilter === 0xffffffff, false);
  const references = [0, 4].map((at) => view.getUint32(START + 44 + at, true));
  assertEquals(references, [(inodesEnd - 4096) / 4 + 2, (inodesEnd - 4096) / 4]);
  assertEquals(new TextDecoder().decode(image.subarray(inodesEnd + 4, inodesEnd + 6)), "b2");
  assertEquals(compactAt(image).xattrIcount, 3);
});

Deno.test("the same inodes give the same bytes, and are left alone", () => {
  const inodes = [contents(5000), target(70), holes(2 ** 44), none("block", 5)];
  const before = structuredClone(inodes);
  assertEquals(write(...inodes), write(...inodes));
  assertEquals(inodes, before);
});

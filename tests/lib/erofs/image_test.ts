import { assertEquals, assertThrows } from "@std/assert";
import { INODE_COMPACT, INODE_EXTENDED, SUPER_BLOCK } from "../../../lib/erofs/format.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import type { Inode } from "../../../lib/erofs/inode.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { writeErofs } from "../../../lib/erofs/write.ts";
import { contents, entries, holes, none, target } from "../../kit/inodes.ts";
import { patched, xattr } from "../../kit/trees.ts";

/** Where the first inode is, in slots and bytes. */
const NID = 36;
const START = 1152;

const write = (...inodes: Inode[]) => writeErofs(inodes, new Uint8Array());

/** Reads the first inode of an image, after a change to it. */
function readChanged(
  inode: Inode,
  change: (view: DataView, image: Uint8Array) => void = () => {},
) {
  const reader = new ErofsImage(patched(write(inode), change));
  return { reader, inode: reader.inode(reader.superBlock.rootNid) };
}

function refuse(
  inode: Inode,
  message: string,
  change: (view: DataView, image: Uint8Array) => void,
): void {
  assertThrows(() => readChanged(inode, change), ImageFormatError, message);
}

Deno.test("an inode reads as it was written", () => {
  const given = {
    mode: 0o7755,
    uid: 70_000,
    gid: 3,
    nlink: 4,
    mtime: 2n ** 60n,
    mtimeNsec: 6,
    xattrs: [xattr("user.a", "1")],
  };
  const { inode } = readChanged(contents(5000, given));
  const { mode, uid, gid, nlink, mtime, mtimeNsec } = inode;
  assertEquals({ mode, uid, gid, nlink, mtime, mtimeNsec, xattrs: given.xattrs }, given);
  assertEquals([inode.kind, inode.size, inode.extended, inode.ino], ["regular", 5000, true, 0]);
  assertEquals([inode.start, inode.xattrStart, inode.xattrSize], [START, START + 64, 20]);
});

Deno.test("a compact inode has the superblock's time", () => {
  const reader = new ErofsImage(write(none("fifo", 0, { mtime: -7, mtimeNsec: 8 })));
  const { mtime, mtimeNsec, extended } = reader.inode(NID);
  assertEquals([mtime, mtimeNsec, extended], [-7, 8, false]);
});

Deno.test("data comes in blocks, then what follows the inode", () => {
  for (const size of [0, 2048, 2049, 4096, 5000]) {
    const { reader, inode } = readChanged(contents(size));
    assertEquals(reader.data(inode), new Uint8Array(size).fill(0x78));
  }
  const { reader, inode } = readChanged(target(4095));
  assertEquals(reader.data(inode), new Uint8Array(4095).fill(0x74));
});

Deno.test("data is found block by block", () => {
  const lengths = (size: number) => {
    const { reader, inode } = readChanged(contents(size));
    return Array.from({ length: reader.dataBlocks(inode) }, (_, i) => {
      const { start, end } = reader.dataBlock(inode, i);
      assertEquals(reader.image.subarray(start, end).every((byte) => byte === 0x78), true);
      return end - start;
    });
  };
  assertEquals(lengths(0), []);
  assertEquals(lengths(2048), [2048]);
  assertEquals(lengths(2049), [2049]);
  assertEquals(lengths(4096), [4096]);
  assertEquals(lengths(5000), [4096, 904]);
});

Deno.test("an image is read where it stands in a larger buffer", () => {
  const image = write(contents(5));
  const buffer = new Uint8Array(image.length + 100);
  buffer.set(image, 7);
  const reader = new ErofsImage(buffer.subarray(7, 7 + image.length));
  assertEquals(reader.data(reader.inode(NID)).length, 5);
});

Deno.test("an image without a whole superblock is refused", () => {
  const image = write(none());
  for (const length of [0, 1023, 1024, 1151]) {
    assertThrows(() => new ErofsImage(image.slice(0, length)), ImageFormatError, "superblock");
  }
});

Deno.test("an image shorter than its superblock says is refused", () => {
  const at = 1024 + SUPER_BLOCK.offsets.blocks;
  const image = patched(write(none()), (view) => view.setUint32(at, 3, true));
  const message = `truncated: ${image.length} bytes, expected 12288`;
  assertThrows(() => new ErofsImage(image), ImageFormatError, message);
});

/** A field of the superblock, a value that is refused, and what the message says. */
const SUPERBLOCK_REFUSALS = [
  ["magic", 0, 4, "an EROFS superblock"],
  ["blkszbits", 9, 1, "blocks of 4096 bytes"],
  ["sbExtslots", 1, 1, "expected 0"],
  ["featureIncompat", 1, 4, "no feature but"],
  ["featureIncompat", 0x80000000, 4, "no feature but"],
  ["metaBlkaddr", 1, 4, "a block of the image"],
  ["metaBlkaddr", 0xffffffff, 4, "a block of the image"],
  ["xattrBlkaddr", 1, 4, "a block of the image"],
  ["xattrBlkaddr", 0x100000, 4, "a block of the image"],
] as const;

for (const [field, value, width, message] of SUPERBLOCK_REFUSALS) {
  Deno.test(`a superblock with ${field} 0x${value.toString(16)} is refused`, () => {
    const at = 1024 + SUPER_BLOCK.offsets[field];
    const image = patched(write(none()), (view) => {
      if (width === 1) view.setUint8(at, value);
      else view.setUint32(at, value, true);
    });
    const error = assertThrows(() => new ErofsImage(image), ImageFormatError, message);
    assertEquals(error.offset, at);
  });
}

Deno.test("the feature of chunk-based files may be set", () => {
  const at = 1024 + SUPER_BLOCK.offsets.featureIncompat;
  const image = patched(write(none()), (view) => view.setUint32(at, 4, true));
  assertEquals(new ErofsImage(image).inode(NID).kind, "fifo");
});

Deno.test("an inode lies inside the image", () => {
  const reader = new ErofsImage(write(none()));
  for (const nid of [4096 / 32, 2 ** 31, 2 ** 53, 2 ** 64]) {
    assertThrows(() => reader.inode(nid), ImageFormatError, "ends behind the image");
  }
});

Deno.test("an extended inode lies inside the image as a whole", () => {
  // The last slot of the image, as a compact inode and then as an extended one.
  const image = patched(write(none()), (_, bytes) => bytes.copyWithin(4064, START, START + 32));
  assertEquals(new ErofsImage(image).inode(127).kind, "fifo");
  image[4064]! |= 1;
  assertThrows(() => new ErofsImage(image).inode(127), ImageFormatError, "ends behind the image");
});

Deno.test("formats other than flat and chunk-based are refused", () => {
  for (const format of [1 << 1, 3 << 1, 5 << 1, 7 << 1, 0x10, 0x8000]) {
    refuse(none(), "inode format", (view) => view.setUint16(START, format, true));
  }
});

Deno.test("a mode without one of the seven types is refused", () => {
  for (const mode of [0, 0o644, 0o170644, 0o030000, 0o150000]) {
    refuse(none(), "expected a file type", (view) => view.setUint16(START + 4, mode, true));
  }
});

Deno.test("a size above 2^53 is refused", () => {
  const file = contents(1, { uid: 70_000 });
  const at = START + INODE_EXTENDED.offsets.size;
  refuse(file, "inode size", (view) => view.setUint32(at + 4, 0x00300000, true));
  refuse(file, "inode size", (view) => view.setUint32(at + 4, 0xffffffff, true));
});

Deno.test("only regular files are chunk-based", () => {
  for (const inode of [none(), target(1), entries(1)]) {
    refuse(inode, "expected a regular file", (view) => view.setUint16(START, 4 << 1, true));
  }
});

Deno.test("the xattr area lies inside the image", () => {
  refuse(none(), "ends behind the image", (view) => view.setUint16(START + 2, 0xffff, true));
});

Deno.test("data behind the inode lies inside the image", () => {
  const image = patched(write(contents(100)), (view, bytes) => {
    bytes.copyWithin(4032, START, START + 32);
    view.setUint32(4032 + INODE_COMPACT.offsets.size, 32, true);
  });
  const reader = new ErofsImage(image);
  assertEquals(reader.data(reader.inode(126)).length, 32);
  new DataView(image.buffer).setUint32(4032 + INODE_COMPACT.offsets.size, 33, true);
  assertThrows(() => new ErofsImage(image).inode(126), ImageFormatError, "ends behind the image");
});

Deno.test("data blocks lie inside the image", () => {
  for (const blkaddr of [2, 0x100000, 0xffffffff]) {
    const at = START + INODE_COMPACT.offsets.u;
    const { reader, inode } = readChanged(
      contents(4096),
      (view) => view.setUint32(at, blkaddr, true),
    );
    assertThrows(() => reader.data(inode), ImageFormatError, "ends behind the image");
  }
});

Deno.test("the whole last block of data lies inside the image", () => {
  const image = write(contents(2049)).slice(0, 8191);
  new DataView(image.buffer).setUint32(1024 + SUPER_BLOCK.offsets.blocks, 1, true);
  const reader = new ErofsImage(image);
  assertThrows(() => reader.data(reader.inode(NID)), ImageFormatError, "ends behind");
});

Deno.test("chunks are of 2^12 to 2^43 bytes and have no address", () => {
  const format = START + INODE_COMPACT.offsets.u;
  refuse(holes(1), "chunk format", (view) => view.setUint16(format, 32, true));
  refuse(holes(1), "chunk format", (view) => view.setUint16(format, 0x20 | 1, true));
  refuse(holes(1), "expected a hole", (view) => view.setUint32(START + 32, 0, true));
});

Deno.test("a chunk map is of one block at most", () => {
  const format = START + INODE_COMPACT.offsets.u;
  // 1025 chunks of 4096 bytes.
  refuse(holes(1025 * 4096), "chunk map of 4100", (view) => view.setUint16(format, 0, true));
});

Deno.test("all chunks of a map are looked at", () => {
  const file = holes(8 * 2 ** 43);
  readChanged(file);
  const last = START + INODE_EXTENDED.size + 7 * 4;
  refuse(file, "expected a hole", (view) => view.setUint32(last, 1, true));
  // The longest map that cannot stand elsewhere: 1017 chunks.
  const image = write(holes(1017 * 2 ** 43), none());
  const { rootNid } = new ErofsImage(image).superBlock;
  image[32 * rootNid + INODE_EXTENDED.size + 1016 * 4] = 0;
  assertThrows(() => new ErofsImage(image).inode(rootNid), ImageFormatError, "expected a hole");
});

Deno.test("a chunk map away from its inode is not looked for", () => {
  const { inode } = readChanged(holes(2 ** 53, { xattrs: [xattr("user.a", "1")] }));
  assertEquals([inode.start, inode.size], [4096, 2 ** 53]);
});

Deno.test("inodes and their data are read as often as they are asked for", () => {
  const { reader, inode } = readChanged(contents(4096));
  for (let i = 0; i < 100; i++) {
    assertEquals(reader.inode(NID), inode);
    assertEquals(reader.data(inode).length, 4096);
  }
});

import { assertEquals } from "@std/assert";
import {
  DIRENT,
  INODE_COMPACT,
  INODE_EXTENDED,
  SUPER_BLOCK,
  XATTR_ENTRY,
  XATTR_IBODY_HEADER,
} from "../../../lib/erofs/format.ts";

Deno.test("records have the kernel's sizes", () => {
  assertEquals(
    [SUPER_BLOCK, INODE_COMPACT, INODE_EXTENDED, DIRENT, XATTR_IBODY_HEADER, XATTR_ENTRY]
      .map((record) => record.size),
    [128, 32, 64, 12, 12, 4],
  );
});

Deno.test("superblock fields stand where the kernel looks for them", () => {
  const { rootNid, inos, buildTime, blocks, xattrBlkaddr, featureIncompat } = SUPER_BLOCK.offsets;
  assertEquals([rootNid, inos, buildTime, blocks, xattrBlkaddr, featureIncompat], [
    14,
    16,
    24,
    36,
    44,
    80,
  ]);
});

Deno.test("inode fields stand where the kernel looks for them", () => {
  const compact = INODE_COMPACT.offsets;
  assertEquals([compact.nlink, compact.size, compact.u, compact.ino, compact.gid], [
    6,
    8,
    16,
    20,
    26,
  ]);
  const extended = INODE_EXTENDED.offsets;
  assertEquals([extended.size, extended.u, extended.uid, extended.mtime, extended.nlink], [
    8,
    16,
    24,
    32,
    44,
  ]);
});

/**
 * EROFS on disk: records and constants, named as in the kernel's `fs/erofs/erofs_fs.h`.
 *
 * Only what composefs images use: 4096-byte blocks, no compression, one device.
 *
 * @module
 */

import { i64, record, reserved, u16, u32, u64, u8 } from "../bytes/struct.ts";

/** log2 of the block size. */
export const BLOCK_BITS = 12;
/** Size of a block in bytes. */
export const BLOCK_SIZE = 1 << BLOCK_BITS;
/** Size of an inode slot in bytes: inodes start at multiples of it and a nid counts it. */
export const SLOT_SIZE = 32;
/** Bytes from the start of the image to the superblock. */
export const SUPER_OFFSET = 1024;
/** `EROFS_SUPER_MAGIC_V1`. */
export const SUPER_MAGIC = 0xe0f5e1e2;
/** `EROFS_FEATURE_COMPAT_MTIME`. */
export const FEATURE_COMPAT_MTIME = 0x2;
/** `EROFS_FEATURE_COMPAT_XATTR_FILTER`. */
export const FEATURE_COMPAT_XATTR_FILTER = 0x4;
/** `EROFS_FEATURE_INCOMPAT_CHUNKED_FILE`, which images may carry though mkcomposefs never sets it. */
export const FEATURE_INCOMPAT_CHUNKED_FILE = 0x4;

/** `struct erofs_super_block`. */
export const SUPER_BLOCK = record({
  magic: u32,
  checksum: u32,
  featureCompat: u32,
  blkszbits: u8,
  sbExtslots: u8,
  rootNid: u16,
  inos: u64,
  buildTime: i64,
  buildTimeNsec: u32,
  blocks: u32,
  metaBlkaddr: u32,
  xattrBlkaddr: u32,
  uuid: reserved(16),
  volumeName: reserved(16),
  featureIncompat: u32,
  rest: reserved(44),
});

/** The superblock, as far as a reader needs it. */
export type SuperBlock = ReturnType<typeof SUPER_BLOCK.read>;

/** `struct erofs_inode_compact`. Times are the superblock's. */
export const INODE_COMPACT = record({
  format: u16,
  xattrIcount: u16,
  mode: u16,
  nlink: u16,
  size: u32,
  reserved: reserved(4),
  u: u32,
  ino: u32,
  uid: u16,
  gid: u16,
  reserved2: reserved(4),
});

/** `struct erofs_inode_extended`. */
export const INODE_EXTENDED = record({
  format: u16,
  xattrIcount: u16,
  mode: u16,
  reserved: reserved(2),
  size: u64,
  u: u32,
  ino: u32,
  uid: u32,
  gid: u32,
  mtime: i64,
  mtimeNsec: u32,
  nlink: u32,
  reserved2: reserved(16),
});

/** Data layouts: bits 1 to 3 of an inode's format (`EROFS_INODE_FLAT_PLAIN` and so on). */
export const LAYOUT = { flatPlain: 0, flatInline: 2, chunkBased: 4 } as const;

/** `struct erofs_dirent`. */
export const DIRENT = record({
  nid: u64,
  nameoff: u16,
  fileType: u8,
  reserved: reserved(1),
});

/** File types of dirents (`FT_REG_FILE` and so on), by kind. */
export const DIRENT_FILE_TYPE = {
  regular: 1,
  directory: 2,
  character: 3,
  block: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;

/** `struct erofs_xattr_ibody_header`. */
export const XATTR_IBODY_HEADER = record({
  nameFilter: u32,
  sharedCount: u8,
  reserved: reserved(7),
});

/** `struct erofs_xattr_entry`, followed by the name's suffix and the value. */
export const XATTR_ENTRY = record({
  nameLen: u8,
  nameIndex: u8,
  valueSize: u16,
});

/** Entries of the xattr area are aligned to this many bytes. */
export const XATTR_ALIGNMENT = 4;
/** The most shared xattrs that one inode refers to. */
export const MAX_SHARED_XATTRS = 128;

/** Chunk sizes are a power of two from 2^12 to 2^43 bytes. */
export const CHUNK_BITS = { min: BLOCK_BITS, max: BLOCK_BITS + 31 } as const;

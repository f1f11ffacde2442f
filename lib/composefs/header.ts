/**
 * The composefs header in front of the EROFS superblock.
 *
 * @see composefs `libcomposefs/lcfs-erofs.h`, `struct lcfs_erofs_header_s`
 *
 * @module
 */

import { record, reserved, u32 } from "../bytes/struct.ts";

/** `struct lcfs_erofs_header_s`, at the start of the image. */
export const COMPOSEFS_HEADER = record({
  magic: u32,
  version: u32,
  flags: u32,
  composefsVersion: u32,
  unused: reserved(16),
});

/** `LCFS_EROFS_MAGIC`. */
export const COMPOSEFS_MAGIC = 0xd078629a;
/** `LCFS_EROFS_VERSION`: the version of the header itself. */
export const COMPOSEFS_HEADER_VERSION = 1;
/** `LCFS_EROFS_FLAGS_HAS_ACL`: some inode has a POSIX ACL, so the image must not be mounted `noacl`. */
export const FLAG_HAS_ACL = 1;

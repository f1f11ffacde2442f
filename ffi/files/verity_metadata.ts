/**
 * What the file system keeps of a file with fs-verity: Merkle tree, descriptor, signature.
 *
 * @see Documentation/filesystems/fsverity.rst, "FS_IOC_READ_VERITY_METADATA"
 *
 * @module
 */

import { ERRNO, SyscallError } from "../sys/errno.ts";
import { tryIoctl } from "../sys/file_calls.ts";
import type { Fd } from "./fd.ts";
import { noVerityState } from "./fsverity.ts";
import {
  FS_IOC_READ_VERITY_METADATA,
  FS_VERITY_METADATA_TYPE_DESCRIPTOR,
  FS_VERITY_METADATA_TYPE_MERKLE_TREE,
  FS_VERITY_METADATA_TYPE_SIGNATURE,
  FSVERITY_READ_METADATA_ARG,
} from "../sys/uapi.ts";

const TYPES: Readonly<Record<VerityMetadataType, number>> = {
  merkle_tree: FS_VERITY_METADATA_TYPE_MERKLE_TREE,
  descriptor: FS_VERITY_METADATA_TYPE_DESCRIPTOR,
  signature: FS_VERITY_METADATA_TYPE_SIGNATURE,
};

/** A kind of metadata, by the name that fsverity-utils gives it. */
export type VerityMetadataType = "merkle_tree" | "descriptor" | "signature";

/** A part of the metadata, in bytes. */
export interface MetadataRange {
  /** Bytes before it. */
  readonly offset: number;
  /** Bytes in it. */
  readonly length: number;
}

/** Bytes asked for at a time. */
const CHUNK_SIZE = 1 << 16;

/**
 * Reads metadata of a file, in order: all of it, or what there is of a range.
 *
 * @returns Chunks that are valid until the next is asked for.
 * @throws {SyscallError} If fs-verity is not enabled on the file, if it has no signature (code
 * `"ENODATA"` for both), or if the kernel or the file system has no such call.
 */
export function* readVerityMetadata(
  file: Fd,
  type: VerityMetadataType,
  range: MetadataRange = { offset: 0, length: Number.MAX_SAFE_INTEGER },
): Generator<Uint8Array<ArrayBuffer>> {
  const { linux } = file;
  // Record and data share a buffer, so that the pointer in the record stays good.
  const start = FSVERITY_READ_METADATA_ARG.size;
  const argument = new Uint8Array(start + Math.min(CHUNK_SIZE, range.length));
  const view = new DataView(argument.buffer);
  let { offset } = range;
  let left = range.length;
  while (left > 0) {
    FSVERITY_READ_METADATA_ARG.write(view, 0, {
      metadataType: TYPES[type],
      offset,
      length: Math.min(left, CHUNK_SIZE),
      bufPtr: linux.addressOf(argument) + start,
    });
    const count = tryIoctl(file, FS_IOC_READ_VERITY_METADATA, argument);
    if (count < 0) throw metadataError(file, type, -count);
    if (count === 0) return;
    yield argument.subarray(start, start + count);
    offset += count;
    left -= count;
  }
}

function metadataError({ subject }: Fd, type: VerityMetadataType, errno: number): SyscallError {
  return new SyscallError(errno, {
    syscall: "ioctl",
    action: `read fs-verity ${type.replace("_", " ")} of`,
    subject,
    ...metadataState(type, errno),
  });
}

function metadataState(type: VerityMetadataType, errno: number): { readonly state?: string } {
  if (type === "signature" && errno === ERRNO.ENODATA) {
    return { state: "fs-verity is not enabled on it, or without a signature" };
  }
  // btrfs verifies files and has no call for this, as of Linux 6.12.
  if (errno === ERRNO.ENOTTY) return { state: "only ext4 and f2fs hand it out, since Linux 5.12" };
  return noVerityState(errno);
}

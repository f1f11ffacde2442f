/**
 * By which block size and salt the kernel measures a file with fs-verity.
 *
 * @module
 */

import { decodeBlockParameters, FS_VERITY_DESCRIPTOR_SIZE } from "../../lib/digest/descriptor.ts";
import type { BlockParameters } from "../../lib/digest/fs_verity.ts";
import { SyscallError } from "../sys/errno.ts";
import type { Fd } from "./fd.ts";
import { readVerityMetadata } from "./verity_metadata.ts";

/**
 * Reads the parameters out of a file's descriptor.
 *
 * @returns Undefined if it has no fs-verity, or its descriptor is not handed out: btrfs does not.
 */
export function readBlockParameters(file: Fd): BlockParameters | undefined {
  const descriptor = new Uint8Array(FS_VERITY_DESCRIPTOR_SIZE);
  try {
    const range = { offset: 0, length: descriptor.length };
    let length = 0;
    for (const chunk of readVerityMetadata(file, "descriptor", range)) {
      descriptor.set(chunk, length);
      length += chunk.length;
    }
    return length === descriptor.length ? decodeBlockParameters(descriptor) : undefined;
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

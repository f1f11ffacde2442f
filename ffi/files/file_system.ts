/**
 * What kind of file system an open file lies in.
 *
 * @module
 */

import type { OpenFile } from "../sys/call.ts";
import { fileSystemType } from "../sys/metadata_calls.ts";
import { DISK_FILE_SYSTEMS, LOCAL_FILE_SYSTEMS } from "../sys/uapi.ts";

/**
 * Tells whether a file lies in a file system that keeps its contents on this machine. Of others, network
 * ones among them, it is not known what syncfs(2) promises, nor whose clock their times are from.
 */
export function isLocal(file: OpenFile): boolean {
  return isAmong(LOCAL_FILE_SYSTEMS, file);
}

/**
 * Tells whether a file lies on a disk of this machine. Then once syncfs(2) has returned, the next change of
 * any file, be it through a mapping that stays open, sets its ctime. tmpfs never writes back, so a page that
 * is mapped there may be changed for ever without that; of overlayfs it cannot be told whether it lies over
 * tmpfs, nor whether it was mounted to ignore syncfs(2).
 */
export function isOnDisk(file: OpenFile): boolean {
  return isAmong(DISK_FILE_SYSTEMS, file);
}

function isAmong(types: readonly number[], file: OpenFile): boolean {
  const type = fileSystemType(file);
  return type !== undefined && types.includes(type);
}

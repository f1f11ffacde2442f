/**
 * What tests of directory trees begin with: empty files, and the root's entries by name.
 *
 * @module
 */

import { Fd } from "../../../ffi/files/fd.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { O_CREAT, O_WRONLY } from "../../../ffi/sys/uapi.ts";
import { latin1 } from "../../../lib/bytes/text.ts";
import type { SourceInfo, SourceTree, XattrFilter } from "../../../lib/tree/source.ts";

/** The root's path in a tree. */
export const ROOT = new Uint8Array();

/** The root's entries by name, one UTF-16 unit a byte. */
export function listRoot(
  tree: SourceTree,
  xattrs: XattrFilter = "all",
): Map<string, SourceInfo> {
  const entries = tree.list(ROOT, { xattrs });
  return new Map(entries.map((entry) => [latin1(entry.name), entry]));
}

/** Creates an empty file. */
export function createFile(linux: Linux, path: Uint8Array): void {
  Fd.open(linux, path, { flags: O_WRONLY | O_CREAT, mode: 0o644 }).close();
}

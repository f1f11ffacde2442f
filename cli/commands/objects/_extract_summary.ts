/**
 * What `extract` has made, or would make.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { type Content, contentSize, type Tree } from "../../../lib/tree/tree.ts";
import { walk } from "../../../lib/tree/walk.ts";
import type { ExtractTreeOptions } from "../../../ffi/tree/extract_tree.ts";
import { jsonLine } from "../../json.ts";
import type { OpenedReference } from "../../references/opened.ts";

/** Counts of regular files, hard links counted once. */
export interface ExtractCounts {
  readonly files: number;
  readonly bytes: number;
}

/** Counts the files of a tree. */
export function countFiles({ leaves }: Tree<Content>): ExtractCounts {
  const sizes = leaves.flatMap((leaf) => leaf.kind === "regular" ? [contentSize(leaf.file)] : []);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/**
 * Opens the contents of all files of a tree, which checks them, and leaves them at that.
 *
 * @param onRead Told the size of all files that have been opened so far.
 */
export function openContents(
  tree: Tree<Content>,
  open: ExtractTreeOptions["open"],
  onRead: (done: number) => void,
): void {
  let done = 0;
  for (const { node, path, again } of walk(tree)) {
    if (node.kind !== "regular" || again !== undefined) continue;
    open(node, path)[Symbol.dispose]();
    onRead(done += contentSize(node.file));
  }
}

/** The digest that an image goes by: that of the file, if it is in one. */
export function imageDigest(reference: OpenedReference): Digest {
  const { bytes, whole } = reference.read("sha256");
  return whole?.digest ?? fsVerityDigest(bytes);
}

/** The answer as JSON, its line end included. */
export function extractJson(digest: Digest, counts: ExtractCounts): string {
  return jsonLine({ digest: digest.toHex(), algorithm: digest.algorithm, ...counts });
}

/**
 * Says in a line what would be made, its line end included.
 *
 * @param destination The directory; undefined for an archive on standard output.
 */
export function plannedExtraction(
  shown: string,
  destination: Uint8Array | undefined,
  { digest, files, bytes }: ExtractCounts & { readonly digest: Digest },
): string {
  const what = destination === undefined
    ? `Would write an archive of ${shown}`
    : `Would extract ${shown} to ${quote(destination)}`;
  return `${what}: ${files} files of ${bytes} bytes, image digest ${digest.toHex()}\n`;
}

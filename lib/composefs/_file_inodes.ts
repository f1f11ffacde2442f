/**
 * How the regular files of a tree stand in an image: kept in it, or as a pointer to an object.
 *
 * @module
 */

import type { HashAlgorithm } from "../digest/hasher.ts";
import type { InodeData, InodeXattr } from "../erofs/inode.ts";
import type { Content } from "../tree/tree.ts";
import { type Contents, INLINE_THRESHOLD } from "./contents.ts";
import { metacopyXattr, objectRedirectXattr, redirectXattr } from "./_overlay_xattrs.ts";

/** What the image is to hold of each regular file of a tree. */
export interface FileInodes<File> {
  /** The data of its inode. */
  data(file: File): InodeData;
  /** What overlayfs is to know of it, in byte order; nothing of a file whose contents are in the image. */
  xattrs(file: File): readonly InodeXattr[];
}

const NO_XATTRS: readonly InodeXattr[] = [];

/** Of files whose contents are known one by one. */
export const CONTENT_INODES: FileInodes<Content> = {
  data: (file) => file,
  xattrs(file) {
    if (file.kind === "inline") return NO_XATTRS;
    const { path, digest } = file;
    const metacopy = metacopyXattr(digest);
    return path === undefined || path.length === 0 ? [metacopy] : [metacopy, redirectXattr(path)];
  },
};

/** Of files that are rows of a table. */
export function rowInodes(contents: Contents, algorithm: HashAlgorithm): FileInodes<number> {
  return {
    data(row) {
      const size = contents.size(row);
      return size <= INLINE_THRESHOLD
        ? { kind: "inline", bytes: contents.inline(row) }
        : { kind: "external", size };
    },
    xattrs(row) {
      if (contents.size(row) <= INLINE_THRESHOLD) return NO_XATTRS;
      const bytes = contents.digestBytes(row, algorithm);
      return [metacopyXattr({ algorithm, bytes }), objectRedirectXattr(bytes)];
    },
  };
}

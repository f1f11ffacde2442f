/**
 * Which of a file's extended attributes are taken, where not all are wanted.
 *
 * @module
 */

import { startsWith } from "../bytes/compare.ts";
import { utf8 } from "../bytes/text.ts";
import type { XattrFilter } from "./source.ts";
import type { Xattr } from "./tree.ts";

const USER = utf8("user.");

/** The xattrs that a filter lets through, in their order. */
export function selectXattrs(xattrs: readonly Xattr[], filter: XattrFilter): readonly Xattr[] {
  return filter === "all" || xattrs.length === 0
    ? xattrs
    : xattrs.filter(({ name }) => keepsXattr(name, filter));
}

/** Tells whether a filter lets an xattr of this name through. */
export function keepsXattr(name: Uint8Array, filter: XattrFilter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "user":
      return startsWith(name, USER);
    case "none":
      return false;
    default:
      return filter.keeps(name);
  }
}

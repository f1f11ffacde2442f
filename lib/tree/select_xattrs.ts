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
  switch (filter) {
    case "all":
      return xattrs;
    case "user":
      return xattrs.filter(({ name }) => startsWith(name, USER));
    case "none":
      return [];
  }
}

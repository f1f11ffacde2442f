/**
 * The xattrs of an image's inodes: the source's, escaped, and those that overlayfs reads.
 *
 * @module
 */

import { compareBytes } from "../bytes/compare.ts";
import type { InodeXattr } from "../erofs/inode.ts";
import { XattrNames } from "../erofs/xattr_name.ts";
import type { Xattr } from "../tree/tree.ts";
import { escapeXattr } from "./_overlay_xattrs.ts";

const EMPTY = new Uint8Array();
const NOTHING: readonly InodeXattr[] = [];

/** Makes the xattrs of inodes. What several files of the source share, their inodes share. */
export class ImageXattrs {
  readonly #names = new XattrNames();
  readonly #made = new Map<Xattr, InodeXattr>();
  #lastOwn: readonly Xattr[] = [];
  #lastMade = NOTHING;

  /** The source's xattrs with the given ones in place of any of the same name, in byte order. */
  merge(own: readonly Xattr[], added: readonly InodeXattr[]): readonly InodeXattr[] {
    if (own.length === 0) return added;
    if (own !== this.#lastOwn) {
      this.#lastOwn = own;
      this.#lastMade = inOrder(own.map((xattr) => this.#convert(xattr, escapeXattr(xattr))));
    }
    if (added.length === 0) return this.#lastMade;
    const kept = this.#lastMade.filter(({ name }) => !added.some((each) => each.name === name));
    return inOrder([...kept, ...added]);
  }

  /** Ours, in byte order. */
  marks(marks: readonly Xattr[]): readonly InodeXattr[] {
    return inOrder(marks.map((mark) => this.#convert(mark, mark)));
  }

  #convert(xattr: Xattr, written: Xattr): InodeXattr {
    let made = this.#made.get(xattr);
    if (made === undefined) {
      made = { name: this.#names.of(written.name), head: EMPTY, rest: written.value };
      this.#made.set(xattr, made);
    }
    return made;
  }
}

/** Sorts by name, unless that is done. */
function inOrder(xattrs: InodeXattr[]): readonly InodeXattr[] {
  for (let i = 1; i < xattrs.length; i++) {
    if (compareNames(xattrs[i - 1]!, xattrs[i]!) > 0) return xattrs.sort(compareNames);
  }
  return xattrs;
}

function compareNames(a: InodeXattr, b: InodeXattr): number {
  return compareBytes(a.name.bytes, b.name.bytes);
}

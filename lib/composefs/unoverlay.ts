/**
 * Takes back what `_overlay.ts` did, an inode at a time: what the source had that an image's inode was made
 * of. Whoever walks an image, whole or here and there, asks here what it has found.
 *
 * Two views are to be had. `"exact"` is the inverse: the tree it gives makes the same image again.
 * `"libcomposefs"` is what composefs-info 1.0.8 reports, which loses a few things: under which of its
 * names a file has its inode, and xattrs of the source that look like marks of a whiteout.
 *
 * @module
 */

import { equalBytes, startsWith } from "../bytes/compare.ts";
import { HASH_ALGORITHMS } from "../digest/hasher.ts";
import type { ObjectParts } from "../dumpfile/dump_lines.ts";
import { LAYOUT } from "../erofs/format.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { ErofsImage } from "../erofs/image.ts";
import type { ImageInode } from "../erofs/image_inode.ts";
import type { ImageXattr } from "../erofs/read_xattrs.ts";
import { MAX_INLINE_SIZE, targetProblem } from "../tree/limits.ts";
import { MAX_PATH_LENGTH } from "../tree/name.ts";
import { type Content, externalContent, type Leaf, type Stat, type Xattr } from "../tree/tree.ts";
import {
  ESCAPED_PREFIX,
  METACOPY_NAME,
  metacopyAlgorithm,
  metacopyDigest,
  OVERLAY_PREFIX,
  REDIRECT_NAME,
  redirectPath,
  redirectStart,
  unescapeXattr,
  WHITEOUT_XATTRS,
  WHITEOUTS_OPAQUE_XATTRS,
  WHITEOUTS_XATTRS,
} from "./_overlay_xattrs.ts";

/** How an image is read: see the module. */
export type ImageView = "exact" | "libcomposefs";

/** An inode as it stands in the image. */
export interface FoundInode {
  readonly inode: ImageInode;
  readonly xattrs: readonly ImageXattr[];
}

/** Tells whether a regular file's contents are outside of the image. */
export function isExternal({ kind, layout, size }: ImageInode): boolean {
  return kind === "regular" && layout === LAYOUT.chunkBased && size > 0;
}

/** Tells what the inodes of an image stand for. */
export class Unoverlay {
  /** Whether it matters under which of a file's names it has its inode. In version 2 it is the first one met. */
  readonly hasHomes: boolean;
  /** Whether whiteouts stand for themselves, as in version 2 and for whoever knows of it. */
  readonly #isPlain: boolean;
  readonly #image: ErofsImage;
  readonly #version: number;
  readonly #exact: boolean;
  /** What a directory that holds whiteouts is marked with. */
  readonly #directoryMarks: readonly Xattr[];

  /** @param version The image's format version. */
  constructor(image: ErofsImage, version: number, view: ImageView) {
    this.#image = image;
    this.#version = version;
    this.#exact = view === "exact";
    this.#isPlain = this.#exact && version === 2;
    this.hasHomes = this.#exact && !this.#isPlain;
    this.#directoryMarks = version >= 1
      ? [...WHITEOUTS_XATTRS, ...WHITEOUTS_OPAQUE_XATTRS]
      : WHITEOUTS_XATTRS;
  }

  /**
   * Tells whether an inode is one that the source did not have: a whiteout of the root, which hides an object
   * directory. Version 2 has none, but those of the source.
   */
  isHidden({ kind, u }: ImageInode): boolean {
    return kind === "character" && u === 0 && !this.#isPlain;
  }

  /** Tells whether a directory says of itself that it holds whiteouts. */
  isMarked({ xattrs }: FoundInode): boolean {
    return !this.#isPlain && hasAll(xattrs, this.#directoryMarks);
  }

  /**
   * Metadata of a directory.
   *
   * @param holdsWhiteout Whether it is marked and does hold a whiteout under its own name. If not, the source
   * had the marks.
   */
  directoryStat(directory: FoundInode, holdsWhiteout: boolean): Stat {
    return this.#stat(directory, holdsWhiteout ? this.#directoryMarks : NO_XATTRS);
  }

  /**
   * A file that is not a directory.
   *
   * @param inMarked Tells whether its directory says of itself that it holds whiteouts.
   * @param path Makes its path, for messages.
   * @throws {ImageFormatError} If it holds what an image cannot.
   */
  leaf(found: FoundInode, inMarked: () => boolean, path: () => Uint8Array): Leaf<Content> {
    const { inode, xattrs } = found;
    const { kind } = inode;
    switch (kind) {
      case "regular": {
        if (this.#exact ? isWhiteout(found) && inMarked() : isMarkedWhiteout(xattrs)) {
          return { kind: "character", stat: this.#stat(found, WHITEOUT_XATTRS), rdev: 0 };
        }
        const file = this.#content(found, path);
        return { kind, stat: this.#stat(found, NO_XATTRS), file };
      }
      case "symlink":
        return { kind, stat: this.#stat(found, NO_XATTRS), target: this.target(inode) };
      case "directory":
        throw new TypeError("A directory is no leaf");
      default: {
        const device = kind === "character" || kind === "block";
        return { kind, stat: this.#stat(found, NO_XATTRS), rdev: device ? inode.u : 0 };
      }
    }
  }

  /** Tells whether a special file's inode is extended for no reason of its own: see `ImageForm.extended`. */
  isExtended({ kind, extended, mtime, mtimeNsec, nlink, uid, gid }: ImageInode): boolean {
    if (kind === "regular" || kind === "symlink") return false;
    const { buildTime, buildTimeNsec } = this.#image.superBlock;
    return this.#exact && this.#version <= 1 && extended && mtime === buildTime &&
      mtimeNsec === buildTimeNsec && nlink <= 0xffff && uid <= 0xffff && gid <= 0xffff;
  }

  /**
   * Checks what {@linkcode leaf} checks, and makes nothing of it.
   *
   * @throws {ImageFormatError} If the inode holds what an image cannot.
   */
  check({ inode, xattrs }: FoundInode, path: () => Uint8Array): void {
    if (inode.kind === "symlink") this.target(inode);
    if (inode.kind !== "regular" || !this.#exact && isMarkedWhiteout(xattrs)) return;
    if (!isExternal(inode)) return this.#checkInline(inode);
    redirect(inode, xattrs);
    metacopyAlgorithm(find(xattrs, METACOPY_NAME), path);
  }

  /** The path of the object that holds a file's contents, as {@linkcode leaf} has it; undefined if there is none. */
  objectPath({ inode, xattrs }: FoundInode): Uint8Array | undefined {
    if (!isExternal(inode) || !this.#exact && isMarkedWhiteout(xattrs)) return undefined;
    const path = redirectPath(redirect(inode, xattrs));
    return path?.length === 0 ? undefined : path;
  }

  /** The same with all that a line of a dump file says of it, as parts of the image. */
  objectParts({ inode, xattrs }: FoundInode, path: () => Uint8Array): ObjectParts | undefined {
    if (!isExternal(inode) || !this.#exact && isMarkedWhiteout(xattrs)) return undefined;
    const object = redirect(inode, xattrs);
    const metacopy = find(xattrs, METACOPY_NAME);
    const algorithm = metacopyAlgorithm(metacopy, path);
    const digestEnd = metacopy?.end ?? 0;
    const hasDigest = this.#exact ? algorithm !== undefined : algorithm === "sha256";
    const pathEnd = object?.end ?? 0;
    return {
      bytes: this.#image.image,
      pathStart: object === undefined ? pathEnd : redirectStart(object),
      pathEnd,
      digestStart: hasDigest ? digestEnd - HASH_ALGORITHMS[algorithm!].digestSize : digestEnd,
      digestEnd,
      xattrs: this.#stat({ inode, xattrs }, NO_XATTRS).xattrs,
    };
  }

  #content({ inode, xattrs }: FoundInode, path: () => Uint8Array): Content {
    if (!isExternal(inode)) {
      this.#checkInline(inode);
      return { kind: "inline", bytes: this.#image.data(inode) };
    }
    const object = redirectPath(redirect(inode, xattrs));
    const digest = metacopyDigest(find(xattrs, METACOPY_NAME), path);
    // libcomposefs knows of no other digest than that by SHA-256, and says that there is none.
    const isKnown = this.#exact || digest?.algorithm === "sha256";
    return externalContent(inode.size, object, isKnown ? digest : undefined);
  }

  #checkInline(inode: ImageInode): void {
    const { size, start } = inode;
    this.#image.dataBlocks(inode);
    if (size <= MAX_INLINE_SIZE) return;
    throw new ImageFormatError(
      start,
      `inline content of ${size} bytes, expected at most ${MAX_INLINE_SIZE}`,
    );
  }

  /**
   * The target of a symbolic link.
   *
   * @throws {ImageFormatError} If it is none.
   */
  target(inode: ImageInode): Uint8Array {
    if (inode.size > MAX_PATH_LENGTH) {
      throw new ImageFormatError(
        inode.start,
        `symlink target of ${inode.size} bytes, expected at most ${MAX_PATH_LENGTH}`,
      );
    }
    const target = this.#image.data(inode);
    const problem = targetProblem(target);
    if (problem !== undefined) throw new ImageFormatError(inode.start, problem);
    return target;
  }

  #stat({ inode, xattrs }: FoundInode, marks: readonly Xattr[]): Stat {
    const { mode, uid, gid, nlink, mtime, mtimeNsec } = inode;
    // What libcomposefs takes for its own does not depend on what the overlay step would have added.
    const dropped = this.#exact ? marks : inode.kind === "regular" ? FILE_MARKS : OTHER_MARKS;
    return { mode, uid, gid, nlink, mtime, mtimeNsec, xattrs: sourceXattrs(xattrs, dropped) };
  }
}

/** The source's xattrs: without the given marks and what overlayfs itself reads, unescaped. */
function sourceXattrs(
  xattrs: readonly ImageXattr[],
  marks: readonly Xattr[],
): readonly Xattr[] {
  let kept: Xattr[] | undefined;
  for (const each of xattrs) {
    const { name } = each;
    const escaped = startsWith(name, ESCAPED_PREFIX);
    if (!escaped && startsWith(name, OVERLAY_PREFIX)) continue;
    if (find(marks, name) !== undefined) continue;
    kept ??= [];
    kept.push(escaped ? unescapeXattr(each.xattr) : each.xattr);
  }
  return kept ?? NO_XATTRS;
}

const NO_XATTRS: readonly Xattr[] = [];

/** What libcomposefs takes for its own on a regular file, and on all others. */
const FILE_MARKS: readonly Xattr[] = [...WHITEOUT_XATTRS, ...WHITEOUTS_XATTRS];
const OTHER_MARKS: readonly Xattr[] = FILE_MARKS.filter((mark) => mark !== WHITEOUT_XATTRS[0]);

/** Tells what libcomposefs takes for a whiteout. */
function isMarkedWhiteout(xattrs: readonly ImageXattr[]): boolean {
  return find(xattrs, WHITEOUT_XATTRS[0]!.name) !== undefined;
}

/** Tells whether an inode is what the overlay step makes of a whiteout. */
export function isWhiteout({ inode, xattrs }: FoundInode): boolean {
  return inode.kind === "regular" && inode.size === 0 && hasAll(xattrs, WHITEOUT_XATTRS);
}

/** The redirect of a file whose contents are outside of the image, checked. */
function redirect(inode: ImageInode, xattrs: readonly ImageXattr[]): ImageXattr | undefined {
  const found = find(xattrs, REDIRECT_NAME);
  if (found?.includes(0)) throw new ImageFormatError(inode.start, "redirect with a NUL");
  return found;
}

function find<Named extends { readonly name: Uint8Array }>(
  xattrs: readonly Named[],
  name: Uint8Array,
): Named | undefined {
  for (let i = 0; i < xattrs.length; i++) {
    if (equalBytes(xattrs[i]!.name, name)) return xattrs[i];
  }
  return undefined;
}

function hasAll(xattrs: readonly ImageXattr[], wanted: readonly Xattr[]): boolean {
  return wanted.every(({ name, value }) => {
    const found = find(xattrs, name);
    return found !== undefined && equalBytes(found.value(), value);
  });
}

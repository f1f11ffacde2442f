/**
 * The lines of a dump file, field by field.
 *
 * What neighbouring lines have in common is not made anew: the path of the directory, and metadata as text.
 *
 * @see composefs-dump(5)
 *
 * @module
 */

import { viewOf } from "../bytes/view.ts";
import { PathBuffer } from "../tree/path_buffer.ts";
import {
  type Content,
  contentSize,
  FILE_TYPE_BITS,
  type FileKind,
  type Node,
  type Stat,
  type Xattr,
} from "../tree/tree.ts";
import { escapeField } from "./escape.ts";
import { LineBuffer } from "./line_buffer.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const AT_SIGN = 0x40;

/** Size from which lines are handed out, in bytes. */
const CHUNK_SIZE = 1 << 16;

/** The metadata on a line. */
type LineStat = Omit<Stat, "xattrs">;

/** The least size that makes the inode of a device, fifo or socket extended: see `ImageForm`. */
const OVERSIZE = 2 ** 32;

/** An object that a file refers to, and the file's xattrs. Path and digest are parts of `bytes`, empty if absent. */
export interface ObjectParts {
  readonly bytes: Uint8Array;
  readonly pathStart: number;
  readonly pathEnd: number;
  readonly digestStart: number;
  readonly digestEnd: number;
  readonly xattrs: readonly Xattr[];
}

/** Writes lines: for each its `path`, then the file or an object. */
export class DumpLines {
  readonly #lines = new LineBuffer(2 * CHUNK_SIZE);
  /** The path of the directory that the next line may be in, escaped. */
  readonly #path = new PathBuffer();
  /** The part of it that the last line began with, and how deep below the root that was. */
  #prefix: Uint8Array = new Uint8Array();
  #prefixDepth = -1;
  readonly #statText = new LineBuffer(128);
  readonly #last = { mode: -1, nlink: 0, uid: 0, gid: 0, rdev: 0, mtimeNsec: 0 };
  #lastMtime: number | bigint = 0;

  /** Whether there is enough to be handed out. */
  get isFull(): boolean {
    return this.#lines.length >= CHUNK_SIZE;
  }

  /** All lines so far: a view that is valid until the next is written. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#lines.take();
  }

  /**
   * Begins a line, of a file `depth` levels below the root in the directory last named one level up. Its name is
   * what stands in `bytes` from `start` to `end`.
   */
  path(
    { depth, isDirectory }: { readonly depth: number; readonly isDirectory: boolean },
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const lines = this.#lines;
    if (isDirectory) {
      this.#path.move(depth, escapeField(viewOf(bytes, start, end), "path"));
      this.#prefixDepth = -1;
      if (depth === 0) lines.byte(SLASH);
      else lines.bytes(this.#path.bytes, this.#path.length);
      return;
    }
    if (this.#prefixDepth !== depth) {
      this.#prefixDepth = depth;
      this.#prefix = viewOf(this.#path.bytes, 0, this.#path.lengthAt(depth - 1));
    }
    lines.bytes(this.#prefix, this.#prefix.length);
    lines.byte(SLASH);
    lines.field(bytes, "path", start, end);
  }

  /**
   * The rest of the line of a file.
   *
   * @param isExtended Whether its inode is extended without need.
   * @param home Path of the file's home, if the line is of another name of it.
   */
  file(node: Node<Content>, isExtended: boolean, home: Uint8Array | undefined): void {
    const { kind, stat } = node;
    const file = kind === "regular" ? node.file : undefined;
    const external = file?.kind === "external" ? file : undefined;
    this.#size(isExtended ? OVERSIZE : nodeSize(node), home !== undefined);
    this.#stat(kind, stat, "rdev" in node ? node.rdev : 0);
    this.#optional(home ?? (kind === "symlink" ? node.target : external?.path));
    this.#optional(file?.kind === "inline" && file.bytes.length > 0 ? file.bytes : undefined);
    const digest = external?.digest?.bytes;
    this.#digest(digest ?? NOTHING, 0, digest?.length ?? 0);
    this.#end(stat.xattrs);
  }

  /** The rest of the line of a regular file whose contents are outside of the image. */
  object(size: number, stat: LineStat, object: ObjectParts): void {
    const { bytes, pathStart, pathEnd, digestStart, digestEnd, xattrs } = object;
    const lines = this.#lines;
    this.#size(size, false);
    this.#stat("regular", stat, 0);
    lines.byte(SPACE);
    if (pathStart === pathEnd) lines.byte(DASH);
    else lines.field(bytes, "optional", pathStart, pathEnd);
    this.#optional(undefined);
    this.#digest(bytes, digestStart, digestEnd);
    this.#end(xattrs);
  }

  #size(size: number, isLink: boolean): void {
    const lines = this.#lines;
    lines.byte(SPACE);
    lines.number(size);
    lines.byte(SPACE);
    if (isLink) lines.byte(AT_SIGN);
  }

  /** All from MODE to MTIME. */
  #stat(kind: FileKind, stat: LineStat, rdev: number): void {
    const lines = this.#lines;
    const mode = FILE_TYPE_BITS[kind] | stat.mode;
    if (!this.#isLast(mode, stat, rdev)) this.#writeStat(mode, stat, rdev);
    lines.append(this.#statText);
  }

  #isLast(mode: number, stat: LineStat, rdev: number): boolean {
    const last = this.#last;
    return last.mode === mode && this.#lastMtime === stat.mtime &&
      last.mtimeNsec === stat.mtimeNsec && last.uid === stat.uid && last.gid === stat.gid &&
      last.nlink === stat.nlink && last.rdev === rdev;
  }

  #writeStat(mode: number, stat: LineStat, rdev: number): void {
    const { nlink, uid, gid, mtime, mtimeNsec } = stat;
    Object.assign(this.#last, { mode, nlink, uid, gid, rdev, mtimeNsec });
    this.#lastMtime = mtime;
    const text = this.#statText;
    text.length = 0;
    text.octal(mode);
    text.byte(SPACE);
    text.number(nlink);
    text.byte(SPACE);
    text.number(uid);
    text.byte(SPACE);
    text.number(gid);
    text.byte(SPACE);
    text.number(rdev);
    text.byte(SPACE);
    text.number(mtime);
    text.byte(DOT);
    text.number(mtimeNsec);
  }

  /** PAYLOAD or CONTENT. */
  #optional(bytes: Uint8Array | undefined): void {
    this.#lines.byte(SPACE);
    this.#lines.optional(bytes);
  }

  #digest(bytes: Uint8Array, start: number, end: number): void {
    const lines = this.#lines;
    lines.byte(SPACE);
    if (start === end) lines.byte(DASH);
    else lines.hex(bytes, start, end);
  }

  /** Ends the line with its xattrs. */
  #end(xattrs: readonly Xattr[]): void {
    const lines = this.#lines;
    for (let i = 0; i < xattrs.length; i++) {
      const { name, value } = xattrs[i]!;
      lines.byte(SPACE);
      lines.field(name, "xattr");
      lines.byte(EQUALS);
      lines.field(value, "xattr");
    }
    lines.byte(NEWLINE);
  }
}

const NOTHING = new Uint8Array();

function nodeSize(node: Node<Content>): number {
  switch (node.kind) {
    case "directory":
      return node.size ?? 0;
    case "symlink":
      return node.target.length;
    case "regular":
      return contentSize(node.file);
    default:
      return 0;
  }
}

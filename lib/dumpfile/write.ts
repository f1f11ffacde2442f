/**
 * Tree to dump file, in the canonical form that composefs-info 1.0.8 prints.
 *
 * One line an entry, depth first, each directory's entries in byte order. Comes in chunks, so that a dump
 * is never held whole.
 *
 * @see composefs-dump(5)
 *
 * @module
 */

import { findHomes, isHome } from "../tree/homes.ts";
import { PathBuffer } from "../tree/path_buffer.ts";
import { pathOf, type Place } from "../tree/place.ts";
import { type Content, FILE_TYPE_BITS, type Node, type Tree } from "../tree/tree.ts";
import { TreeWalk } from "../tree/walk.ts";
import { escapeField } from "./escape.ts";
import { LineBuffer } from "./line_buffer.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const AT_SIGN = 0x40;

/** Size from which a chunk is handed out, in bytes. */
const CHUNK_SIZE = 1 << 16;

/**
 * Writes a tree as a dump file.
 *
 * @returns The dump's chunks. Each is a view that is valid until the next one is asked for.
 *
 * @example An image as text
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openImage, createImageFromDump, writeDumpfile } from "composefs-ts";
 *
 * const dump = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
 * const image = createImageFromDump([new TextEncoder().encode(dump)]);
 * let text = "";
 * for (const chunk of writeDumpfile(openImage(image).tree())) text += new TextDecoder().decode(chunk);
 * assertEquals(text, dump);
 * ```
 */
export function* writeDumpfile(tree: Tree<Content>): Generator<Uint8Array<ArrayBuffer>> {
  const homes = findHomes(tree);
  const extended = tree.form?.extended;
  const path = new PathBuffer();
  const lines = new LineBuffer(2 * CHUNK_SIZE);
  const walk = new TreeWalk(tree);
  while (walk.next()) {
    const { node, name, leaf } = walk;
    path.move(walk.depth, escapeField(name, "path"));
    if (path.length === 0) lines.byte(SLASH);
    else lines.bytes(path.bytes, path.length);
    const home = leaf < 0 ? undefined : homes.get(leaf);
    const isLink = home !== undefined && !isHome(home, walk.directory!, name);
    const size = extended?.has(leaf) ? OVERSIZE : nodeSize(node);
    writeNode(lines, node, size, isLink ? home.place : undefined);
    lines.byte(NEWLINE);
    if (lines.length >= CHUNK_SIZE) yield lines.take();
  }
  if (lines.length > 0) yield lines.take();
}

/** The least size that makes the inode of a device, fifo or socket extended: see `ImageForm`. */
const OVERSIZE = 2 ** 32;

/** Everything behind PATH. `target` is given for a hard link: where the home of its file is. */
function writeNode(
  lines: LineBuffer,
  node: Node<Content>,
  size: number,
  target: Place | undefined,
): void {
  const { stat } = node;
  lines.byte(SPACE);
  lines.number(size);
  lines.byte(SPACE);
  if (target !== undefined) lines.byte(AT_SIGN);
  lines.octal(FILE_TYPE_BITS[node.kind] | stat.mode);
  lines.byte(SPACE);
  lines.number(stat.nlink);
  lines.byte(SPACE);
  lines.number(stat.uid);
  lines.byte(SPACE);
  lines.number(stat.gid);
  lines.byte(SPACE);
  lines.number("rdev" in node ? node.rdev : 0);
  lines.byte(SPACE);
  lines.number(stat.mtime);
  lines.byte(DOT);
  lines.number(stat.mtimeNsec);
  lines.byte(SPACE);
  const file = node.kind === "regular" ? node.file : undefined;
  const external = file?.kind === "external" ? file : undefined;
  if (target !== undefined) lines.optional(pathOf(target));
  else lines.optional(node.kind === "symlink" ? node.target : external?.path);
  lines.byte(SPACE);
  lines.optional(file?.kind === "inline" && file.bytes.length > 0 ? file.bytes : undefined);
  lines.byte(SPACE);
  if (external?.digest === undefined) lines.byte(DASH);
  else lines.hex(external.digest.bytes);
  for (const { name, value } of stat.xattrs) {
    lines.byte(SPACE);
    lines.field(name, "xattr");
    lines.byte(EQUALS);
    lines.field(value, "xattr");
  }
}

function nodeSize(node: Node<Content>): number {
  switch (node.kind) {
    case "directory":
      return node.size ?? 0;
    case "symlink":
      return node.target.length;
    case "regular":
      return node.file.kind === "inline" ? node.file.bytes.length : node.file.size;
    default:
      return 0;
  }
}

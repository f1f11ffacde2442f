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

import {
  type Content,
  type Directory,
  FILE_TYPE_BITS,
  type Leaf,
  type Tree,
} from "../tree/tree.ts";
import { PathBuffer, TreeWalk } from "../tree/walk.ts";
import { escapeField } from "./escape.ts";
import { LineBuffer } from "./_line_buffer.ts";

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
  const targets = targetPlaces(tree);
  const path = new PathBuffer();
  const lines = new LineBuffer(2 * CHUNK_SIZE);
  const walk = new TreeWalk(tree);
  while (walk.next()) {
    const { node } = walk;
    path.move(walk.depth, escapeField(walk.name, "path"));
    if (path.length === 0) lines.byte(SLASH);
    else lines.bytes(path.bytes, path.length);
    if (node.kind === "hardlink") writeNode(lines, node.target, targets.get(node.target)!);
    else writeNode(lines, node, undefined);
    lines.byte(NEWLINE);
    if (lines.length >= CHUNK_SIZE) yield lines.take();
  }
  if (lines.length > 0) yield lines.take();
}

/** A name and the directory it stands in; a path takes no more room than its last name. */
interface Place {
  readonly name: Uint8Array;
  /** Undefined for the root. */
  readonly parent: Place | undefined;
}

/** Where the files are that hard links lead to. */
function targetPlaces(tree: Tree<Content>): Map<Leaf<Content>, Place> {
  const places = new Map<Leaf<Content>, Place>();
  const wanted = new Set<Directory<Content> | Leaf<Content>>();
  const first = new TreeWalk(tree);
  while (first.next()) {
    if (first.node.kind === "hardlink") wanted.add(first.node.target);
  }
  if (wanted.size === 0) return places;
  const trail: Place[] = [];
  const second = new TreeWalk(tree);
  while (second.next()) {
    const { node, name, depth } = second;
    const place = { name, parent: trail[depth - 1] };
    if (node.kind === "directory") trail[depth] = place;
    else if (node.kind !== "hardlink" && wanted.has(node)) places.set(node, place);
  }
  return places;
}

/** The absolute path of a place below the root. */
function pathOf(place: Place): Uint8Array {
  let length = 0;
  for (let at = place; at.parent !== undefined; at = at.parent) length += 1 + at.name.length;
  const path = new Uint8Array(length);
  let end = length;
  for (let at = place; at.parent !== undefined; at = at.parent) {
    end -= at.name.length;
    path.set(at.name, end);
    path[--end] = 0x2f;
  }
  return path;
}

/** Everything behind PATH. `target` is given for a hard link: where the file is that it leads to. */
function writeNode(
  lines: LineBuffer,
  node: Directory<Content> | Leaf<Content>,
  target: Place | undefined,
): void {
  const { stat } = node;
  lines.byte(SPACE);
  lines.number(nodeSize(node));
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

function nodeSize(node: Directory<Content> | Leaf<Content>): number {
  switch (node.kind) {
    case "directory":
      return node.size ?? 0;
    case "symlink":
      return node.target.length;
    case "regular":
      return node.file.kind === "inline" ? node.file.bytes.length : node.file.size;
    default:
      // The least size that gives the inode the same form when an image is made of the dump.
      return node.oversized ? 2 ** 32 : 0;
  }
}

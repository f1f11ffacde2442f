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
import { PathBuffer, walk } from "../tree/walk.ts";
import { escapeField } from "./escape.ts";

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
  const line = new Line();
  for (const { node, name, depth } of walk(tree)) {
    path.move(depth, escapeField(name, "path"));
    line.bytes(path.path);
    if (node.kind === "hardlink") writeNode(line, node.target, targets.get(node.target)!);
    else writeNode(line, node, undefined);
    line.text("\n");
    if (line.length >= CHUNK_SIZE) yield line.take();
  }
  if (line.length > 0) yield line.take();
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
  for (const { node } of walk(tree)) {
    if (node.kind === "hardlink") wanted.add(node.target);
  }
  if (wanted.size === 0) return places;
  const trail: Place[] = [];
  for (const { node, name, depth } of walk(tree)) {
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
  line: Line,
  node: Directory<Content> | Leaf<Content>,
  target: Place | undefined,
): void {
  const { stat } = node;
  const mode = (FILE_TYPE_BITS[node.kind] | stat.mode).toString(8);
  const rdev = "rdev" in node ? node.rdev : 0;
  line.text(
    ` ${nodeSize(node)} ${target === undefined ? "" : "@"}${mode} ${stat.nlink} ${stat.uid} ` +
      `${stat.gid} ${rdev} ${stat.mtime}.${stat.mtimeNsec} `,
  );
  const file = node.kind === "regular" ? node.file : undefined;
  const external = file?.kind === "external" ? file : undefined;
  if (target !== undefined) line.optional(pathOf(target));
  else line.optional(node.kind === "symlink" ? node.target : external?.path);
  line.text(" ");
  line.optional(file?.kind === "inline" && file.bytes.length > 0 ? file.bytes : undefined);
  line.text(external?.digest === undefined ? " -" : " " + external.digest.toHex());
  for (const { name, value } of stat.xattrs) {
    line.text(" ");
    line.bytes(escapeField(name, "xattr"));
    line.text("=");
    line.bytes(escapeField(value, "xattr"));
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

/** Bytes collected into one growing buffer. */
class Line {
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(2 * CHUNK_SIZE);
  length = 0;

  /** Appends ASCII text. */
  text(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#buffer[this.length++] = text.charCodeAt(i);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Appends an escaped field, or the dash that means that it is absent. */
  optional(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.text("-");
    else this.bytes(escapeField(bytes, "optional"));
  }

  /** Everything collected so far; the buffer is used again. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#buffer.length) return;
    const larger = new Uint8Array((this.length + more) * 2);
    larger.set(this.#buffer.subarray(0, this.length));
    this.#buffer = larger;
  }
}

/**
 * `ls`: the files of images, a line each.
 *
 * @module
 */

import { utf8 } from "../../../lib/bytes/text.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { escapeField, isPlain } from "../../../lib/dumpfile/escape.ts";
import { LineBuffer } from "../../../lib/dumpfile/line_buffer.ts";
import type { ImageDirectory } from "../../../lib/composefs/image_entry.ts";
import { type CheckedImage, ImageWalk } from "../../../lib/composefs/image_walk.ts";
import type { Content, Leaf } from "../../../lib/tree/tree.ts";
import { PathBuffer } from "../../../lib/tree/path_buffer.ts";
import { pathOf, type Place } from "../../../lib/tree/place.ts";
import { type Context, defineCommand } from "../../args/command.ts";
import { jsonBytes, jsonLine } from "../../json.ts";
import type { Output } from "../../terminal.ts";
import { type ImageOptions, imageOptions, IMAGES } from "./image_options.ts";
import { lengthCheck, selectedImages } from "./selected_images.ts";
import { REFERENCE_HELP } from "../../references/reference.ts";

/** What `composefs ls` and `composefs-info ls` have in common. */
export const LS = {
  name: "ls",
  summary: "List the files of images",
  description: [
    "Prints a path a line, the root left out: directories with a slash, symbolic links with their targets, files kept in an object store with their object paths.",
    "With --json, one object a line: path, type, mode, uid, gid, size, mtime, mtimeNsec, nlink and, where there is one, target, object, digest or rdev. Further names of a hard-linked file have the path of the first as hardLinkTo.",
  ],
  operands: IMAGES,
} as const;

/** The command `composefs ls`. */
export const ls = defineCommand({
  ...LS,
  description: [...LS.description, REFERENCE_HELP],
  options: imageOptions,
  run: (options, { images }, context) => runLs(options, images, context, "exact"),
});

/** Lists images as the given view shows them. */
export async function runLs(
  options: ImageOptions,
  images: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  view: ImageView,
): Promise<number> {
  const { terminal } = context;
  // The C program lists paths of any length.
  const makeVisit = view === "exact" ? lengthCheck : undefined;
  for await (const image of selectedImages(images, options, context, { view, makeVisit })) {
    if (options.json) listJson(terminal.stdout, image);
    else list(terminal.stdout, image);
  }
  return 0;
}

const NEWLINE = 0x0a;
const SLASH = 0x2f;
const TAB = 0x09;

/** Bytes of lines that are written at a time. */
const CHUNK_SIZE = 1 << 15;

/** Says where a name leads to, behind the path. */
const TAB_ARROW = utf8("\t-> ");
const TAB_AT = utf8("\t@ ");

function list(stdout: Output, image: CheckedImage): void {
  const walk = new ImageWalk(image);
  // Made of escaped names: those of the directories are not escaped again for each entry.
  const path = new PathBuffer();
  const lines = new LineBuffer(2 * CHUNK_SIZE);
  while (walk.next()) {
    if (walk.depth === 0) continue;
    moveEscaped(path, walk, image.image.image);
    lines.bytes(path.bytes, path.length);
    // The details of a file are given with its first name.
    if (!walk.isAgain) writeDetail(lines, walk);
    lines.byte(NEWLINE);
    if (lines.length >= CHUNK_SIZE) stdout.write(lines.take());
  }
  stdout.write(lines.take());
}

function moveEscaped(path: PathBuffer, { depth, entry }: ImageWalk, image: Uint8Array): void {
  const { nameStart, nameEnd } = entry;
  if (isPlain(image, nameStart, nameEnd, "listing")) path.moveTo(depth, image, nameStart, nameEnd);
  else path.move(depth, escapeField(entry.name, "listing"));
}

/** Writes what there is to say of a file. Of most that the image holds there is nothing, and nothing is made. */
function writeDetail(lines: LineBuffer, walk: ImageWalk): void {
  const { kind } = walk.inode;
  if (kind === "directory") {
    lines.byte(SLASH);
    lines.byte(TAB);
  } else if (kind === "symlink") {
    lines.bytes(TAB_ARROW, TAB_ARROW.length);
    lines.field(walk.target(), "path");
  } else if (kind === "regular") {
    const path = walk.objectPath();
    if (path === undefined) return;
    lines.bytes(TAB_AT, TAB_AT.length);
    lines.field(path, "path");
  }
}

function listJson(stdout: Output, image: CheckedImage): void {
  const linked = readLinked(image);
  /** Where these files have been met first, by nid. */
  const met = new Map<number, Place>();
  /** The directories that the walk is in, the root first. */
  const above: Place[] = [{ name: new Uint8Array() }];
  for (const { walk, path } of steps(image)) {
    const { nid, kind } = walk.inode;
    const place = () => ({ parent: above[walk.depth - 1]!, name: walk.entry.name });
    if (kind === "directory") {
      above[walk.depth] = place();
      stdout.write(jsonLine(entry(path, walk.directory())));
      continue;
    }
    const fields = entry(path, linked.get(nid) ?? walk.leaf());
    if (walk.isAgain) {
      stdout.write(jsonLine({ ...fields, ...jsonBytes("hardLinkTo", pathOf(met.get(nid)!)) }));
    } else {
      if (image.linked.has(nid)) met.set(nid, place());
      stdout.write(jsonLine(fields));
    }
  }
}

/** Reads the files that have several names, each at its home. */
function readLinked(image: CheckedImage): Map<number, Leaf<Content>> {
  const linked = new Map<number, Leaf<Content>>();
  if (image.linked.size === 0) return linked;
  for (const { walk } of steps(image)) {
    const { nid } = walk.inode;
    if (image.linked.has(nid) && walk.isHome) linked.set(nid, walk.leaf());
  }
  return linked;
}

/** A walk below the root, and the path of each step: a view, valid until the next. */
function* steps(image: CheckedImage): Generator<{ walk: ImageWalk; path: Uint8Array }> {
  const walk = new ImageWalk(image);
  const path = new PathBuffer();
  while (walk.next()) {
    if (walk.depth === 0) continue;
    path.move(walk.depth, walk.entry.name);
    yield { walk, path: path.path };
  }
}

function entry(path: Uint8Array, file: ImageDirectory | Leaf<Content>): object {
  const { mode, uid, gid, nlink, mtime, mtimeNsec } = file.stat;
  return {
    ...jsonBytes("path", path),
    type: file.kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    size: sizeOf(file),
    mtime,
    mtimeNsec,
    nlink,
    ...(file.kind === "symlink" ? jsonBytes("target", file.target) : {}),
    ...(file.kind === "character" || file.kind === "block" ? { rdev: file.rdev } : {}),
    ...(file.kind === "regular" ? contentFields(file.file) : {}),
  };
}

function sizeOf(file: ImageDirectory | Leaf<Content>): number {
  switch (file.kind) {
    case "regular":
      return file.file.kind === "inline" ? file.file.bytes.length : file.file.size;
    case "symlink":
      return file.target.length;
    case "directory":
      return file.size;
    default:
      return 0;
  }
}

function contentFields(file: Content): object {
  if (file.kind === "inline") return {};
  return {
    ...(file.path !== undefined ? jsonBytes("object", file.path) : {}),
    ...(file.digest !== undefined ? { digest: file.digest.toHex() } : {}),
  };
}

/**
 * `ls`: the files of images, a line each.
 *
 * @module
 */

import { utf8 } from "../../../lib/bytes/text.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { escapeField, isPlain } from "../../../lib/dumpfile/escape.ts";
import { LineBuffer } from "../../../lib/dumpfile/line_buffer.ts";
import { type CheckedImage, ImageWalk } from "../../../lib/composefs/image_walk.ts";
import { PathBuffer } from "../../../lib/tree/path_buffer.ts";
import { pathOf } from "../../../lib/tree/place.ts";
import { type Context, defineCommand } from "../../args/command.ts";
import { jsonBytes, jsonLine } from "../../json.ts";
import type { Output } from "../../terminal.ts";
import { type ImageOptions, IMAGES, ownImageOptions } from "./image_options.ts";
import { deviceText, fileFields, modeLetters, sizeOf, timeText } from "./describe.ts";
import { filesOf } from "./_files.ts";
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
  options: {
    long: {
      kind: "flag",
      short: "l",
      summary: "Show type and mode, links, owner, size or device, and time of each file",
      help: "Times are in UTC, nanoseconds are shown where there are any.",
    },
    ...ownImageOptions,
  },
  examples: [
    {
      summary: "See what is below a directory",
      command: "composefs ls -l --path=/usr/bin rootfs.cfs",
    },
    { summary: "See what is in a tar archive", command: "composefs ls tar:rootfs.tar.gz" },
  ],
  run: (options, { images }, context) => runLs(options, images, context, "exact"),
});

/** Lists images as the given view shows them. */
export async function runLs(
  options: ImageOptions & { readonly long?: boolean },
  images: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  view: ImageView,
): Promise<number> {
  const { terminal } = context;
  // The C program lists paths of any length.
  const makeVisit = view === "exact" ? lengthCheck : undefined;
  for await (const image of selectedImages(images, options, context, { view, makeVisit })) {
    if (options.json) listJson(terminal.stdout, image);
    else if (options.long === true) listLong(terminal.stdout, image);
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

/** One line for each name, all that ls(1) says in front of it. */
function listLong(stdout: Output, image: CheckedImage): void {
  const lines = new LineBuffer(2 * CHUNK_SIZE);
  for (const { path, file } of filesOf(image)) {
    const { nlink, uid, gid } = file.stat;
    const size = deviceText(file) ?? String(sizeOf(file));
    const columns = `${modeLetters(file)} ${String(nlink).padStart(3)} ${uid}:${gid} `;
    const text = utf8(`${columns}${size.padStart(10)} ${timeText(file, false)} `);
    lines.bytes(text, text.length);
    lines.field(path, "listing");
    if (file.kind === "directory") lines.byte(SLASH);
    if (file.kind === "symlink") {
      lines.bytes(ARROW, ARROW.length);
      lines.field(file.target, "path");
    }
    lines.byte(NEWLINE);
    if (lines.length >= CHUNK_SIZE) stdout.write(lines.take());
  }
  stdout.write(lines.take());
}

const ARROW = utf8(" -> ");

function listJson(stdout: Output, image: CheckedImage): void {
  for (const { path, file, first } of filesOf(image)) {
    const fields = fileFields(path, file);
    const again = first === undefined ? {} : jsonBytes("hardLinkTo", pathOf(first));
    stdout.write(jsonLine({ ...fields, ...again }));
  }
}

function list(stdout: Output, image: CheckedImage): void {
  const walk = new ImageWalk(image);
  // Made of escaped names: those of the directories are not escaped again for each entry.
  const path = new PathBuffer();
  const lines = new LineBuffer(2 * CHUNK_SIZE);
  while (walk.next()) {
    if (walk.depth === 0) continue;
    moveEscaped(path, walk, image.image.image);
    if (walk.isOnWay) continue;
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

/**
 * `ls`: the files of images, a line each.
 *
 * @module
 */

import { utf8 } from "../../../lib/bytes/text.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { pathOf } from "../../../lib/tree/place.ts";
import type { Content, Node, Tree } from "../../../lib/tree/tree.ts";
import { checkPathLengths, type Step, walk } from "../../../lib/tree/walk.ts";
import { type Context, defineCommand } from "../../args/command.ts";
import { jsonBytes, jsonLine } from "../../json.ts";
import type { Output } from "../../terminal.ts";
import { type ImageOptions, imageOptions, IMAGES, selectedTrees } from "./image_options.ts";

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
  options: imageOptions,
  run: (options, { images }, context) => runLs(options, images, context, "exact"),
});

/** Lists images as the given view shows them. */
export function runLs(
  options: ImageOptions,
  images: readonly Uint8Array[],
  context: Context,
  view: ImageView,
): number {
  const { terminal } = context;
  for (const tree of selectedTrees(images, options, context, view)) {
    // The C program lists them all.
    if (view === "exact") checkPathLengths(tree);
    if (options.json) listJson(terminal.stdout, tree);
    else list(terminal.stdout, tree);
  }
  return 0;
}

const NEWLINE = utf8("\n");
const SLASH_TAB = utf8("/\t");
const TAB_ARROW = utf8("\t-> ");
const TAB_AT = utf8("\t@ ");

function list(stdout: Output, tree: Tree<Content>): void {
  for (const { node, depth, path, again } of walk(tree)) {
    if (depth === 0) continue;
    stdout.write(escapeField(path, "listing"));
    // The details of a file are given with its first name.
    if (again === undefined) writeDetail(stdout, node);
    stdout.write(NEWLINE);
  }
}

function writeDetail(stdout: Output, node: Node<Content>): void {
  if (node.kind === "directory") {
    stdout.write(SLASH_TAB);
  } else if (node.kind === "symlink") {
    stdout.write(TAB_ARROW);
    stdout.write(escapeField(node.target, "path"));
  } else if (node.kind === "regular" && node.file.kind === "external" && node.file.path) {
    stdout.write(TAB_AT);
    stdout.write(escapeField(node.file.path, "path"));
  }
}

function listJson(stdout: Output, tree: Tree<Content>): void {
  for (const step of walk(tree)) {
    if (step.depth > 0) stdout.write(jsonLine(entry(step)));
  }
}

function entry({ node: file, path, again }: Step<Content>): unknown {
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
    ...(again !== undefined ? jsonBytes("hardLinkTo", pathOf(again)) : {}),
  };
}

function sizeOf(file: Node<Content>): number {
  switch (file.kind) {
    case "regular":
      return file.file.kind === "inline" ? file.file.bytes.length : file.file.size;
    case "symlink":
      return file.target.length;
    case "directory":
      return file.size ?? 0;
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

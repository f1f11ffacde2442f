/**
 * `stat`: all that an image says of single files.
 *
 * @module
 */

import type { ImageEntry } from "../../../lib/composefs/image_entry.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import type { FileKind, Xattr } from "../../../lib/tree/tree.ts";
import { defineCommand } from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { openOperand } from "../../references/open.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";
import type { Output } from "../../terminal.ts";
import { deviceText, fileFields, modeLetters, shownValue, sizeOf, timeText } from "./describe.ts";
import { findWithoutLast } from "./find_file.ts";
import { loading } from "./load_image.ts";

/** The command `composefs stat`. */
export const stat = defineCommand({
  name: "stat",
  summary: "Show what an image says of single files",
  description: [
    "Prints type, size, mode, owner, modification time, links, inode and, where there are any, device, object, its fs-verity digest, and extended attributes: as text where they are text, else in hexadecimal after 0x. Times are in UTC. Nothing of the object is read.",
    "With --json one object a line, with the fields of ls --json, and nid and xattrs.",
    REFERENCE_HELP,
  ],
  operands: {
    image: IMAGE_OPERAND,
    paths: {
      name: "PATH",
      summary: "A file of the image",
      inImage: { followsLinks: true },
      repeated: true,
    },
  },
  options: {
    dereference: {
      kind: "flag",
      short: "L",
      summary: "Follow a symbolic link that PATH names, within the image",
    },
    ...referenceOptions,
    json: JSON_OPTION,
  },
  examples: [{
    summary: "See which object has the contents of a file",
    command: "composefs stat rootfs.cfs /usr/bin/bash",
  }],
  exitStatus: ["0 if all files were shown, 1 if not."],
  async run({ dereference, json, ...options }, { image, paths }, context) {
    const { stdout } = context.terminal;
    using reference = await openOperand(image, context, options);
    const opened = loading(reference, () => openImage(reference.image));
    for (const path of paths) {
      const file = loading(reference, () => {
        const found = dereference ? opened.lookup(path) : findWithoutLast(opened, path);
        // What is shown of it is read here, so that what is wrong with it is told here.
        void found.node;
        return found;
      });
      if (json) printJson(stdout, file);
      else printText(stdout, file);
    }
    return 0;
  },
});

const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  regular: "regular file",
  directory: "directory",
  symlink: "symbolic link",
  character: "character device",
  block: "block device",
  fifo: "fifo",
  socket: "socket",
};

function printText(stdout: Output, { path, nid, node }: ImageEntry): void {
  const { mode, uid, gid, nlink, xattrs } = node.stat;
  const line = (label: string, ...parts: readonly (string | Uint8Array)[]) => {
    stdout.write(`${label.padStart(6)}: `);
    for (const part of parts) stdout.write(part);
    stdout.write("\n");
  };
  const target = node.kind === "symlink" ? [" -> ", escapeField(node.target, "path")] : [];
  line("File", escapeField(path, "listing"), ...target);
  line("Type", KIND_NAMES[node.kind]);
  line("Size", String(sizeOf(node)));
  line("Mode", `${mode.toString(8).padStart(4, "0")} (${modeLetters(node)})`);
  line("Owner", `${uid}:${gid}`);
  line("Mtime", timeText(node, true));
  line("Links", String(nlink));
  line("Inode", String(nid));
  const device = deviceText(node);
  if (device !== undefined) line("Device", device);
  if (node.kind === "regular" && node.file.kind === "external") {
    const { path: object, digest } = node.file;
    if (object !== undefined) line("Object", escapeField(object, "path"));
    if (digest !== undefined) line("Digest", `${digest.algorithm}:${digest.toHex()}`);
  }
  for (const { name, value } of xattrs) {
    line("Xattr", escapeField(name, "listing"), "=", shownValue(value));
  }
}

function printJson(stdout: Output, { path, nid, node }: ImageEntry): void {
  const xattrs = node.stat.xattrs.map(({ name, value }: Xattr) => ({
    ...jsonBytes("name", name),
    ...jsonBytes("value", value),
  }));
  stdout.write(jsonLine({ ...fileFields(path, node), nid, xattrs }));
}

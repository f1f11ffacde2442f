/**
 * The table of `mkcomposefs`: every option of mkcomposefs 1.0.8, and a few of our own.
 *
 * @module
 */

import {
  defineCommand,
  type OperandValues,
  type OptionTable,
  type OptionValues,
} from "../command.ts";
import { JSON_OPTION } from "../json.ts";
import { integer, path } from "../values.ts";

const options = {
  "digest-store": {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Copy file contents into the object store PATH",
    help:
      "Files of up to 64 bytes are kept in the image and not copied. PATH is created if it does not exist. No effect with --from-file.",
  },
  "use-epoch": { kind: "flag", summary: "Set all modification times to 0" },
  "skip-devices": { kind: "flag", summary: "Leave out block and character devices" },
  "skip-xattrs": { kind: "flag", summary: "Leave out extended attributes" },
  "user-xattrs": { kind: "flag", summary: "Keep only user.* extended attributes" },
  "print-digest": { kind: "flag", summary: "Print the fs-verity digest of the image" },
  "print-digest-only": {
    kind: "flag",
    summary: "Print the digest, write no image",
    help: "IMAGE must not be given. An object store, if given, is filled all the same.",
  },
  "from-file": { kind: "flag", summary: "Take SOURCE as a dump file, not a directory" },
  "min-version": {
    kind: "value",
    value: "N",
    parse: integer(0, 2 ** 32 - 1),
    invalid: "Invalid min version",
    summary: "Use format version N or later",
    defaultText: "0",
  },
  "max-version": {
    kind: "value",
    value: "N",
    parse: integer(0, 2 ** 32 - 1),
    invalid: "Invalid max version",
    summary: "Use format version N at most",
    defaultText: "1",
    help:
      "The lowest version that can hold the tree is taken; whiteouts need version 1. If only --min-version is given, this is the same as that.",
  },
  threads: {
    kind: "value",
    value: "N",
    parse: integer(1, 2 ** 31 - 1),
    invalid: "Invalid threads count",
    summary: "Digest and copy files in N threads",
    defaultText: "number of CPUs",
    help: "The image does not depend on it.",
  },
  hardlinks: {
    kind: "flag",
    summary: "Keep hard links of SOURCE as hard links",
    help: "Otherwise each name becomes a file of its own, as in the C program.",
    extension: true,
  },
  "verify-objects": {
    kind: "flag",
    summary: "Check the contents of objects already in the store",
    help: "Otherwise an object that is already there is kept if its size is right.",
    extension: true,
  },
  json: JSON_OPTION,
} as const satisfies OptionTable;

const operands = {
  source: {
    name: "SOURCE",
    summary: "The directory, or the dump file with --from-file (- for standard input)",
    missing: "No source path specified",
  },
  image: {
    name: "IMAGE",
    summary: "The image to write (- for standard output)",
    optional: true,
  },
} as const;

/** What the options of `mkcomposefs` come to. */
export type MkcomposefsOptions = OptionValues<typeof options>;

/** What the operands of `mkcomposefs` come to. */
export type MkcomposefsOperands = OperandValues<typeof operands>;

/** The command `mkcomposefs`. */
export const mkcomposefs = defineCommand({
  name: "mkcomposefs",
  summary: "Make a composefs image of a directory or a dump file",
  program: { usageStatus: 1, printUsage: true },
  synopsis: ["[OPTIONS] SOURCE IMAGE", "[OPTIONS] --print-digest-only SOURCE"],
  description: [
    "The image holds names, owners, times, attributes and small files. Larger files are named by their fs-verity digests and read from an object store when the image is mounted.",
    "The same tree gives the same image, bit for bit.",
  ],
  operands,
  tooMany: "Too many arguments",
  options,
  examples: [
    {
      summary: "Make an image and fill an object store",
      command: "mkcomposefs --digest-store=objects rootfs rootfs.cfs",
    },
    {
      summary: "Print the digest that an image of a directory would have",
      command: "mkcomposefs --print-digest-only rootfs",
    },
    {
      summary: "Make an image again from its dump",
      command: "composefs-info dump rootfs.cfs | mkcomposefs --from-file - copy.cfs",
    },
  ],
  exitStatus: ["0 if the image was made, 1 for every failure."],
  seeAlso: ["composefs-info(1)", "mount.composefs(1)", "composefs-dump(5)"],
  run() {
    throw new Error("Cannot run mkcomposefs: only its command line is there");
  },
});

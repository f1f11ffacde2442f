/**
 * The tables of `composefs-info`: the group and its five commands, as in composefs-info 1.0.8.
 *
 * @module
 */

import { defineCommand, type Group, type OptionTable, type OptionValues } from "../command.ts";
import { JSON_OPTION } from "../json.ts";
import { path } from "../values.ts";

/** Options that may stand before the command or after it. */
const options = {
  basedir: {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Look for objects in the object store PATH",
    help: "Needed by missing-objects; the other commands ignore it.",
  },
  filter: {
    kind: "list",
    value: "NAME",
    parse: path,
    summary: "Keep only this entry of the root directory, with all below it",
    help:
      "A name that the root directory does not have is ignored. measure-file ignores the option.",
  },
  json: JSON_OPTION,
} as const satisfies OptionTable;

const images = {
  images: {
    name: "IMAGE",
    summary: "A composefs image",
    repeated: true,
    missing: "No image path specified",
  },
} as const;

/** What the options of `composefs-info` come to, whatever the command. */
export type ComposefsInfoOptions = OptionValues<typeof options>;

function notYet(): never {
  throw new Error("Cannot run composefs-info: only its command line is there");
}

const ls = defineCommand({
  name: "ls",
  summary: "List the files of images",
  description: [
    "Prints a path a line: directories with a slash, symbolic links with their targets, files kept in an object store with their object paths.",
  ],
  operands: images,
  options,
  run: notYet,
});

const dump = defineCommand({
  name: "dump",
  summary: "Print images as dump files",
  description: ["The command mkcomposefs makes an image of the output again if given --from-file."],
  operands: images,
  options,
  seeAlso: ["composefs-dump(5)"],
  run: notYet,
});

const objects = defineCommand({
  name: "objects",
  summary: "List the objects that images refer to",
  description: ["Each object path is printed once, in byte order, whatever image it is from."],
  operands: images,
  options,
  run: notYet,
});

const missingObjects = defineCommand({
  name: "missing-objects",
  summary: "List the objects that images refer to and the object store lacks",
  description: ["An object counts as there if a file of its name exists below --basedir."],
  operands: images,
  options,
  examples: [{
    summary: "See what has to be fetched before an image can be mounted",
    command: "composefs-info --basedir=objects missing-objects rootfs.cfs",
  }],
  run: notYet,
});

const measureFile = defineCommand({
  name: "measure-file",
  summary: "Print the fs-verity digests of files",
  description: ["Any file will do. Prints a digest a line, in hexadecimal."],
  operands: {
    files: {
      name: "FILE",
      summary: "A file to measure",
      repeated: true,
      missing: "No files specified",
    },
  },
  options,
  run: notYet,
});

/** The program `composefs-info`. */
export const composefsInfo: Group = {
  kind: "group",
  name: "composefs-info",
  summary: "Show what is in composefs images",
  program: { usageStatus: 1, printUsage: true },
  description: ["Each command has a help text of its own: composefs-info COMMAND --help."],
  options,
  commands: [ls, dump, objects, missingObjects, measureFile],
  missing: "No command specified",
  exitStatus: ["0 done, 1 for every failure."],
  seeAlso: ["mkcomposefs(1)", "composefs-dump(5)"],
};

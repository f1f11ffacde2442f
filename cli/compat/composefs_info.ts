/**
 * `composefs-info`: the commands that read images, under the C program's name and as it shows them.
 *
 * @module
 */

import { defineCommand, type Group, type OptionTable } from "../args/command.ts";
import { DIGEST, runDigest } from "../commands/image/digest.ts";
import { DUMP, runDump } from "../commands/image/dump.ts";
import { BASEDIR_OPTION, imageOptions } from "../commands/image/image_options.ts";
import { LS, runLs } from "../commands/image/ls.ts";
import {
  MISSING_OBJECTS,
  OBJECTS,
  runMissingObjects,
  runObjects,
} from "../commands/objects/objects.ts";

/** Options that may stand before the command or after it. */
const options = { basedir: BASEDIR_OPTION, ...imageOptions } as const satisfies OptionTable;

const ls = defineCommand({
  ...LS,
  options,
  run: (options, { images }, context) => runLs(options, images, context, "libcomposefs"),
});

const dump = defineCommand({
  ...DUMP,
  description: [
    "The output is that of composefs-info 1.0.8, except where it prints paths or attributes that are not in the image. mkcomposefs --from-file makes the image again of it; if hard links are not to be lost in a few odd images, use composefs dump.",
  ],
  options,
  run: (options, { images }, context) => runDump(options, images, context, "libcomposefs"),
});

const objects = defineCommand({
  ...OBJECTS,
  options,
  run: (options, { images }, context) => runObjects(options, images, context, "libcomposefs"),
});

const missingObjects = defineCommand({
  ...MISSING_OBJECTS,
  options,
  run: ({ basedir, ...options }, { images }, context) => {
    const basedirs = basedir === undefined ? [] : [basedir];
    return runMissingObjects({ ...options, stores: basedirs }, images, context, "libcomposefs");
  },
});

const measureFile = defineCommand({
  name: "measure-file",
  ...DIGEST,
  options,
  run: (options, { files }, context) => runDigest(options, files, context),
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
  seeAlso: ["mkcomposefs(1)", "composefs-dump(5)", "composefs-image(5)"],
};

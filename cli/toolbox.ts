/**
 * The program `composefs`: everything there is to call.
 *
 * @module
 */

import { composefsInfo } from "./commands/composefs_info.ts";
import { fsverity } from "./commands/fsverity.ts";
import { mkcomposefs } from "./commands/mkcomposefs.ts";
import type { Group } from "./command.ts";

/** The verbs of `composefs`, and the programs that also go by their own names. */
export const TOOLBOX: Group = {
  kind: "group",
  name: "composefs",
  summary: "Make, read and mount composefs images",
  program: { usageStatus: 2, printUsage: false },
  description: [
    "Called by the name of one of its commands, through a link, it is that command.",
    "Each command has a help text of its own: composefs COMMAND --help.",
  ],
  options: {},
  commands: [mkcomposefs, composefsInfo, fsverity],
  exitStatus: [
    "0 done, 1 failed, 2 for a wrong command line. Commands that stand for a C program keep its statuses.",
  ],
};

/**
 * `composefs-dump`: `composefs rewrite` under the C program's name.
 *
 * @module
 */

import { defineCommand } from "../args/command.ts";
import { REWRITE } from "../commands/image/rewrite.ts";

/** The command `composefs-dump`. */
export const composefsDump = defineCommand({
  name: "composefs-dump",
  ...REWRITE,
  program: { usageStatus: 1, printUsage: true },
});

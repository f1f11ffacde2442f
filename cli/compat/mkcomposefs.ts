/**
 * `mkcomposefs`: `composefs create` under the C program's name, failing in its ways.
 *
 * @module
 */

import { defineCommand } from "../args/command.ts";
import { CREATE } from "../commands/image/create.ts";

/** The command `mkcomposefs`. */
export const mkcomposefs = defineCommand({
  name: "mkcomposefs",
  ...CREATE,
  program: { usageStatus: 1, printUsage: true },
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
});

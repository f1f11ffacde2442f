/**
 * `mount.composefs`: `composefs mount` under the C program's name, with the arguments that mount(8) gives
 * to the helper of a file system.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { defineCommand, GLOBAL_OPTIONS, type OptionTable } from "../args/command.ts";
import { UsageError } from "../args/usage_error.ts";
import { MOUNT_OPTIONS_TOPIC } from "../commands/mount/option_words.ts";
import { MOUNT_OPERANDS, OPTIONS_OPTION, readSettings, runMount } from "../commands/mount/mount.ts";

const options = {
  type: {
    kind: "value",
    short: "t",
    value: "TYPE",
    default: "composefs",
    summary: "Type of the file system, which can only be composefs",
  },
  options: OPTIONS_OPTION,
  "read-only": { kind: "flag", short: "r", summary: "Mount read-only, as -o ro", extension: true },
  "read-write": { kind: "flag", short: "w", summary: "Mount writable, as -o rw", extension: true },
  fake: {
    kind: "flag",
    short: "f",
    summary: "Look at image and directories, but mount nothing",
    extension: true,
  },
  "no-mtab": {
    kind: "flag",
    short: "n",
    summary: "Accepted from mount(8); /etc/mtab is never written",
    extension: true,
  },
  sloppy: { kind: "flag", short: "s", summary: "Pass over unknown mount options", extension: true },
  verbose: { kind: "flag", short: "v", summary: "Say how it was mounted", extension: true },
  help: { ...GLOBAL_OPTIONS.help, short: "h" },
} as const satisfies OptionTable;

/** The command `mount.composefs`. */
export const mountComposefs = defineCommand({
  name: "mount.composefs",
  summary: "Mount an image, as a helper of mount",
  description: [
    "As /sbin/mount.composefs it serves mount -t composefs. Needs root.",
    "If it fails, nothing is mounted and nothing is left behind.",
  ],
  program: { usageStatus: 1, printUsage: true },
  synopsis: ["[-t TYPE] [-o OPTION[,OPTION...]] IMAGE MOUNTPOINT"],
  operands: MOUNT_OPERANDS,
  options,
  topics: [MOUNT_OPTIONS_TOPIC],
  examples: [
    {
      summary: "Mount an image",
      command: "mount.composefs -o basedir=/composefs/objects rootfs.cfs /mnt",
    },
    {
      summary: "Mount it as a helper of mount",
      command: "mount -t composefs -o basedir=/composefs/objects,nosuid rootfs.cfs /mnt",
    },
  ],
  exitStatus: ["0 if the image was mounted, 1 for every failure."],
  seeAlso: ["composefs-mount(1)", "mkcomposefs(1)", "composefs-image(5)", "mount(8)", "fstab(5)"],
  run(options, operands, context) {
    const { type, fake: check, verbose, readOnly, readWrite, sloppy } = options;
    if (type !== "composefs") {
      throw new UsageError(`Unsupported fs type '${type}'`, { usage: false });
    }
    const words = [...(readOnly ? ["ro"] : []), ...(readWrite ? ["rw"] : [])];
    const strings = [...options.options, ...words.map(utf8)];
    const { image: name, mountpoint } = operands;
    const settings = readSettings(strings, { sloppy });
    return runMount(settings, { image: { name }, mountpoint }, context, { check, verbose });
  },
});

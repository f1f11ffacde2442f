/**
 * `uninstall`: what `install` has put in place goes away, and nothing else.
 *
 * @module
 */

import { printable, quote, utf8 } from "../../../lib/bytes/text.ts";
import {
  type Context,
  defineCommand,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { MANIFEST } from "./installation.ts";
import { MountHelper } from "./_mount_helper.ts";
import { Prefix, PREFIX_OPTION } from "./_installed_files.ts";

const options = {
  prefix: PREFIX_OPTION,
  "dry-run": { kind: "flag", summary: "Print what would be removed, change nothing" },
  force: { kind: "flag", summary: "Remove files even if they have changed since" },
} as const satisfies OptionTable;

/** The command `composefs uninstall`. */
export const uninstall = defineCommand({
  name: "uninstall",
  summary: "Remove what install has installed",
  description: [
    "Removes the files and links that are in the list below DIR/share, and the directories that were made for them if nothing else is in them. If one of the files has changed since, nothing is removed.",
    "The link /sbin/mount.composefs goes too if it is the one that install has made.",
  ],
  operands: {},
  options,
  examples: [
    { summary: "Undo composefs install", command: "composefs uninstall" },
  ],
  run: runUninstall,
});

function runUninstall(
  { prefix: path, dryRun, force }: OptionValues<typeof options>,
  _: unknown,
  context: Context,
): number {
  using prefix = new Prefix(path, context);
  const { manifest, installer } = prefix;
  if (manifest === undefined) {
    throw new Error(`Cannot uninstall from ${quote(path)}: nothing was installed there`);
  }
  const removed = [...manifest.files.keys(), ...manifest.links.keys()].filter((below) => {
    const state = prefix.state(below);
    if (state === "blocked" || state === "foreign" && !force) {
      throw new Error(
        `Cannot remove "${prefix.shown(below)}": it has changed since it was installed` +
          (state === "foreign" ? "; --force removes it" : ""),
      );
    }
    return state !== "absent";
  });
  using helper = new MountHelper(path, context);
  const { terminal } = context;
  if (dryRun) {
    for (const below of removed) terminal.stdout.write(`${prefix.shown(below)}\n`);
    if (helper.removable !== undefined) terminal.stdout.write(`${helper.removable}\n`);
    return 0;
  }
  // First, so that it never leads nowhere; the list last, so that a run that breaks off can be repeated.
  helper.remove();
  for (const below of removed) installer.remove(utf8(below));
  installer.remove(utf8(MANIFEST));
  for (const below of manifest.directories.toReversed()) {
    installer.removeDirectory(utf8(below));
  }
  terminal.stdout.write(`Removed ${removed.length} files below ${printable(path)}\n`);
  helper.remind();
  return 0;
}

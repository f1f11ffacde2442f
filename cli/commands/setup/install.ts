/**
 * `install`: the executable, the names it goes by, manual pages and completions take their places.
 *
 * @module
 */

import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { printable, utf8 } from "../../../lib/bytes/text.ts";
import {
  type Command,
  type Context,
  defineCommand,
  type Group,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import {
  directoriesOf,
  formatManifest,
  installationParts,
  MANIFEST,
  type Manifest,
  type Part,
} from "./installation.ts";
import { executablePath } from "../../runtime.ts";
import { MountHelper } from "./_mount_helper.ts";
import { fileDigest, Prefix, PREFIX_OPTION } from "./_installed_files.ts";

const options = {
  prefix: PREFIX_OPTION,
  "dry-run": { kind: "flag", summary: "Print what would be installed, change nothing" },
  force: {
    kind: "flag",
    summary: "Replace files that were not installed by this command",
    help: "They are lost: uninstall does not bring them back.",
  },
  "no-mount-helper": {
    kind: "flag",
    summary: "Leave out /sbin/mount.composefs, and what is said about it",
  },
} as const satisfies OptionTable;

/**
 * The command `composefs install`.
 *
 * @param composefs Gives the table that it is in itself.
 */
export function install(composefs: () => Group): Command {
  return defineCommand({
    name: "install",
    summary: "Install this executable with its names, manual pages and completions",
    description: [
      "Copies the executable that runs it to DIR/bin/composefs and makes links to it by the names of the C programs, mount.composefs in DIR/sbin. Manual pages and completions for bash, zsh and fish go below DIR/share, and so does a list of all this, by which uninstall takes it away again.",
      "mount(8) looks for helpers in /sbin only. So root gets a link /sbin/mount.composefs to the one in /usr/local/sbin if nothing is there yet; with another DIR the command is printed that makes it. That is all that is touched outside of DIR.",
      "A file that is in the way and was not installed by this command stays: nothing is changed then. What an earlier version has installed is replaced.",
    ],
    operands: {},
    options,
    examples: [
      { summary: "Install for everybody", command: "composefs install" },
      { summary: "See what would be installed", command: "composefs install --dry-run" },
      {
        summary: "Install for yourself",
        command: "composefs install --prefix=$HOME/.local",
      },
    ],
    run: (options, _, context) => runInstall(options, composefs(), context),
  });
}

function runInstall(
  { prefix: path, dryRun, force, noMountHelper }: OptionValues<typeof options>,
  composefs: Group,
  context: Context,
): number {
  const { terminal } = context;
  const executable = executablePath();
  if (executable === undefined) {
    throw new Error(
      'Cannot install a script: expected to be run as the executable that "deno task build" makes',
    );
  }
  using prefix = new Prefix(path, context);
  const parts = installationParts(composefs);
  using helper = noMountHelper ? undefined : new MountHelper(path, context);
  checkPlaces(prefix, [...parts.map((part) => part.path), MANIFEST], force);
  if (dryRun) {
    for (const part of parts) terminal.stdout.write(`${describe(part, prefix)}\n`);
    if (helper?.planned !== undefined) terminal.stdout.write(`${helper.planned}\n`);
    return 0;
  }
  place(parts, executable, prefix, context);
  terminal.stdout.write(`Installed ${parts.length} files below ${printable(path)}\n`);
  helper?.add();
  return 0;
}

/** Makes sure that nothing is lost before anything is changed. */
function checkPlaces(prefix: Prefix, paths: readonly string[], force: boolean): void {
  for (const path of paths) {
    // The list itself is in no list.
    if (path === MANIFEST && prefix.manifest !== undefined) continue;
    const state = prefix.state(path);
    if (state === "blocked" || state === "foreign" && !force) {
      const advice = state === "foreign" ? "; --force replaces it" : "";
      throw new Error(
        `Cannot install "${prefix.shown(path)}": what is there is not ours${advice}`,
      );
    }
  }
}

function describe(part: Part, prefix: Prefix): string {
  const arrow = part.kind === "link" ? ` -> ${part.target}` : "";
  return prefix.shown(part.path) + arrow;
}

function place(
  parts: readonly Part[],
  executable: string,
  prefix: Prefix,
  context: Context,
): void {
  const { installer, manifest: old } = prefix;
  const missing = directoriesOf([...parts.map(({ path }) => path), MANIFEST])
    .filter((path) => installer.find(utf8(path)) === undefined);
  const manifest: Manifest = {
    directories: [...new Set([...old?.directories ?? [], ...missing])],
    files: digests(parts, executable, context),
    links: new Map(parts.flatMap((part) => part.kind === "link" ? [[part.path, part.target]] : [])),
  };
  for (const path of missing) installer.makeDirectory(utf8(path));
  removeOutdated(manifest, prefix);
  // The list comes first: whatever happens from here on, uninstall knows what to look for.
  installer.placeFile(utf8(MANIFEST), [formatManifest(manifest)], 0o644);
  for (const part of parts) placePart(part, executable, prefix, context);
}

function digests(
  parts: readonly Part[],
  executable: string,
  context: Context,
): Map<string, string> {
  using file = context.machine.openFile(executable);
  return new Map(parts.flatMap((part) => {
    if (part.kind === "link") return [];
    return [[
      part.path,
      part.kind === "executable"
        ? fileDigest(file, context)
        : fsVerityDigest(part.contents).toHex(),
    ]];
  }));
}

/** Takes away what an earlier version had and this one has not. */
function removeOutdated({ files, links }: Manifest, prefix: Prefix): void {
  const { installer, manifest: old } = prefix;
  const before = [...old?.files.keys() ?? [], ...old?.links.keys() ?? []];
  for (const path of before) {
    if (files.has(path) || links.has(path) || prefix.state(path) !== "ours") continue;
    installer.remove(utf8(path));
  }
}

function placePart(
  part: Part,
  executable: string,
  { installer }: Prefix,
  { machine }: Context,
): void {
  const path = utf8(part.path);
  if (part.kind === "link") installer.placeLink(path, utf8(part.target));
  else if (part.kind === "file") installer.placeFile(path, [part.contents], 0o644);
  else installer.placeFile(path, machine.readFile(executable), 0o755);
}

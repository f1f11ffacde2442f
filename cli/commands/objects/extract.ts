/**
 * `extract`: the tree of an image as a directory, or as a tar archive.
 *
 * @module
 */

import { SyscallError } from "../../../ffi/sys/errno.ts";
import { quote } from "../../../lib/bytes/text.ts";
import { type ComposefsImage, openImage } from "../../../lib/composefs/open.ts";
import { writeTar } from "../../../lib/tar/write.ts";
import { splitNames } from "../../../lib/tree/place.ts";
import type { XattrFilter } from "../../../lib/tree/source.ts";
import type { Content, Regular, Tree } from "../../../lib/tree/tree.ts";
import { checkPathLengths } from "../../../lib/tree/walk.ts";
import {
  type Context,
  defineCommand,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { JSON_OPTION } from "../../json.ts";
import { note } from "../../note.ts";
import { isStdin } from "../../stdin.ts";
import { missingOperand, surplusOperand, UsageError } from "../../args/usage_error.ts";
import { orderError } from "../../references/operand_order.ts";
import { openOperand } from "../../references/open.ts";
import { storePaths, Stores } from "../../references/stores.ts";
import { requirePaths } from "../image/find_file.ts";
import { loading } from "../image/load_image.ts";
import { contentOptions, openFile, openOptions } from "./content_options.ts";
import {
  countFiles,
  extractJson,
  imageDigest,
  openContents,
  plannedExtraction,
} from "./_extract_summary.ts";
import { openTrees, treeCacheOption } from "./_tree_cache.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";

const options = {
  ...contentOptions,
  ...referenceOptions,
  ...treeCacheOption,
  tar: {
    kind: "flag",
    summary: "Write a tar archive to standard output",
    help:
      "The same as - for DIR. The archive is in the pax format; xattrs and ACLs are where GNU tar and bsdtar look for them (tar --acls --xattrs --xattrs-include='*'). Sockets are left out with a warning.",
  },
  "no-same-owner": {
    kind: "flag",
    summary: "Leave files to the user who extracts them",
    help: "Set-user-id and set-group-id bits are dropped then.",
  },
  "skip-devices": { kind: "flag", summary: "Leave out block and character devices" },
  "skip-xattrs": { kind: "flag", summary: "Leave out extended attributes" },
  "user-xattrs": { kind: "flag", summary: "Keep only user.* extended attributes" },
  "dry-run": {
    kind: "flag",
    summary: "Print what would be extracted, write nothing",
    help:
      "Objects are looked for and verified as ever. With --json the answer is that of a real run.",
  },
  json: {
    ...JSON_OPTION,
    summary: "Print as JSON what was extracted",
    help:
      "One object: digest of the image and its algorithm, files and bytes. Not for an archive, which is on standard output itself.",
  },
  touch: { kind: "flag", short: "m", summary: "Leave modification times at the present" },
} as const satisfies OptionTable;

type ExtractOptions = OptionValues<typeof options>;

/** The command `composefs extract`. */
export const extract = defineCommand({
  name: "extract",
  summary: "Make a directory or a tar archive of an image",
  synopsis: ["[OPTIONS] IMAGE DIR [PATH...]", "[OPTIONS] --tar IMAGE"],
  description: [
    "No mount is needed. Owners, modes, modification times, extended attributes, hard links and devices are those of the image. Contents are verified before they are written. An object is digested when it is opened, and each block of a large one once more as it is read; where its Merkle tree is at hand, from the kernel or in --tree-cache, each block just once.",
    "With PATHs only these are extracted, with all below them; the directories on the way have the owners, modes and attributes of the image. Symbolic links on the way are not followed. DIR may be - for an archive of them.",
    "DIR is there whole or not at all: it is made under a temporary name beside its own.",
    "Who is not root needs --no-same-owner and --user-xattrs, and --skip-devices if the image has devices.",
    REFERENCE_HELP,
  ],
  operands: {
    image: IMAGE_OPERAND,
    directory: {
      name: "DIR",
      summary: "The directory to make, or an empty one (- for a tar archive on standard output)",
      optional: true,
    },
    wanted: {
      name: "PATH",
      summary: "A file of the image to extract, with all below it; everything by default",
      inImage: { followsLinks: false },
      optional: true,
      repeated: true,
    },
  },
  options,
  examples: [
    {
      summary: "Make a directory of an image",
      command: "composefs extract --store=objects rootfs.cfs rootfs",
    },
    {
      summary: "See what is in it",
      command: "composefs extract --store=objects --tar rootfs.cfs | tar -tv",
    },
  ],
  exitStatus: ["0 if everything was extracted, 1 if not."],
  async run(options, { image, directory, wanted }, context) {
    const destination = directory !== undefined && isStdin(directory) ? undefined : directory;
    checkOptions(options, directory, destination);
    const { terminal, machine } = context;
    const { dryRun, json } = options;
    if (destination === undefined && !dryRun && terminal.stdout.isTerminal) {
      throw new Error("Cannot write an archive to a terminal: redirect standard output");
    }
    const misplaced = destination && orderError(image, destination, "DIR", context);
    if (misplaced !== undefined) throw misplaced;
    const paths = storePaths(options, context);
    const needsContents = paths.length === 0 && !dryRun;
    using reference = await openOperand(image, context, { ...options, needsContents });
    const tree = loading(reference, () => readWanted(openImage(reference.image), wanted));
    using stores = new Stores(machine, paths);
    using trees = openTrees(
      dryRun ? { ...options, treeCache: undefined } : options,
      paths,
      context,
    );
    const layers = [...stores.layers, ...reference.layers];
    const opening = openOptions({ layers, trees }, options);
    const open = (file: Regular<Content>, path: Uint8Array) => openFile(file, path, opening);
    const counts = countFiles(tree);
    const task = dryRun ? "Verifying" : "Extracting";
    const progress = terminal.progress(task, "bytes", counts.bytes);
    const settings = {
      open,
      xattrs: xattrFilter(options),
      skipDevices: options.skipDevices,
      onRead: progress.update,
    };
    if (dryRun) {
      if (destination === undefined) checkPathLengths(tree);
      else machine.checkReplaceable(destination);
      if (layers.length > 0 || !reference.hasPassed) openContents(tree, open, progress.update);
    } else if (destination === undefined) {
      checkPathLengths(tree);
      writeArchive(tree, settings, context);
    } else {
      const { noSameOwner: keepOwner, touch: keepTime } = options;
      withHints(() => machine.extractTree(destination, tree, { ...settings, keepOwner, keepTime }));
    }
    progress.finish();
    if (!dryRun && !json) return 0;
    const digest = imageDigest(reference);
    terminal.stdout.write(
      json
        ? extractJson(digest, counts)
        : plannedExtraction(reference.shown, destination, { digest, ...counts }),
    );
    return 0;
  },
});

/** Reads the tree of an image, or as much of it as paths name and the directories on the way. */
function readWanted(image: ComposefsImage, paths: readonly Uint8Array[]): Tree<Content> {
  requirePaths(image, paths);
  const isAll = paths.length === 0 || paths.some((path) => splitNames(path).length === 0);
  return image.tree(isAll ? {} : { rootEntries: paths });
}

function checkOptions(
  options: ExtractOptions,
  directory: Uint8Array | undefined,
  destination: Uint8Array | undefined,
): void {
  if (!options.tar && directory === undefined) {
    throw missingOperand("extract", "DIR", "--tar");
  }
  if (options.tar && destination !== undefined) {
    throw surplusOperand(destination, "expected none with --tar");
  }
  if (destination === undefined && (options.noSameOwner || options.touch)) {
    throw new UsageError("Cannot use --no-same-owner or --touch for an archive: expected DIR");
  }
  if (destination === undefined && options.json && !options.dryRun) {
    throw new UsageError("Cannot use --json for an archive: expected DIR, or --dry-run");
  }
  if (options.skipXattrs && options.userXattrs) {
    throw new UsageError("Cannot use --skip-xattrs with --user-xattrs: expected one of them");
  }
}

function xattrFilter({ skipXattrs, userXattrs }: ExtractOptions): XattrFilter {
  return skipXattrs ? "none" : userXattrs ? "user" : "all";
}

function writeArchive(
  tree: Tree<Content>,
  settings: Parameters<typeof writeTar>[1],
  context: Context,
): void {
  const { terminal } = context;
  const onSkip = (path: Uint8Array) =>
    note(context, `left out ${quote(path)}: a tar archive holds no sockets`);
  for (const piece of writeTar(tree, { ...settings, onSkip })) terminal.stdout.write(piece);
}

/** What helps where the kernel refuses a system call. */
const HINTS: Readonly<Record<string, string>> = {
  fchownat: "try --no-same-owner",
  mknodat: "try --skip-devices",
  lsetxattr: "try --user-xattrs or --skip-xattrs",
};

const REFUSALS: readonly string[] = ["EPERM", "EOPNOTSUPP", "EINVAL"];

function withHints(work: () => void): void {
  try {
    work();
  } catch (error) {
    const hint = error instanceof SyscallError && REFUSALS.includes(error.code)
      ? HINTS[error.syscall]
      : undefined;
    if (hint === undefined) throw error;
    throw new Error(`${(error as Error).message}; ${hint}`, { cause: error });
  }
}

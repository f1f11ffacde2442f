/**
 * `composefs create`: a directory or dump file in, an image and its objects out.
 *
 * The table holds every option of mkcomposefs 1.0.8, whose name is only another name for this command.
 *
 * @module
 */

import { encodeImage, encodeSource } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import {
  type Context,
  defineCommand,
  type OperandValues,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { JSON_OPTION, jsonLine } from "../../json.ts";
import { isStdin } from "../../stdin.ts";
import { makeHeapRoom } from "../../engine.ts";
import { hasVariable } from "../../runtime.ts";
import { note } from "../../note.ts";
import { checkOutputs, checkVersions, noteOwners, noteStore } from "./_create_checks.ts";
import { FORCE_OPTION } from "./image_options.ts";
import {
  wantedAlgorithms,
  type WantedImage,
  wantedImages,
  wantedOptions,
} from "./_wanted_images.ts";
import { openDirectory, readDump, shownSource } from "./_source_operand.ts";
import { loadCache, saveCache } from "./_cache_file.ts";
import { missingOperand, surplusOperand, UsageError } from "../../args/usage_error.ts";
import { choice, integer, path } from "../../args/values.ts";

const options = {
  "digest-store": {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Copy file contents into the object store PATH",
    help:
      "Files of up to 64 bytes are kept in the image and not copied. PATH is created if it does not exist. With --from-file mkcomposefs does nothing with it, and composefs create refuses it.",
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
  ...wantedOptions,
  threads: {
    kind: "value",
    value: "N",
    parse: integer(1, 2 ** 31 - 1),
    invalid: "Invalid threads count",
    summary: "Digest and copy files in N threads",
    defaultText: "number of CPUs",
    help: "The image does not depend on it.",
  },
  cache: {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Keep digests in FILE, read only files that have changed since",
    help:
      "FILE is made if it does not exist. A file counts as changed if its inode, size, modification or change time is another, if it was changed in the last seconds before the run, or if it does not lie on a disk of this machine (ext4, XFS, Btrfs, F2FS, bcachefs). FILE must be a regular file of yours or root's that nobody else may write to. What is wrong with it is told, and all files are read then.",
    extension: true,
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
    help:
      "Otherwise an object that is already there is kept if its size is right. What is no object of its name is replaced, with a note. Files of SOURCE are read whatever is known by --cache.",
    extension: true,
  },
  "enable-verity": {
    kind: "optional",
    value: "try",
    bare: "require",
    parse: choice("try"),
    summary: "Turn fs-verity on for IMAGE and its objects, or fail",
    help:
      "Objects that are in the store already are digested before they get it. With =try a note says where it could not be done. Without this option new objects get it where they can, and IMAGE does not.",
    extension: true,
  },
  force: FORCE_OPTION,
  json: JSON_OPTION,
} as const satisfies OptionTable;

const operands = {
  source: {
    name: "SOURCE",
    summary: "The directory, or the dump file with --from-file (- for standard input)",
    missing: "No source path specified",
    readWhole: true,
  },
  image: {
    name: "IMAGE",
    summary: "The image to write (- for standard output)",
    optional: true,
  },
} as const;

type CreateOptions = OptionValues<typeof options>;
type CreateOperands = OperandValues<typeof operands>;

/** What `composefs create` and `mkcomposefs` have in common: all but the name and the ways of failing. */
export const CREATE = {
  summary: "Make a composefs image of a directory or a dump file",
  synopsis: ["[OPTIONS] SOURCE IMAGE", "[OPTIONS] --print-digest-only SOURCE"],
  description: [
    "The image holds names, owners, times, attributes and small files. Larger files are named by their fs-verity digests and read from an object store when the image is mounted.",
    "The same tree gives the same image, bit for bit: that of mkcomposefs 1.0.8. It is written under a temporary name first, so that IMAGE is there whole or not at all.",
  ],
  operands,
  tooMany: "Too many arguments",
  options,
  exitStatus: ["0 if the image was made, 1 if not."],
  seeAlso: ["composefs-info(1)", "mount.composefs(8)", "composefs-dump(5)"],
  run: runCreate,
} as const;

/** The command `composefs create`. */
export const create = defineCommand({
  name: "create",
  ...CREATE,
  examples: [
    {
      summary: "Make an image and fill an object store",
      command: "composefs create --digest-store=objects rootfs rootfs.cfs",
    },
    {
      summary: "Print the digest that an image of a directory would have",
      command: "composefs create --print-digest-only rootfs",
    },
  ],
});

async function runCreate(
  options: CreateOptions,
  operands: CreateOperands,
  context: Context,
): Promise<number> {
  checkOperands(options, operands, context);
  const { image } = operands;
  const { terminal } = context;
  const wanted = wantedImages(options, image);
  if (image !== undefined && isStdin(image) && terminal.stdout.isTerminal) {
    throw new Error("Cannot write an image to a terminal: redirect standard output");
  }
  const encode = options.fromFile
    ? readFromFile(operands.source, context)
    : await readFromDirectory(options, operands, context);
  for (const each of wanted) {
    const bytes = encode(each);
    writeImage(bytes, each, options, context);
    printImage(bytes, each, wanted.length > 1, options, context);
  }
  return 0;
}

/** Makes an image of what has been read. */
type Encode = (wanted: WantedImage) => Uint8Array<ArrayBuffer>;

function writeImage(
  bytes: Uint8Array<ArrayBuffer>,
  { path, algorithm }: WantedImage,
  { force, enableVerity }: CreateOptions,
  context: Context,
): void {
  const { terminal, machine } = context;
  if (path === undefined) return;
  if (isStdin(path)) {
    terminal.stdout.write(bytes);
    return;
  }
  const settings = { keepSealed: !force, seal: enableVerity, algorithm };
  const refusal = machine.writeFile(path, bytes, settings);
  if (refusal !== undefined) note(context, refusal.message);
}

/** Prints what was asked for of an image; of one among several, which it is. */
function printImage(
  bytes: Uint8Array,
  { algorithm }: WantedImage,
  isOneOfSeveral: boolean,
  { json, printDigest, printDigestOnly }: CreateOptions,
  { terminal: { stdout } }: Context,
): void {
  if (!json && !printDigest && !printDigestOnly) return;
  const digest = fsVerityDigest(bytes, { algorithm });
  const { version } = openImage(bytes);
  if (json) {
    const size = bytes.length;
    stdout.write(jsonLine({ digest: digest.toHex(), algorithm, size, formatVersion: version }));
  } else {
    stdout.write(isOneOfSeveral ? `V${version} ${digest}\n` : `${digest.toHex()}\n`);
  }
}

function checkOperands(
  options: CreateOptions,
  { source, image }: CreateOperands,
  { asC }: Context,
): void {
  if (source.length === 0) {
    throw asC
      ? new UsageError("Empty source path specified")
      : surplusOperand(source, "expected a path");
  }
  if (options.printDigestOnly && image !== undefined) {
    throw asC
      ? new UsageError("Cannot specify destination path with --print-digest-only")
      : surplusOperand(image, "expected none with --print-digest-only");
  }
  if (!options.printDigestOnly && image === undefined) {
    throw asC
      ? new UsageError("No destination path specified")
      : missingOperand("create", "IMAGE", "--print-digest-only");
  }
  if (options.skipXattrs && options.userXattrs) {
    throw new UsageError("Cannot use --skip-xattrs with --user-xattrs: expected one of them", {
      usage: false,
    });
  }
  checkSealing(options, image);
  if (options.digestStore !== undefined && wantedAlgorithms(options).length > 1) {
    throw new UsageError(
      "Cannot use --digest-store with two of --hash: a store has objects of one kind",
      { usage: false },
    );
  }
  // All of it does nothing, or something by chance, in the C program.
  if (asC) return;
  checkVersions(options);
  if (options.fromFile && options.digestStore !== undefined) {
    throw new UsageError(
      "Cannot use --digest-store with --from-file: a dump has no contents to put there",
      { usage: false },
    );
  }
}

function checkSealing({ enableVerity, digestStore }: CreateOptions, image?: Uint8Array): void {
  if (enableVerity === undefined) return;
  if (image === undefined ? digestStore !== undefined : !isStdin(image)) return;
  throw new UsageError(
    "Cannot use --enable-verity: expected an image that is a file, or an object store",
    { usage: false },
  );
}

function readFromFile(source: Uint8Array, context: Context): Encode {
  const strict = hasVariable("CFS_PARSE_STRICT");
  try {
    const tree = parseDumpfile(readDump(source, context), { strict });
    return ({ range }) => encodeImage(tree, { ...range, isValid: true });
  } catch (error) {
    if (!(error instanceof DumpfileSyntaxError)) throw error;
    throw new Error(`Cannot read ${shownSource(source)} as a dump file: ${error.message}`, {
      cause: error,
    });
  }
}

async function readFromDirectory(
  options: CreateOptions,
  operands: CreateOperands,
  context: Context,
): Promise<Encode> {
  const { terminal, machine } = context;
  using tree = openDirectory(operands, machine);
  // The C program reads what it writes, or not, as it happens.
  if (!context.asC) checkOutputs(operands, options.digestStore, machine);
  const algorithms = wantedAlgorithms(options);
  const scanning = terminal.progress("Scanning, files found:");
  const reading = terminal.progress("Reading file contents, bytes:");
  const cache = options.cache === undefined
    ? undefined
    : loadCache(options.cache, algorithms, context);
  makeHeapRoom(cache?.size ?? 0);
  try {
    using store = options.digestStore === undefined
      ? undefined
      : machine.openStore(options.digestStore, {
        verifyObjects: options.verifyObjects,
        seal: options.enableVerity,
      });
    const read = await machine.readTree(tree, {
      algorithms,
      xattrs: options.skipXattrs ? "none" : options.userXattrs ? "user" : "all",
      skipDevices: options.skipDevices,
      useEpoch: options.useEpoch,
      hardLinks: options.hardlinks,
      threads: options.threads,
      store,
      cache,
      believeCache: !options.verifyObjects,
      onScan: scanning.update,
      onRead: reading.update,
    });
    if (store !== undefined) noteStore(store, options.digestStore!, context);
    noteOwners(tree, operands.source, context);
    if (cache !== undefined) saveCache(options.cache!, cache, context);
    return ({ algorithm, range }) => encodeSource(read, { ...range, algorithm });
  } finally {
    reading.finish();
  }
}

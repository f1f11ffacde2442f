/**
 * `composefs create`: a directory or dump file in, an image and its objects out. The name mkcomposefs is
 * only another one for it.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { type Context, defineCommand } from "../../args/command.ts";
import { THREADS_OPTION } from "../../args/threads.ts";
import { missingOperand, surplusOperand, UsageError } from "../../args/usage_error.ts";
import { type ReferenceOptions, referenceOptions } from "../../references/options.ts";
import { PREFIXES, SOURCE_HELP } from "../../references/reference.ts";
import { note } from "../../note.ts";
import { isStdin } from "../../stdin.ts";
import { type ChangeOptions, changeOptions, checkChanges } from "./_change_options.ts";
import {
  type CreateOperands,
  createOperands,
  type CreateOptions,
  createOptions,
} from "./_create_options.ts";
import { plannedImage, plannedObjects, PlannedStore } from "./_dry_run.ts";
import { meantSource } from "./_sources.ts";
import { type Counts, imageJson, summaryText } from "./_summary.ts";
import { TreeChanges } from "./_tree_changes.ts";
import { checkVersions } from "./_versions.ts";
import { wantedAlgorithms, type WantedImage, wantedImages } from "./_wanted_images.ts";

/** What `composefs create` and `mkcomposefs` have in common: all but the name and the ways of failing. */
export const CREATE = {
  summary: "Make a composefs image of a directory or a dump file",
  synopsis: ["[OPTIONS] SOURCE IMAGE", "[OPTIONS] --print-digest-only SOURCE"],
  description: [
    "The image holds names, owners, times, attributes and small files. Larger files are named by their fs-verity digests and read from an object store when the image is mounted.",
    "The same tree gives the same image, bit for bit: that of mkcomposefs 1.0.8. It is written under a temporary name first, so that IMAGE is there whole or not at all.",
  ],
  operands: createOperands,
  tooMany: "Too many arguments",
  options: createOptions,
  exitStatus: ["0 if the image was made, 1 if not."],
  seeAlso: [
    "composefs-info(1)",
    "mount.composefs(8)",
    "composefs-dump(5)",
    "composefs-image(5)",
  ],
  run: runCreate,
} as const;

/** The options of either; the C program's name has only the first. */
type Options = CreateOptions & Partial<ChangeOptions> & ReferenceOptions & {
  readonly store?: CreateOptions["digestStore"];
  readonly verbose?: boolean;
  readonly dryRun?: boolean;
};

/** The command `composefs create`. */
export const create = defineCommand({
  name: "create",
  ...CREATE,
  summary: "Make a composefs image of a directory, a dump file, an archive or a container image",
  description: [...CREATE.description, SOURCE_HELP],
  operands: {
    ...createOperands,
    source: {
      ...createOperands.source,
      summary: "What to make an image of (- for standard input)",
      prefixes: PREFIXES,
    },
  },
  options: {
    store: {
      ...createOptions["digest-store"],
      value: "DIR",
      summary: "Copy file contents into the object store DIR",
      help:
        "Files of up to 64 bytes are kept in the image and not copied. DIR is created if it does not exist. It is written to only if it is named here, whatever the environment says.",
    },
    ...createOptions,
    "digest-store": { ...createOptions["digest-store"], hidden: true },
    ...referenceOptions,
    threads: {
      ...THREADS_OPTION,
      summary: createOptions.threads.summary,
      help: createOptions.threads.help,
    },
    ...changeOptions,
    "dry-run": {
      kind: "flag",
      summary: "Print what would be written, change nothing",
      help:
        "Files are read and digested as ever. With --json the counts in the answer are those that would come about.",
    },
    verbose: {
      kind: "flag",
      short: "v",
      summary: "Say what was done, even if standard error is no terminal",
      help:
        "On a terminal it is said without this, unless --quiet is given. With --json the counts are in the answer.",
    },
  },
  examples: [
    {
      summary: "Make an image and fill an object store",
      command: "composefs create --store=objects rootfs rootfs.cfs",
    },
    {
      summary: "Make an image of a container image, whose files go into the store",
      command: "composefs create --store=objects oci:layout:v1 app.cfs",
    },
    {
      summary: "Print the digest that an image of a directory would have",
      command: "composefs create --print-digest-only rootfs",
    },
    {
      summary: "Make an image that is the same whoever makes it, whenever",
      command: "composefs create --owner=0:0 --mtime=2024-01-01 rootfs rootfs.cfs",
    },
  ],
});

async function runCreate(
  given: Options,
  operands: CreateOperands,
  context: Context,
): Promise<number> {
  const options = { ...given, digestStore: storeOf(given) };
  checkOperands(options, operands, context);
  const { source, input } = meantSource(options, operands, context);
  // All of it does nothing, or something by chance, in the C program.
  if (!context.asC) source.check?.(options);
  const { image } = operands;
  const { terminal } = context;
  const wanted = wantedImages(options, image);
  if (!context.asC) checkTargets(wanted, context);
  if (image !== undefined && isStdin(image) && terminal.stdout.isTerminal) {
    throw new Error("Cannot write an image to a terminal: redirect standard output");
  }
  const changes = new TreeChanges(options, context);
  const { encode, count } = await source.read(options, input, changes, context);
  changes.noteUnused(context);
  // Who looks on is told what has been done; the C program says nothing.
  const { dryRun = false, digestStore, json } = options;
  const isTold = !context.asC && !terminal.manner.quiet && !dryRun && !json &&
    (options.verbose === true || terminal.stderr.isTerminal);
  using planned = dryRun && digestStore !== undefined
    ? new PlannedStore(context.machine, digestStore)
    : undefined;
  const isCounted = isTold || dryRun || json && !context.asC;
  const counts = isCounted ? count?.(planned?.lacks) : undefined;
  for (const each of wanted) {
    const bytes = encode(each);
    if (!dryRun) writeImage(bytes, each, options, context);
    printImage(bytes, each, { counts, isOneOfSeveral: wanted.length > 1 }, options, context);
    const { path } = each;
    if (path === undefined || isStdin(path)) continue;
    if (dryRun && !json) terminal.stdout.write(plannedImage(path, bytes.length));
    else if (isTold) {
      terminal.stderr.write(`${context.program}: ${summaryText(path, bytes.length, counts)}\n`);
    }
  }
  if (planned !== undefined && !json) {
    terminal.stdout.write(plannedObjects(digestStore!, counts ?? {}));
  }
  return 0;
}

/** The object store, which goes by the C program's name as well. */
function storeOf({ store, digestStore }: Options): CreateOptions["digestStore"] {
  if (store === undefined || digestStore === undefined) return store ?? digestStore;
  throw new UsageError("Cannot use --store with --digest-store: they are the same, expected one");
}

/** Tells of names that no image can be written under, before anything is read. */
function checkTargets(wanted: readonly WantedImage[], { machine }: Context): void {
  for (const { path } of wanted) {
    if (path === undefined || isStdin(path) || !machine.isDirectory(path)) continue;
    throw new Error(
      `Cannot write an image to ${quote(path)}: a directory; SOURCE comes first, then IMAGE`,
    );
  }
}

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
  { isOneOfSeveral, counts }: {
    readonly isOneOfSeveral: boolean;
    readonly counts: Counts | undefined;
  },
  { json, printDigest, printDigestOnly }: CreateOptions,
  { terminal: { stdout } }: Context,
): void {
  if (!json && !printDigest && !printDigestOnly) return;
  const digest = fsVerityDigest(bytes, { algorithm });
  if (json) stdout.write(imageJson(bytes, digest, counts));
  else if (isOneOfSeveral) stdout.write(`V${openImage(bytes).version} ${digest}\n`);
  else stdout.write(`${digest.toHex()}\n`);
}

function checkOperands(
  options: Options,
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
  checkChanges(options, source);
  checkSealing(options, image);
  if (options.digestStore !== undefined && wantedAlgorithms(options).length > 1) {
    const name = asC ? "--digest-store" : "--store";
    throw new UsageError(
      `Cannot use ${name} with two of --hash: a store has objects of one kind`,
      { usage: false },
    );
  }
  if (!asC) checkVersions(options);
}

function checkSealing({ enableVerity, digestStore }: CreateOptions, image?: Uint8Array): void {
  if (enableVerity === undefined) return;
  if (image === undefined ? digestStore !== undefined : !isStdin(image)) return;
  throw new UsageError(
    "Cannot use --enable-verity: expected an image that is a file, or an object store",
    { usage: false },
  );
}

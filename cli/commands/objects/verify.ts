/**
 * `verify`: whether an image and all its objects are what they should be.
 *
 * @module
 */

import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import {
  type Finding,
  verifyImage,
  type VerifyOptions,
  type VerifySummary,
} from "../../../lib/composefs/verify.ts";
import { hasPath } from "../../../lib/composefs/image_walk.ts";
import { openErofs } from "../../../lib/composefs/open.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { MAX_PATH_LENGTH } from "../../../lib/tree/name.ts";
import {
  type Context,
  defineCommand,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { type ObjectChecker, rememberingChecker } from "../../../lib/objects/check.ts";
import type { OpenedReference } from "../../references/opened.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import type { Output } from "../../terminal.ts";
import { UsageError } from "../../args/usage_error.ts";
import { openAll } from "../../references/open.ts";
import { storeOptions, storePaths, Stores } from "../../references/stores.ts";
import { chosenPaths, Filters } from "../image/filters.ts";
import { PATH_OPTION } from "../image/image_options.ts";
import { contentOptions } from "./content_options.ts";
import { cacheSettings, treeCacheOption } from "./_tree_cache.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";

const options = {
  path: {
    ...PATH_OPTION,
    summary: "Look only at the objects of this file of the images, and of all below it",
    help:
      "The image itself is verified as a whole. Symbolic links on the way are not followed. A path that no image has is an error.",
  },
  ...storeOptions,
  ...referenceOptions,
  digest: {
    ...contentOptions.digest,
    summary: "Expect the image to have this fs-verity digest",
    help:
      "Without it, the image is made again of the tree in it and must come out the same, byte for byte. That finds all damage but changes that lead to another proper image, such as that of one file's mode.",
  },
  "require-digests": {
    ...contentOptions["require-digests"],
    summary: "Report objects for which the image has no digest",
  },
  "allow-undigested": contentOptions["allow-undigested"],
  ...treeCacheOption,
  "tree-cache": {
    ...treeCacheOption["tree-cache"],
    help:
      "With them, cat and extract verify these objects as they read them, and not before. DIR is made if it is missing; nothing in it is believed, and all of it may be deleted.",
  },
  "image-only": {
    kind: "flag",
    summary: "Verify the image and do not look for its objects",
  },
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** The command `composefs verify`. */
export const verify = defineCommand({
  name: "verify",
  summary: "Verify images and all objects they refer to",
  description: [
    "Works on any file system, with or without fs-verity, and needs no mount: the image's digest and structure are checked, and every object is looked for, measured and digested.",
    "An object that the image has no digest of is held against its name, where that is one: the SHA-256 of its contents as in Podman's layers, their fs-verity digest, or the checksum of an OSTree repository. Of all others the size is checked, which is a finding with --digest and in an image that has digests of other objects.",
    REFERENCE_HELP,
    "Prints a line for each file of the image that could not be read as it should be, and at the end what was looked at. With --json one object a line, the last one of type summary.",
    "Of several images one is verified after the other, each object once; what is said of each then begins with its name, or has it as image.",
  ],
  operands: { images: { ...IMAGE_OPERAND, repeated: true } },
  options,
  examples: [{
    summary: "Verify everything against one digest",
    command: "composefs verify --store=objects --digest=DIGEST rootfs.cfs",
  }],
  exitStatus: ["0 if nothing is wrong, 1 if something is."],
  async run(options, { images }, context) {
    const { machine } = context;
    checkOptions(options, images.length);
    const paths = options.imageOnly ? [] : storePaths(options, context);
    const trees = cacheSettings(options, paths, context);
    // What an image must be is told as a finding.
    const { as, platform, maxSize, trustToc, threads } = options;
    const needsContents = paths.length === 0 && !options.imageOnly;
    const reading = { as, platform, maxSize, trustToc, threads, needsContents };
    using stores = new Stores(machine, paths);
    // What several images share is read once.
    const shared = rememberingChecker(machine.objectChecker(stores.layers, trees));
    const filters = new Filters(images.length, { path: options.path });
    let findings = 0;
    let next = 0;
    for await (const reference of openAll(images, context, reading)) {
      const { layers } = reference;
      const name = images.length === 1 ? undefined : images[next++];
      if (paths.length + layers.length === 0 && !options.imageOnly) {
        throw new UsageError("Cannot verify objects: expected --store, or --image-only");
      }
      const checkObjects = options.imageOnly
        ? undefined
        : layers.length === 0
        ? shared
        : machine.objectChecker([...stores.layers, ...layers], trees);
      findings += await verifyOne(reference, { options, checkObjects, name, filters }, context);
    }
    return findings === 0 ? 0 : 1;
  },
});

type VerifyCommandOptions = OptionValues<typeof options>;

/** @throws {UsageError} If options contradict each other. */
function checkOptions(options: VerifyCommandOptions, images: number): void {
  if (options.store.length + options.basedir.length > 0 && options.imageOnly) {
    throw new UsageError("Cannot use --store with --image-only: expected one of them");
  }
  if (options.path.length > 0 && options.imageOnly) {
    throw new UsageError("Cannot use --path with --image-only: expected one of them");
  }
  if (options.digest !== undefined && images > 1) {
    throw new UsageError(`Cannot use --digest with ${images} images: expected one image`);
  }
}

/** How one image among others is verified. */
interface VerifyJob {
  readonly options: VerifyCommandOptions;
  readonly checkObjects: ObjectChecker | undefined;
  /** What it is called in what is said of it; undefined if it is the only one. */
  readonly name: Uint8Array | undefined;
  readonly filters: Filters;
}

/** Verifies an image; gives the number of findings. */
async function verifyOne(
  reference: OpenedReference,
  { options, checkObjects, name, filters }: VerifyJob,
  { terminal }: Context,
): Promise<number> {
  const { imageOnly, json, digest, requireDigests, allowUndigested } = options;
  const { bytes, whole } = reference.read(digest?.algorithm ?? "sha256");
  filters.check((path) => mayHave(bytes, path));
  const progress = terminal.progress("Verifying", "bytes");
  const settings: VerifyOptions = {
    paths: chosenPaths(options.path),
    requireDigests,
    allowUndigested,
    onRead: progress.update,
    ...(digest === undefined ? {} : { digest }),
    ...(whole === undefined ? {} : { whole }),
    ...(checkObjects === undefined ? {} : { checkObjects }),
  };
  const findings = verifyImage(bytes, settings);
  const { stdout } = terminal;
  const prefix = name === undefined ? "" : `${reference.shown}: `;
  const image = name === undefined ? {} : jsonBytes("image", name);
  let next = await findings.next();
  for (; !next.done; next = await findings.next()) {
    if (json) stdout.write(jsonLine({ ...describeFinding(next.value), ...image }));
    else printText(stdout, prefix, next.value);
  }
  progress.finish();
  const summary = next.value;
  if (json) stdout.write(jsonLine({ ...describe(summary), ...image }));
  else stdout.write(prefix + summaryText(summary, imageOnly));
  return summary.findings;
}

/** Tells whether an image has a file. What is malformed is told of as a finding, whatever it has. */
function mayHave(bytes: Uint8Array, path: Uint8Array): boolean {
  try {
    const { erofs: image, version } = openErofs(bytes);
    return hasPath({ image, options: { version, view: "exact" } }, path);
  } catch (error) {
    if (error instanceof ImageFormatError) return true;
    throw error;
  }
}

const NEWLINE = utf8("\n");
const ELLIPSIS = utf8("…");

/** A path as far as the kernel takes one. Deep trees have longer ones, and many of them. */
function shownPath(path: Uint8Array): Uint8Array {
  if (path.length <= MAX_PATH_LENGTH) return path;
  return concatBytes(path.subarray(0, MAX_PATH_LENGTH), ELLIPSIS);
}

function printText(stdout: Output, prefix: string, finding: Finding): void {
  stdout.write(prefix);
  if (finding.kind === "object") {
    stdout.write(escapeField(shownPath(finding.path), "listing"));
    if (finding.object !== undefined) {
      stdout.write(": object ");
      stdout.write(escapeField(finding.object, "listing"));
    }
    stdout.write(`: ${finding.state}`);
  } else {
    stdout.write(`image: ${finding.state}`);
  }
  stdout.write(NEWLINE);
}

function describeFinding(finding: Finding): object {
  const { kind, problem, state } = finding;
  const place = finding.kind === "image"
    ? finding.offset === undefined ? {} : { offset: finding.offset }
    : {
      ...jsonBytes("path", shownPath(finding.path)),
      ...(finding.object === undefined ? {} : jsonBytes("object", finding.object)),
    };
  return { type: "finding", in: kind, problem, ...place, state };
}

function describe({ digest, ...counts }: VerifySummary): object {
  return { type: "summary", ok: counts.findings === 0, digest: digest.toHex(), ...counts };
}

function summaryText(
  { files, objects, bytes, unverified, findings }: VerifySummary,
  imageOnly: boolean,
): string {
  const looked = imageOnly
    ? `${files} files, objects not looked at`
    : `${files} files, ${objects} objects of ${bytes} bytes`;
  const sizeOnly = unverified === 0 ? "" : `, ${unverified} of them by size only`;
  const verdict = findings === 0
    ? "Nothing is wrong"
    : `${findings} ${findings === 1 ? "thing is" : "things are"} wrong`;
  return `${verdict}: ${looked}${sizeOnly}\n`;
}

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
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { MAX_PATH_LENGTH } from "../../../lib/tree/name.ts";
import { defineCommand, type OptionTable } from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import type { Output } from "../../terminal.ts";
import { UsageError } from "../../args/usage_error.ts";
import { openOperand } from "../../references/open.ts";
import { storeOptions, storePaths, Stores } from "../../references/stores.ts";
import { contentOptions } from "./_content_options.ts";
import { cacheSettings, treeCacheOption } from "./_tree_cache.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";

const options = {
  ...storeOptions,
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
  summary: "Verify an image and all objects it refers to",
  description: [
    "Works on any file system, with or without fs-verity, and needs no mount: the image's digest and structure are checked, and every object is looked for, measured and digested.",
    "An object that the image has no digest of is held against its name, where that is one: the SHA-256 of its contents as in Podman's layers, their fs-verity digest, or the checksum of an OSTree repository. Of all others the size is checked, which is a finding with --digest and in an image that has digests of other objects.",
    REFERENCE_HELP,
    "Prints a line for each file of the image that could not be read as it should be, and at the end what was looked at. With --json one object a line, the last one of type summary.",
  ],
  operands: { image: IMAGE_OPERAND },
  options,
  examples: [{
    summary: "Verify everything against one digest",
    command: "composefs verify --store=objects --digest=DIGEST rootfs.cfs",
  }],
  exitStatus: ["0 if nothing is wrong, 1 if something is."],
  async run(options, { image }, context) {
    const { terminal, machine } = context;
    const { imageOnly, json, digest, requireDigests, allowUndigested } = options;
    if (options.store.length + options.basedir.length > 0 && imageOnly) {
      throw new UsageError("Cannot use --store with --image-only: expected one of them");
    }
    const paths = storePaths(options, context);
    const trees = cacheSettings(options, paths, context);
    using reference = await openOperand(image, context);
    const { bytes, whole } = reference.read(digest?.algorithm ?? "sha256");
    if (paths.length === 0 && reference.layers.length === 0 && !imageOnly) {
      throw new UsageError("Cannot verify objects: expected --store, or --image-only");
    }
    using stores = new Stores(machine, paths);
    const progress = terminal.progress("Verifying", "bytes");
    const settings: VerifyOptions = {
      requireDigests,
      allowUndigested,
      onRead: progress.update,
      ...(digest === undefined ? {} : { digest }),
      ...(whole === undefined ? {} : { whole }),
      ...(imageOnly ? {} : {
        checkObjects: machine.objectChecker([...stores.layers, ...reference.layers], trees),
      }),
    };
    const print = json ? printJson : printText;
    const findings = verifyImage(bytes, settings);
    let next = await findings.next();
    for (; !next.done; next = await findings.next()) print(terminal.stdout, next.value);
    progress.finish();
    const summary = next.value;
    terminal.stdout.write(json ? jsonLine(describe(summary)) : summaryText(summary, imageOnly));
    return summary.findings === 0 ? 0 : 1;
  },
});

const NEWLINE = utf8("\n");
const ELLIPSIS = utf8("…");

/** A path as far as the kernel takes one. Deep trees have longer ones, and many of them. */
function shownPath(path: Uint8Array): Uint8Array {
  if (path.length <= MAX_PATH_LENGTH) return path;
  return concatBytes(path.subarray(0, MAX_PATH_LENGTH), ELLIPSIS);
}

function printText(stdout: Output, finding: Finding): void {
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

function printJson(stdout: Output, finding: Finding): void {
  const { kind, problem, state } = finding;
  const place = finding.kind === "image"
    ? finding.offset === undefined ? {} : { offset: finding.offset }
    : {
      ...jsonBytes("path", shownPath(finding.path)),
      ...(finding.object === undefined ? {} : jsonBytes("object", finding.object)),
    };
  stdout.write(jsonLine({ type: "finding", in: kind, problem, ...place, state }));
}

function describe({ digest, ...counts }: VerifySummary): unknown {
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

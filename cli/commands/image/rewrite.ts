/**
 * `rewrite`: image in, image out, in another format version if asked.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import type { FormatVersion, VersionRange } from "../../../lib/composefs/version.ts";
import {
  type Context,
  defineCommand,
  type OperandValues,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { UsageError } from "../../args/usage_error.ts";
import { JSON_OPTION } from "../../json.ts";
import type { Output } from "../../terminal.ts";
import { isStdin } from "../../stdin.ts";
import { openReference } from "../../references/open.ts";
import { imageReference } from "../../references/reference.ts";
import { loadImage } from "./load_image.ts";
import { choice, integer } from "../../args/values.ts";
import { imageJson } from "./_summary.ts";
import { checkFormat, checkVersions } from "./_versions.ts";
import { FORCE_OPTION } from "./image_options.ts";

const options = {
  "min-version": {
    kind: "value",
    value: "N",
    parse: integer(0, 1),
    summary: "Use format version N or later",
    defaultText: "the version of the source",
  },
  "max-version": {
    kind: "value",
    value: "N",
    parse: integer(0, 1),
    summary: "Use format version N at most",
    defaultText: "the version of the source, or what --min-version says",
  },
  format: {
    kind: "value",
    value: "N",
    parse: choice("0", "1", "2"),
    summary: "Use format version N, whatever the tree holds",
    help: "Versions 0 and 1 are those of the C programs, 2 is that of composefs-rs.",
    extension: true,
  },
  force: FORCE_OPTION,
} as const satisfies OptionTable;

const operands = {
  source: {
    name: "SRC",
    summary: "The image to read",
    missing: "No source path specified",
    readWhole: true,
  },
  destination: {
    name: "DEST",
    summary: "The image to write (- for standard output)",
    missing: "No destination path specified",
  },
} as const;

/** What `composefs rewrite` and `composefs-dump` have in common. */
export const REWRITE = {
  summary: "Read an image and write it again",
  description: [
    "Everything is read, checked and laid out anew. With the version of the source, which is the default, an image that mkcomposefs or this program made comes out the same bit for bit.",
  ],
  operands,
  options,
  exitStatus: ["0 if the image was written, 1 if not."],
  seeAlso: ["mkcomposefs(1)", "composefs-info(1)", "composefs-image(5)"],
  run: runRewrite,
} as const;

/** The command `composefs rewrite`. */
export const rewrite = defineCommand({
  name: "rewrite",
  ...REWRITE,
  options: {
    ...options,
    "dry-run": {
      kind: "flag",
      summary: "Print what would be written, write nothing",
      help: "The image is made as ever. With --json the answer is that of a real run.",
    },
    json: {
      ...JSON_OPTION,
      summary: "Print digest, size and format version of the new image as JSON",
      help: "Not with - for DEST, unless nothing is written.",
    },
  },
  examples: [{
    summary: "Bring an image into the format version of composefs-rs",
    command: "composefs rewrite --format=2 rootfs.cfs rootfs-2.cfs",
  }],
});

/** The options of either; the C program's name has only the first. */
type Options = OptionValues<typeof options> & {
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

async function runRewrite(
  options: Options,
  { source, destination }: OperandValues<typeof operands>,
  context: Context,
): Promise<number> {
  const { asC, terminal, machine } = context;
  if (!asC) checkVersions(options);
  if (options.format !== undefined) checkFormat(options);
  const { dryRun = false, json = false } = options;
  if (isStdin(destination) && json && !dryRun) {
    throw new UsageError("Cannot use --json with - for DEST: expected a file, or --dry-run");
  }
  if (isStdin(destination) && !dryRun && terminal.stdout.isTerminal) {
    throw new Error("Cannot write an image to a terminal: redirect standard output");
  }
  using reference = await openReference(imageReference(source), context);
  const image = loadImage(reference);
  const range = versionRange(options, image.version, source);
  const bytes = encodeImage(image.tree(), range);
  if (!dryRun) {
    if (isStdin(destination)) terminal.stdout.write(bytes);
    else machine.writeFile(destination, bytes, { keepSealed: !options.force });
  }
  if (dryRun || json) describe(bytes, destination, json, terminal.stdout);
  return 0;
}

/** Says what has been written, or would be. */
function describe(
  bytes: Uint8Array,
  destination: Uint8Array,
  json: boolean,
  stdout: Output,
): void {
  const digest = fsVerityDigest(bytes);
  if (json) {
    stdout.write(imageJson(bytes, digest));
    return;
  }
  const shown = isStdin(destination) ? "to standard output" : quote(destination);
  stdout.write(`Would write ${shown}, ${bytes.length} bytes, digest ${digest.toHex()}\n`);
}

function versionRange(
  { minVersion, maxVersion, format }: OptionValues<typeof options>,
  version: number,
  source: Uint8Array,
): VersionRange {
  if (minVersion !== undefined || maxVersion !== undefined) {
    return { minVersion: minVersion ?? 0, maxVersion: maxVersion ?? minVersion ?? 0 };
  }
  if (format !== undefined) return { format: Number(format) as FormatVersion };
  if (version === 0 || version === 1 || version === 2) return { format: version };
  throw new Error(
    `Cannot rewrite ${quote(source)} in its format version ${version}: ` +
      "expected 0, 1 or 2, choose one with --format",
  );
}

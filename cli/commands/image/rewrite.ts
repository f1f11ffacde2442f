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
import { isStdin } from "../../stdin.ts";
import { openReference } from "../../references/open.ts";
import { imageReference } from "../../references/reference.ts";
import { loadImage } from "./load_image.ts";
import { choice, integer } from "../../args/values.ts";
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
export const rewrite = defineCommand({ name: "rewrite", ...REWRITE });

async function runRewrite(
  options: OptionValues<typeof REWRITE.options>,
  { source, destination }: OperandValues<typeof operands>,
  context: Context,
): Promise<number> {
  const { asC, terminal, machine } = context;
  if (!asC) checkVersions(options);
  if (options.format !== undefined) checkFormat(options);
  if (isStdin(destination) && terminal.stdout.isTerminal) {
    throw new Error("Cannot write an image to a terminal: redirect standard output");
  }
  using reference = await openReference(imageReference(source), context);
  const image = loadImage(reference);
  const range = versionRange(options, image.version, source);
  const bytes = encodeImage(image.tree(), range);
  if (isStdin(destination)) terminal.stdout.write(bytes);
  else machine.writeFile(destination, bytes, { keepSealed: !options.force });
  return 0;
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

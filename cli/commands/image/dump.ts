/**
 * `dump`: images as dump files.
 *
 * @module
 */

import { utf8 } from "../../../lib/bytes/text.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { type Context, defineCommand } from "../../args/command.ts";
import { jsonBytes, jsonLine } from "../../json.ts";
import { type ImageOptions, ownImageOptions, WHOLE_IMAGES } from "./image_options.ts";
import { lengthCheck, selectedDumps } from "./selected_images.ts";
import { REFERENCE_HELP } from "../../references/reference.ts";

/** What `composefs dump` and `composefs-info dump` have in common. */
export const DUMP = {
  name: "dump",
  summary: "Print images as dump files",
  operands: WHOLE_IMAGES,
  seeAlso: ["composefs-info(1)", "composefs-dump(5)"],
} as const;

/** The command `composefs dump`. */
export const dump = defineCommand({
  ...DUMP,
  description: [
    "An image made of the dump, with the same format version, is the same image bit for bit. For this, the name that a hard-linked file lives under is printed as its own, where composefs-info takes the first one it meets.",
    'With --json, one object a line, which holds the line of the dump file as "line".',
    REFERENCE_HELP,
  ],
  options: ownImageOptions,
  examples: [{
    summary: "See in what two images differ",
    command: "diff <(composefs dump old.cfs) <(composefs dump new.cfs)",
  }],
  run: (options, { images }, context) => runDump(options, images, context, "exact"),
});

/** Dumps images as the given view shows them. */
export async function runDump(
  options: ImageOptions,
  images: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  view: ImageView,
): Promise<number> {
  const { terminal } = context;
  // The C program lists paths of any length.
  const makeVisit = view === "exact" ? lengthCheck : undefined;
  for await (const dump of selectedDumps(images, options, context, { view, makeVisit })) {
    for (const chunk of dump) {
      if (options.json) writeLines(chunk, (text) => terminal.stdout.write(text));
      else terminal.stdout.write(chunk);
    }
  }
  return 0;
}

/** Chunks of a dump end at line ends. */
function writeLines(chunk: Uint8Array, write: (text: string) => void): void {
  let start = 0;
  for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
    write(jsonLine(jsonBytes("line", chunk.subarray(start, end))));
    start = end + 1;
  }
}

const NEWLINE = utf8("\n")[0]!;

/**
 * `info`: what images hold, in numbers, and what can mount them.
 *
 * @module
 */

import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import {
  type Amount,
  type ImageSummary,
  type LargeEntry,
  summarizeImage,
} from "../../../lib/composefs/image_summary.ts";
import { type ComposefsImage, openImage } from "../../../lib/composefs/open.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { defineCommand } from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { openAll } from "../../references/open.ts";
import { referenceOptions } from "../../references/options.ts";
import { REFERENCE_HELP } from "../../references/reference.ts";
import { loading } from "../image/load_image.ts";
import { WHOLE_IMAGES } from "../image/image_options.ts";

/** The command `composefs info`. */
export const info = defineCommand({
  name: "info",
  summary: "Show what images hold, in numbers, and what can mount them",
  description: [
    "Format version, digest, files by kind, what is in the image and what in objects, how much the same object for several files saves, the largest files and directories, extended attributes, and what the kernel must be able to do for a mount. Sizes are in bytes. No object is read.",
    "With --json one object a line.",
    REFERENCE_HELP,
  ],
  operands: WHOLE_IMAGES,
  options: { ...referenceOptions, json: JSON_OPTION },
  examples: [{
    summary: "See what a container image comes to",
    command: "composefs info oci:layout:v1",
  }],
  exitStatus: ["0 if all images were shown, 1 if not."],
  async run({ json, ...options }, { images }, context) {
    const { stdout } = context.terminal;
    for await (const reference of openAll(images, context, options)) {
      const { bytes } = reference.read();
      const about = loading(reference, () => {
        const image = openImage(bytes);
        const summary = summarizeImage(image);
        const [algorithm = "sha256"] = summary.algorithms;
        return { image, summary, size: bytes.length, digest: fsVerityDigest(bytes, { algorithm }) };
      });
      stdout.write(
        json ? jsonLine(fieldsOf(reference.shown, about)) : textOf(reference.shown, about),
      );
    }
    return 0;
  },
});

/** What is told of one image. */
interface About {
  readonly image: ComposefsImage;
  readonly summary: ImageSummary;
  /** Bytes of the image. */
  readonly size: number;
  readonly digest: Digest;
}

/** What a mount asks of the kernel, in words. */
function needs({ version }: ComposefsImage, summary: ImageSummary): string[] {
  const needed = [
    "EROFS; from a file without a loop device Linux 6.12",
    "overlayfs with data-only layers: Linux 6.5",
    summary.undigested === 0
      ? "with verity=require: Linux 6.6, and fs-verity in the file system of the objects"
      : `without verity=require: ${summary.undigested} files have no digest in the image`,
  ];
  if (summary.whiteouts > 0 && version === 1) needed.push("whiteouts: Linux 6.8");
  return needed;
}

function textOf(shown: string, about: About): Uint8Array {
  const { image, summary, size, digest } = about;
  const { kinds, hardLinks, whiteouts, inline, external, objects, xattrs } = summary;
  const files = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  const saved = external.bytes - objects.bytes;
  const rows: [label: string, text: string][] = [
    ["Format", `version ${image.version}, ${size} bytes`],
    ["Digest", String(digest)],
    ["Files", `${files}: ${kindsText(kinds)}`],
    ["Hard links", String(hardLinks)],
    ...(whiteouts > 0 ? [["Whiteouts", String(whiteouts)] as [string, string]] : []),
    ["In image", amountText(inline)],
    ["In objects", amountText(external)],
    ["Objects", `${amountText(objects)}; sharing saves ${saved} bytes`],
    [
      "Xattrs",
      [...xattrs].map(([name, count]) => `${count} ${shownName(name)}`).join(", ") || "none",
    ],
    ["ACLs", image.hasAcl ? "yes" : "no"],
    ...needs(image, summary).map((text): [string, string] => ["To mount", text]),
  ];
  return concatBytes(
    utf8(`${shown}\n`),
    ...rows.map(([label, text]) => utf8(`${label.padStart(12)}: ${text}\n`)),
    ...largest("Largest files", summary.largestFiles),
    ...largest("Largest directories", summary.largestDirectories),
  );
}

function largest(title: string, entries: readonly LargeEntry[]): Uint8Array[] {
  if (entries.length === 0) return [];
  const width = String(entries[0]!.bytes).length;
  return [
    utf8(`${title}:\n`),
    ...entries.map(({ path, bytes }) =>
      concatBytes(
        utf8(`  ${String(bytes).padStart(width)} `),
        escapeField(path, "path"),
        utf8("\n"),
      )
    ),
  ];
}

function kindsText(kinds: ImageSummary["kinds"]): string {
  return Object.entries(kinds).filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`).join(", ");
}

function amountText({ count, bytes }: Amount): string {
  return `${count} with ${bytes} bytes`;
}

/** A name of an xattr, one character a byte. */
function shownName(name: string): string {
  const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(escapeField(bytes, "listing"));
}

function fieldsOf(shown: string, { image, summary, size, digest }: About): object {
  const { xattrs, largestFiles, largestDirectories, ...numbers } = summary;
  const entries = (list: readonly LargeEntry[]) =>
    list.map(({ path, bytes }) => ({ ...jsonBytes("path", path), bytes }));
  return {
    // Messages quote it.
    image: shown.replace(/^"(.*)"$/s, "$1"),
    format: image.version,
    size,
    digest: String(digest),
    ...numbers,
    xattrs: [...xattrs].map(([name, count]) => ({
      ...jsonBytes("name", Uint8Array.from(name, (character) => character.charCodeAt(0))),
      count,
    })),
    hasAcl: image.hasAcl,
    needs: needs(image, summary),
    largestFiles: entries(largestFiles),
    largestDirectories: entries(largestDirectories),
  };
}

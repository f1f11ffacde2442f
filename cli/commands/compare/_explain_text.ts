/**
 * What `explain` tells people.
 *
 * @module
 */

import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { pathOfNames } from "../../../lib/compare/changes.ts";
import type { RuleSet } from "../../../lib/compare/candidates.ts";
import type { Difference } from "../../../lib/compare/differences.ts";
import type { Explanation } from "../../../lib/compare/explain.ts";
import type { DigestAnswer } from "../../../lib/compare/explain_digest.ts";
import type { FormatVersion } from "../../../lib/composefs/version.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { wrap } from "../../args/help.ts";

/** An image as it is told of. */
export interface ExplainedImage {
  /** Its source, as messages show it. */
  readonly shown: string;
  /** That of its image. */
  readonly digest: Digest;
  /** The format version that it has, or is made in. */
  readonly version: FormatVersion;
}

/** How many paths are listed that no rule explains. */
const MAX_LISTED = 20;

/**
 * Tells people why two images differ.
 *
 * @param width Columns to wrap at.
 */
export function explanationText(
  [first, second]: readonly [ExplainedImage, ExplainedImage],
  { answers, format, left, isConfirmed }: Explanation,
  width: number,
): Uint8Array {
  const lines: (string | Uint8Array)[] = [
    `${first.shown}: ${first.digest}, format ${first.version}`,
    `${second.shown}: ${second.digest}, format ${second.version}`,
    "",
  ];
  if (first.digest.equals(second.digest)) {
    lines.push("The digests are equal.");
    return joined(lines);
  }
  const [best = []] = answers;
  if (best.length === 0 && format === undefined) {
    lines.push(
      left.length === 0
        ? "The trees are equal, and the images are not: another program has made one of them."
        : "No known rule explains any of it.",
    );
  } else {
    const most = left.length === 0
      ? "The first becomes the second"
      : "The first comes nearest to the second";
    lines.push(`${most} by ${countOf(best.length + (format === undefined ? 0 : 1), "rule")}:`);
    lines.push(...rulesText(best, format, width));
    for (const other of answers.slice(1)) lines.push(...alternativeText(other, width));
    if (isConfirmed) {
      lines.push(
        "",
        best.every(({ to }) => to === "first")
          ? "The image that is made so has the digest of the second."
          : "The images that are made so are the same.",
      );
    } else if (left.length === 0) {
      lines.push(
        "",
        "The trees are equal then, and the images are not: another program has made one of them.",
      );
    }
  }
  if (left.length > 0) {
    lines.push(
      "",
      `${countOf(left.length, "path")} ${left.length === 1 ? "differs" : "differ"} all the same:`,
    );
    for (const each of left.slice(0, MAX_LISTED)) lines.push(differenceText(each));
    if (left.length > MAX_LISTED) lines.push("  …");
  }
  return joined(lines);
}

/**
 * Tells people by which rules an image has the digest that is looked for.
 *
 * @param width Columns to wrap at.
 */
export function digestAnswerText(
  { shown, version }: Omit<ExplainedImage, "digest">,
  expected: Digest,
  answers: readonly DigestAnswer[],
  width: number,
): Uint8Array {
  const [best] = answers;
  if (best === undefined) {
    return utf8(
      `${shown}: no rule, and no pair of rules, makes an image of it that has the digest ${expected}\n`,
    );
  }
  const format = best.format === version ? undefined : best.format;
  const count = best.rules.length + (format === undefined ? 0 : 1);
  if (count === 0) return utf8(`${shown}: the image of it has the digest ${expected}\n`);
  const lines = [
    `${shown}: the image of it has the digest ${expected} by ${countOf(count, "rule")}:`,
  ];
  lines.push(...rulesText(best.rules, format, width));
  for (const { rules } of answers.slice(1)) lines.push(...alternativeText(rules, width));
  return joined(lines);
}

function rulesText(rules: RuleSet, format: FormatVersion | undefined, width: number): string[] {
  const lines: string[] = [];
  if (format !== undefined) {
    lines.push(
      ...indented(`format: the image is of format version ${format}`, width),
      ...below(`known of: ${FORMAT_WRITERS[format]}`, width),
      ...below(`do it with: composefs create --format=${format}`, width),
    );
  }
  for (const { name, says, knownOf, detail, option, to } of rules) {
    const of = to === "first" ? "" : " (of the second: that makes the first of it)";
    lines.push(
      ...indented(`${name}: ${says}${detail === undefined ? "" : `, ${detail}`}${of}`, width),
      ...below(`known of: ${knownOf}`, width),
    );
    if (option !== undefined) lines.push(...below(`do it with: composefs create ${option}`, width));
  }
  return lines;
}

/** An item of a list, whose further lines stand under it. */
function indented(text: string, width: number): string[] {
  const [first, ...more] = wrap(text, width - 6);
  return [`  ${first}`, ...more.map((line) => `      ${line}`)];
}

/** What belongs to an item. */
function below(text: string, width: number): string[] {
  const [first, ...more] = wrap(text, width - 8);
  return [`      ${first}`, ...more.map((line) => `        ${line}`)];
}

/** Other rules that would do, in short: what they say is known from their names. */
function alternativeText(rules: RuleSet, width: number): string[] {
  const names = rules.map(({ name, option, to }) =>
    `${name}${option === undefined ? "" : ` (${option})`}${to === "first" ? "" : " of the second"}`
  );
  return indented(`or, with the same effect: ${names.join(", ")}`, width);
}

const FORMAT_WRITERS: Readonly<Record<FormatVersion, string>> = {
  0: "mkcomposefs where there are no whiteouts, and so Podman, OSTree, RAUC",
  1: "mkcomposefs --min-version=1 and where there are whiteouts, composefs-rs since 0.9 by default",
  2: "composefs-rs before 0.9, and with --erofs-version=2",
};

function differenceText({ names, before, after, attributes }: Difference): Uint8Array {
  const shown = escapeField(pathOfNames(names), "listing");
  const what = before === undefined
    ? "only in the second"
    : after === undefined
    ? "only in the first"
    : attributes.join(", ");
  return concatBytes(utf8("  "), shown, utf8(`: ${what}`));
}

function asBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? utf8(text) : text;
}

function joined(lines: readonly (string | Uint8Array)[]): Uint8Array {
  return concatBytes(...lines.flatMap((line) => [asBytes(line), utf8("\n")]));
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

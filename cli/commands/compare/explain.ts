/**
 * `explain`: why two digests differ.
 *
 * @module
 */

import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import type { RuleSet } from "../../../lib/compare/candidates.ts";
import type { Difference } from "../../../lib/compare/differences.ts";
import { explainDifference, type Explanation } from "../../../lib/compare/explain.ts";
import { type DigestAnswer, explainDigest } from "../../../lib/compare/explain_digest.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { chooseVersion, type FormatVersion } from "../../../lib/composefs/version.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { defineCommand } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { digest as parseDigest } from "../../args/values.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, parseReference, referenceHelp } from "../../references/reference.ts";
import { findSubject, type NamedSubject } from "./_subject.ts";

/** The command `composefs explain`. */
export const explain = defineCommand({
  name: "explain",
  summary: "Tell by which rules two images have different digests",
  description: [
    "Images of one tree have different digests where tools follow different rules: they cut nanoseconds, copy the root from /usr, drop xattrs, split hard links, write another format. Tells which rules make of FIRST what SECOND is, who is known to follow them, and with which option create does so, too. It makes sure by making the image.",
    "With --expected there is no SECOND: all rules are tried, and pairs of them, until an image has that digest.",
    "What no rule explains is listed.",
    referenceHelp("FIRST and SECOND"),
  ],
  operands: {
    first: {
      ...IMAGE_OPERAND,
      name: "FIRST",
      summary: "A directory, image, dump, archive or layout",
    },
    second: { ...IMAGE_OPERAND, name: "SECOND", summary: "Another one", optional: true },
  },
  options: {
    expected: {
      kind: "value",
      value: "DIGEST",
      parse: parseDigest,
      summary: "Look for rules by which the image of FIRST has this fs-verity digest",
    },
    ...referenceOptions,
    json: JSON_OPTION,
  },
  examples: [
    {
      summary: "See why the digest of a deployed image is not that of the build",
      command: "composefs explain oci:build:v1 deployed.cfs",
    },
    {
      summary: "The same where there is nothing but the digest",
      command: "composefs explain oci:build:v1 --expected=sha512:HEX",
    },
  ],
  exitStatus: [
    "0 if rules explain all of it, or the digests are equal; 1 if not.",
  ],
  seeAlso: ["composefs-create(1)", "composefs-digest(1)", "composefs-image(5)"],
  async run({ expected, json, ...options }, { first, second }, context) {
    if ((second === undefined) === (expected === undefined)) {
      throw new UsageError("Cannot explain one image: expected SECOND, or --expected=DIGEST");
    }
    const { stdout } = context.terminal;
    if (expected !== undefined) {
      const pending = findSubject(parseReference(first), options, context);
      checkAlgorithm(pending.algorithm, expected);
      const subject = await pending.read(expected.algorithm);
      const progress = context.terminal.progress("Trying rules", "rules");
      const answers = explainDigest(subject, expected, { onTry: (done) => progress.update(done) });
      progress.finish();
      const version = versionOf(subject);
      stdout.write(
        json
          ? jsonLine({ explained: answers.length > 0, answers: answers.map(answerFields) })
          : digestText(subject, expected, answers, version),
      );
      return answers.length > 0 ? 0 : 1;
    }
    const pending = [first, second!].map((word) =>
      findSubject(parseReference(word), options, context)
    );
    const algorithms = pending.map(({ algorithm }) => algorithm);
    const common = algorithms[1] ?? algorithms[0] ?? "sha256";
    const [a, b] = [await pending[0]!.read(common), await pending[1]!.read(common)];
    const progress = context.terminal.progress("Trying rules", "rules");
    const explanation = explainDifference(a, b, { onTry: (done) => progress.update(done) });
    progress.finish();
    const digests = [digestOf(a, common), digestOf(b, common)] as const;
    stdout.write(
      json ? jsonLine(fieldsOf(explanation, digests)) : textOf([a, b], explanation, digests),
    );
    return explanation.isConfirmed || digests[0].equals(digests[1]) ? 0 : 1;
  },
});

/** @throws {Error} If the objects are not named as those of the image that is looked for. */
function checkAlgorithm(algorithm: HashAlgorithm | undefined, expected: Digest): void {
  if (algorithm === undefined || algorithm === expected.algorithm) return;
  throw new Error(
    `Cannot look for a digest by ${expected.algorithm}: the image names its objects by ${algorithm}, expected the source of it`,
  );
}

function versionOf({ tree, version }: NamedSubject): FormatVersion {
  return version ?? chooseVersion(tree, {});
}

function digestOf(subject: NamedSubject, algorithm: HashAlgorithm): Digest {
  return subject.digest ??
    fsVerityDigest(encodeImage(subject.tree, { format: versionOf(subject) }), { algorithm });
}

/** How many paths are listed that no rule explains. */
const MAX_LISTED = 20;

function textOf(
  [first, second]: readonly [NamedSubject, NamedSubject],
  { answers, format, left, isConfirmed }: Explanation,
  digests: readonly [Digest, Digest],
): Uint8Array {
  const lines: (string | Uint8Array)[] = [
    `${first.shown}: ${digests[0]}, format ${versionOf(first)}`,
    `${second.shown}: ${digests[1]}, format ${versionOf(second)}`,
    "",
  ];
  if (digests[0].equals(digests[1])) {
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
      ? "The second is the first"
      : "The second is nearest to the first";
    lines.push(`${most} by ${countOf(best.length + (format === undefined ? 0 : 1), "rule")}:`);
    lines.push(...rulesText(best, format));
    for (const other of answers.slice(1)) {
      lines.push(alternativeText(other));
    }
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

function digestText(
  { shown }: NamedSubject,
  expected: Digest,
  answers: readonly DigestAnswer[],
  version: FormatVersion,
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
  lines.push(...rulesText(best.rules, format));
  for (const { rules } of answers.slice(1)) {
    lines.push(alternativeText(rules));
  }
  return joined(lines);
}

function rulesText(rules: RuleSet, format?: FormatVersion): string[] {
  const lines: string[] = [];
  if (format !== undefined) {
    lines.push(
      `  format: the image is of format version ${format}`,
      `      known of: ${FORMAT_WRITERS[format]}`,
      `      composefs create --format=${format}`,
    );
  }
  for (const { name, says, knownOf, detail, option, to } of rules) {
    const of = to === "first" ? "" : " (of the second: that makes the first of it)";
    lines.push(`  ${name}: ${says}${detail === undefined ? "" : `, ${detail}`}${of}`);
    lines.push(`      known of: ${knownOf}`);
    if (option !== undefined) lines.push(`      composefs create ${option}`);
  }
  return lines;
}

/** Other rules that would do, in one line: their long names are those of the first. */
function alternativeText(rules: RuleSet): string {
  const names = rules.map(({ name, option, to }) =>
    `${name}${option === undefined ? "" : ` (${option})`}${to === "first" ? "" : " of the second"}`
  );
  return `  or, with the same effect: ${names.join(", ")}`;
}

const FORMAT_WRITERS: Readonly<Record<FormatVersion, string>> = {
  0: "mkcomposefs where there are no whiteouts, and so Podman, OSTree, RAUC",
  1: "mkcomposefs --min-version=1 and where there are whiteouts, composefs-rs since 0.9 by default",
  2: "composefs-rs before 0.9, and with --erofs-version=2",
};

function differenceText({ names, before, after, attributes }: Difference): Uint8Array {
  const path = concatBytes(...names.flatMap((name) => [SLASH, name]));
  const shown = escapeField(path.length === 0 ? SLASH : path, "listing");
  const what = before === undefined
    ? "only in the second"
    : after === undefined
    ? "only in the first"
    : attributes.join(", ");
  return concatBytes(utf8("  "), asBytes(shown), utf8(`: ${what}`));
}

const SLASH = utf8("/");

function asBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? utf8(text) : text;
}

function joined(lines: readonly (string | Uint8Array)[]): Uint8Array {
  return concatBytes(...lines.flatMap((line) => [asBytes(line), utf8("\n")]));
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function fieldsOf(
  { answers, format, left, isConfirmed }: Explanation,
  [first, second]: readonly [Digest, Digest],
) {
  return {
    first: String(first),
    second: String(second),
    explained: isConfirmed || first.equals(second),
    ...(format === undefined ? {} : { format }),
    answers: answers.map((rules) => ({ rules })),
    left: left.map(({ names, before, after, attributes }) => ({
      ...jsonBytes("path", concatBytes(...names.flatMap((name) => [SLASH, name]))),
      change: before === undefined ? "added" : after === undefined ? "removed" : "changed",
      attributes,
    })),
  };
}

function answerFields({ rules, format }: DigestAnswer) {
  return { format, rules };
}

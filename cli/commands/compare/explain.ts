/**
 * `explain`: why two digests differ.
 *
 * @module
 */

import { pathOfNames } from "../../../lib/compare/changes.ts";
import { explainDifference, type Explanation } from "../../../lib/compare/explain.ts";
import { type DigestAnswer, explainDigest } from "../../../lib/compare/explain_digest.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { chooseVersion, type FormatVersion } from "../../../lib/composefs/version.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { defineCommand } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { digest as parseDigest } from "../../args/values.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, parseReference, referenceHelp } from "../../references/reference.ts";
import { digestAnswerText, type ExplainedImage, explanationText } from "./_explain_text.ts";
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
    const { stdout, width } = context.terminal;
    if (expected !== undefined) {
      const pending = findSubject(parseReference(first), options, context);
      checkAlgorithm(pending.algorithm, expected);
      const subject = await pending.read(expected.algorithm);
      const progress = context.terminal.progress("Trying rules", "rules");
      const answers = explainDigest(subject, expected, { onTry: (done) => progress.update(done) });
      progress.finish();
      stdout.write(
        json
          ? jsonLine({ explained: answers.length > 0, answers: answers.map(answerFields) })
          : digestAnswerText(told(subject), expected, answers, width),
      );
      return answers.length > 0 ? 0 : 1;
    }
    const pending = [first, second!].map((word) =>
      findSubject(parseReference(word), options, context)
    );
    const algorithms = pending.map(({ algorithm }) => algorithm);
    const common = algorithms[1] ?? algorithms[0] ?? "sha256";
    const a = withDigest(await pending[0]!.read(common), common);
    const b = withDigest(await pending[1]!.read(common), common);
    const progress = context.terminal.progress("Trying rules", "rules");
    const explanation = explainDifference(a, b, { onTry: (done) => progress.update(done) });
    progress.finish();
    const images = [{ ...told(a), digest: a.digest }, { ...told(b), digest: b.digest }] as const;
    stdout.write(
      json ? jsonLine(fieldsOf(explanation, images)) : explanationText(images, explanation, width),
    );
    return explanation.isConfirmed || images[0].digest.equals(images[1].digest) ? 0 : 1;
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

function told(subject: NamedSubject): Pick<ExplainedImage, "shown" | "version"> {
  return { shown: subject.shown, version: versionOf(subject) };
}

/** A subject with the digest of its image, which is made if there is none. */
function withDigest(
  subject: NamedSubject,
  algorithm: HashAlgorithm,
): NamedSubject & { readonly digest: Digest } {
  const { tree, digest } = subject;
  const made = digest ??
    fsVerityDigest(encodeImage(tree, { format: versionOf(subject) }), { algorithm });
  return { ...subject, digest: made };
}

function fieldsOf(
  { answers, format, left, isConfirmed }: Explanation,
  [{ digest: first }, { digest: second }]: readonly [ExplainedImage, ExplainedImage],
) {
  return {
    first: String(first),
    second: String(second),
    explained: isConfirmed || first.equals(second),
    ...(format === undefined ? {} : { format }),
    answers: answers.map((rules) => ({ rules })),
    left: left.map(({ names, before, after, attributes }) => ({
      ...jsonBytes("path", pathOfNames(names)),
      change: before === undefined ? "added" : after === undefined ? "removed" : "changed",
      attributes,
    })),
  };
}

function answerFields({ rules, format }: DigestAnswer) {
  return { format, rules };
}

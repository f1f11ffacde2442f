/**
 * Which rules make of a tree the image that has a digest, where nothing but the digest is known.
 *
 * @module
 */

import { encodeImage } from "../composefs/image.ts";
import type { FormatVersion } from "../composefs/version.ts";
import type { Digest } from "../digest/digest.ts";
import { fsVerityDigest } from "../digest/fs_verity.ts";
import type { Content, Tree } from "../tree/tree.ts";
import {
  type Candidate,
  candidatesFor,
  described,
  goesWith,
  type RuleSet,
  type Subject,
  tryApply,
  versionOf,
} from "./candidates.ts";

/** What gives the image of a digest. */
export interface DigestAnswer {
  /** The rules, in the order in which they are applied; none if the version is enough. */
  readonly rules: RuleSet;
  /** The format version. */
  readonly format: FormatVersion;
}

/** How {@linkcode explainDigest} goes about it. */
export interface ExplainDigestOptions {
  /** Told how many images have been made, and how many there are to be made at most; more may turn up. */
  readonly onTry?: (done: number, total: number) => void;
}

const VERSIONS: readonly FormatVersion[] = [0, 1, 2];

/**
 * Finds rules by which the image of a tree has a digest: each rule and each format version alone, then a rule with a
 * version, then pairs of rules.
 *
 * @returns Those that do; all of them make the same image. Empty if none do.
 *
 * @example An image in another format
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeImage, explainDigest, fsVerityDigest, parseDumpfile } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 0 0 0 1.5 - - -\n";
 * const tree = parseDumpfile([new TextEncoder().encode(dump)]);
 * const expected = fsVerityDigest(encodeImage(tree, { format: 1 }));
 * assertEquals(explainDigest({ tree }, expected), [{ rules: [], format: 1 }]);
 * ```
 */
export function explainDigest(
  subject: Subject,
  expected: Digest,
  options: ExplainDigestOptions = {},
): DigestAnswer[] {
  return new Search(subject, expected, options).run();
}

/** A tree that rules have made. */
interface Made {
  readonly tree: Tree<Content>;
  readonly applied: readonly Candidate[];
}

class Search {
  readonly #subject: Subject;
  readonly #expected: Digest;
  readonly #options: ExplainDigestOptions;
  readonly #version: FormatVersion;
  #done = 0;
  #total = 0;

  constructor(subject: Subject, expected: Digest, options: ExplainDigestOptions) {
    this.#subject = subject;
    this.#expected = expected;
    this.#options = options;
    this.#version = versionOf(subject);
  }

  run(): DigestAnswer[] {
    const start: Made = { tree: this.#subject.tree, applied: [] };
    const others = VERSIONS.filter((version) => version !== this.#version);
    this.#total = VERSIONS.length;
    for (const format of [this.#version, ...others]) {
      if (this.#digestOf(start.tree, format) === this.#expected.toHex()) {
        return [answer(start, format)];
      }
    }
    const singles = this.#oneMore(start);
    const found = this.#matching(singles, this.#version);
    if (found.length > 0) return found;
    const effective = [...singles.values()].map(([first]) => first!);
    this.#total += effective.length * others.length;
    for (const format of others) {
      for (const made of effective) {
        if (this.#digestOf(made.tree, format) !== this.#expected.toHex()) continue;
        return sameAs(made, singles).map((each) => answer(each, format));
      }
    }
    for (const made of effective) {
      const found = this.#matching(this.#oneMore(made), this.#version);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** What one more rule makes of a tree, by the digest of the image: many make the same. */
  #oneMore({ tree, applied }: Made): Map<string, Made[]> {
    const subject = applied.length === 0 ? this.#subject : { ...this.#subject, tree, readings: [] };
    const candidates = candidatesFor(subject, undefined, "first")
      .filter((candidate) => goesWith(candidate, applied));
    this.#total += candidates.length;
    const found = new Map<string, Made[]>();
    const before = this.#digestOf(tree, this.#version, false);
    for (const candidate of candidates) {
      const made = tryApply(tree, candidate);
      const digest = made === undefined ? before : this.#digestOf(made, this.#version);
      if (made === undefined || digest === before) continue;
      const same = found.get(digest) ?? [];
      same.push({ tree: made, applied: [...applied, candidate] });
      found.set(digest, same);
    }
    return found;
  }

  #matching(found: ReadonlyMap<string, readonly Made[]>, format: FormatVersion): DigestAnswer[] {
    return (found.get(this.#expected.toHex()) ?? []).map((made) => answer(made, format));
  }

  #digestOf(tree: Tree<Content>, format: FormatVersion, isCounted = true): string {
    if (isCounted) this.#options.onTry?.(++this.#done, this.#total);
    const { algorithm } = this.#expected;
    return fsVerityDigest(encodeImage(tree, { format }), { algorithm }).toHex();
  }
}

function answer({ applied }: Made, format: FormatVersion): DigestAnswer {
  return { rules: applied.map(described), format };
}

/** All that have made the same as one. */
function sameAs(made: Made, found: ReadonlyMap<string, readonly Made[]>): readonly Made[] {
  return [...found.values()].find((each) => each.includes(made))!;
}

/**
 * What may have become of a tree: the ways of all rules.
 *
 * @module
 */

import { chooseVersion, type FormatVersion } from "../composefs/version.ts";
import type { Digest } from "../digest/digest.ts";
import type { ReadPolicyFile } from "../selinux/policy.ts";
import { SelinuxPolicyError } from "../selinux/policy_error.ts";
import type { Content, Tree } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { ALL_ASPECTS, type Aspect, type Rule, type Towards, type Way } from "./rule.ts";
import { RULES } from "./rules.ts";

/** A tree, and the image that is made of it. */
export interface Subject {
  /** All of it. */
  readonly tree: Tree<Content>;
  /** The format version of its image; absent if there is no image of it yet. */
  readonly version?: FormatVersion | undefined;
  /** The digest of its image; absent if there is none yet. */
  readonly digest?: Digest | undefined;
  /** Gives the contents of files for which `isPolicyPath` is true; absent if they cannot be had. */
  readonly readFile?: ReadPolicyFile<Content> | undefined;
  /** Other trees that may have been made of the same source, by rules for reading it. */
  readonly readings?: readonly Reading[] | undefined;
}

/** Another tree of a source. */
export interface Reading
  extends Pick<Rule, "name" | "says" | "knownOf" | "sealing">, Omit<Way, "apply"> {
  /** What the rules have made of the source. */
  readonly tree: Tree<Content>;
}

/** A rule as it has been applied. */
export interface AppliedRule extends Pick<Rule, "name" | "says" | "knownOf">, Omit<Way, "apply"> {
  /** To which of the two trees it is applied. */
  readonly to: "first" | "second";
}

/** Rules that, taken together, are an answer. */
export type RuleSet = readonly AppliedRule[];

/** A way, with the rule it is of and the tree that it is for. */
export interface Candidate {
  readonly rule: Pick<Rule, "name" | "says" | "knownOf" | "sealing" | "changes">;
  readonly way: Way;
  readonly to: AppliedRule["to"];
}

/**
 * The ways in which a tree may have been changed.
 *
 * @param aspects What rules must be able to change; anything if absent.
 */
export function candidatesFor(
  { tree, readFile, readings = [] }: Subject,
  towards: Towards | undefined,
  to: Candidate["to"],
  aspects?: ReadonlySet<Aspect>,
): Candidate[] {
  const candidates: Candidate[] = readings.map((reading) => {
    const { name, says, knownOf, sealing, tree, ...text } = reading;
    const rule = {
      name,
      says,
      knownOf,
      changes: ALL_ASPECTS,
      ...(sealing === undefined ? {} : { sealing }),
    };
    return { rule, way: { ...text, apply: () => tree }, to };
  });
  for (const rule of RULES) {
    if (aspects !== undefined && !rule.changes.some((aspect) => aspects.has(aspect))) continue;
    if (readings.some(({ name }) => name === rule.name)) continue;
    if (to === "second" && rule.isOneWay === true) continue;
    for (const way of rule.ways({ tree, towards, readFile })) {
      candidates.push({ rule, way, to });
    }
  }
  return candidates;
}

/** What is told of it. */
export function described({ rule: { name, says, knownOf }, way, to }: Candidate): AppliedRule {
  const { apply: _, ...text } = way;
  return { name, says, knownOf, ...text, to };
}

/**
 * What composefs-rs makes of a source, where it merges layers by rules of its own before.
 *
 * @param ordered The tree that the layers are by those.
 */
export function sealedReadings(
  ordered: Tree<Content>,
  readFile: ReadPolicyFile<Content> | undefined,
): Reading[] {
  return RULES.filter(({ sealing }) => sealing === "whole").flatMap((rule) =>
    [...rule.ways({ tree: ordered, readFile })].flatMap((way) => {
      const tree = tryApply(ordered, { way });
      const { name, says, knownOf } = rule;
      const { apply: _, ...text } = way;
      return tree === undefined ? [] : [{ name, says, knownOf, sealing: "whole", ...text, tree }];
    })
  );
}

/**
 * Tells whether a rule may come after others. Rules that change the same in both trees would only hide what is
 * different.
 */
export function goesWith({ rule, to }: Candidate, applied: readonly Candidate[]): boolean {
  return applied.every(({ rule: other, to: otherTo }) => {
    if (rule.name === other.name) return false;
    if (to !== otherTo) return !rule.changes.some((aspect) => other.changes.includes(aspect));
    const kinds = [rule.sealing, other.sealing];
    return kinds.includes(undefined) || kinds.includes("more") || !kinds.includes("whole");
  });
}

/** Applies a way to a tree; undefined if it is not for such a tree. */
export function tryApply(
  tree: Tree<Content>,
  { way }: Pick<Candidate, "way">,
): Tree<Content> | undefined {
  try {
    return way.apply(tree);
  } catch (error) {
    if (error instanceof TreeError || error instanceof SelinuxPolicyError) return undefined;
    throw error;
  }
}

/** The format version of the image of a tree. */
export function versionOf({ tree, version }: Subject): FormatVersion {
  return version ?? chooseVersion(tree, {});
}

/**
 * What a rule is: something that tools do to a tree on its way into an image, for which digests differ.
 *
 * @module
 */

import type { Content, Tree } from "../tree/tree.ts";
import type { ReadPolicyFile } from "../selinux/policy.ts";
import { type Attribute, ATTRIBUTES, type Difference } from "./differences.ts";

/** What trees may differ in: attributes of files that both have, and files that only one has. */
export type Aspect = Attribute | "presence";

/** All of them. */
export const ALL_ASPECTS: readonly Aspect[] = [...ATTRIBUTES, "presence"];

/** Something that some tools do to trees and others do not. */
export interface Rule {
  /** A word for it. */
  readonly name: string;
  /** What becomes of the tree, as a sentence. */
  readonly says: string;
  /** Who is known to do so, in words. */
  readonly knownOf: string;
  /** Whether it is made up of others, one of those, or what may come on top: the whole and its parts do not go together. */
  readonly sealing?: "whole" | "part" | "more";
  /**
   * Whether it is only tried for making the second of the first: the other way round, it would take a change of some
   * files in the second for something that a tool has lost.
   */
  readonly isOneWay?: true;
  /** What it can make different. */
  readonly changes: readonly Aspect[];
  /** The ways in which it may have been applied to a tree, the likeliest first. */
  ways(case_: RuleCase): Iterable<Way>;
}

/** A rule with all that it leaves open filled in. */
export interface Way {
  /** What has been filled in, for people: `to 1700000000`. */
  readonly detail?: string;
  /** Options of `composefs create` that do the same. */
  readonly option?: string;
  /** Whether the tree afterwards is what the other one says, so that agreement proves less. */
  readonly isCopied?: boolean;
  /**
   * Applies it.
   *
   * @throws {TreeError} If it cannot be applied to that tree.
   * @throws {SelinuxPolicyError} If the tree has an SELinux policy that cannot be read.
   */
  apply(tree: Tree<Content>): Tree<Content>;
}

/** A tree that rules are to be tried on. */
export interface RuleCase {
  /** As it is before the rule. */
  readonly tree: Tree<Content>;
  /** Where it differs from what it is to become; undefined if nothing is known of that but a digest. */
  readonly towards?: Towards | undefined;
  /** Gives the contents of files for which `isPolicyPath` is true; absent if they cannot be had. */
  readonly readFile?: ReadPolicyFile<Content> | undefined;
}

/** What a tree is to become, as far as rules ask for it. */
export interface Towards {
  /** The other tree. */
  readonly tree: Tree<Content>;
  /** Where the two differ, the names copied. */
  readonly differences: readonly Difference[];
}

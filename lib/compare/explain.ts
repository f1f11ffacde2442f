/**
 * Why two digests differ: which rules make of one tree the other.
 *
 * Where both trees are at hand, rules are chosen by what is different, and confirmed by making the image. Where
 * there is only a digest, each rule is tried, and then each pair of them.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { encodeImage } from "../composefs/image.ts";
import type { FormatVersion } from "../composefs/version.ts";
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
import { type Difference, differences } from "./differences.ts";
import type { Aspect } from "./rule.ts";

/** Why two images differ. */
export interface Explanation {
  /** Sets of rules after which the least is left; all of them have the same effect. Empty if no rule helps. */
  readonly answers: readonly RuleSet[];
  /** The format version that the image of the second has, if that of the first has another. */
  readonly format: FormatVersion | undefined;
  /** What is still different after the first of the answers. */
  readonly left: readonly Difference[];
  /** Whether the image made by the first of the answers has the digest of the other. */
  readonly isConfirmed: boolean;
}

/** How {@linkcode explainDifference} goes about it. */
export interface ExplainOptions {
  /** Told how many combinations of rules have been tried. */
  readonly onTry?: (done: number, total: number) => void;
}

/**
 * Finds out why the images of two trees differ.
 *
 * @example A tree with nanoseconds, and one without
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { explainDifference, parseDumpfile } from "composefs-ts";
 *
 * const tree = (time: string) =>
 *   parseDumpfile([new TextEncoder().encode(`/ 0 40755 2 0 0 0 ${time} - - -\n`)]);
 * const { answers, isConfirmed } = explainDifference(
 *   { tree: tree("1700000000.123456789") },
 *   { tree: tree("1700000000.0") },
 * );
 * assertEquals(answers[0]!.map(({ name }) => name), ["whole-seconds"]);
 * assertEquals(isConfirmed, true);
 * ```
 */
export function explainDifference(
  first: Subject,
  second: Subject,
  options: ExplainOptions = {},
): Explanation {
  return new Explainer(first, second, options).run();
}

/** Both trees after some rules, and how much is different still. */
interface State {
  readonly first: Tree<Content>;
  readonly second: Tree<Content>;
  /** In the order in which they have been applied. */
  readonly applied: readonly Candidate[];
  readonly weight: number;
  /** What is different, if that is known. */
  readonly found?: readonly Difference[];
}

type Side = Candidate["to"];

const SIDES: readonly Side[] = ["first", "second"];

function swapped({ names, before, after, attributes }: Difference): Difference {
  return { names, before: after, after: before, attributes };
}

/** How many rules an answer has at most. */
const MAX_RULES = 10;

/** How many sets of rules are gone on with. */
const MAX_STATES = 12;

/** How many of those are gone on with to the end. */
const MAX_STARTS = 8;

class Explainer {
  readonly #first: Subject;
  readonly #second: Subject;
  readonly #options: ExplainOptions;

  constructor(first: Subject, second: Subject, options: ExplainOptions) {
    this.#first = first;
    this.#second = second;
    this.#options = options;
  }

  run(): Explanation {
    const [first, second] = [this.#first.tree, this.#second.tree];
    const found = kept(differences(first, second));
    const start: State = { first, second, applied: [], weight: weigh(found), found };
    if (start.weight === 0) return this.#explanation([start]);
    // A first rule may be of use only to a second one, so here it need not help.
    const forwards = this.#oneMore([start], start.weight, ["first"]);
    if (forwards[0]?.weight === 0) return this.#explanation(forwards);
    const singles = [...forwards, ...this.#oneMore([start], start.weight, ["second"])].sort(byCost);
    const exact = singles.filter(({ weight }) => weight === 0);
    if (exact.length > 0) return this.#explanation(exact);
    const pairs = this.#oneMore(singles.slice(0, MAX_STATES), start.weight - 1);
    if (pairs[0]?.weight === 0) return this.#explanation(pairs);
    // Nothing left is worth more rules than a few differences less.
    const nearest = [...pairs, ...singles].filter(isForward).sort(byWeight);
    // Names of one file must be split before each of them can have a time of its own.
    const split = forwards.filter(({ applied }) => applied.some(isOfLinks));
    for (const state of new Set([...nearest.slice(0, MAX_STARTS), ...split])) {
      const whole = this.#goOn(state);
      if (whole !== undefined) return this.#explanation([whole]);
    }
    // What is left otherwise is sooner a change than a rule, unless one does away with much of it.
    let best = [start, ...singles.slice(0, 1), ...pairs.slice(0, 1)].sort(byCost)[0]!;
    while (best.weight > 0) {
      const more = this.#oneMore([best], best.weight - 1)[0];
      if (more === undefined || costOf(more) >= costOf(best)) break;
      best = more;
    }
    return this.#explanation(best === start ? [] : [best]);
  }

  /** Adds rules for the first tree that help most, until nothing is different; undefined if that is not reached. */
  #goOn(start: State): State | undefined {
    let state: State | undefined = start;
    while (state !== undefined && state.weight > 0) {
      if (state.applied.length === MAX_RULES) return undefined;
      state = this.#oneMore([state], state.weight - 1, ["first"]).sort(byWeight)[0];
    }
    return state;
  }

  /** What one more rule makes of states, if no more than a limit is different then; the best first. */
  #oneMore(states: readonly State[], limit: number, sides: readonly Side[] = SIDES): State[] {
    const found = new Map<string, State>();
    let [tried, total] = [0, 0];
    let most = limit;
    for (const [index, state] of states.entries()) {
      const candidates = this.#candidates(state, sides);
      total += candidates.length;
      for (const candidate of candidates) {
        this.#options.onTry?.(tried++, Math.round(total / (index + 1) * states.length));
        const next = this.#after(state, candidate, most);
        if (next === undefined) continue;
        // Nobody asks for more than what leaves nothing, and it is soon seen of others that they do not.
        if (next.weight === 0) most = 0;
        const key = keyOf(next.applied);
        const known = found.get(key);
        if (known === undefined || next.weight < known.weight) found.set(key, next);
      }
    }
    return [...found.values()].sort(byCost);
  }

  /** The ways in which either tree may go on to become the other. */
  #candidates(
    { first, second, applied, found: known }: State,
    sides: readonly Side[],
  ): Candidate[] {
    const found = known ?? kept(differences(first, second));
    const aspects = aspectsOf(found);
    const trees = { first, second };
    return sides.flatMap((to) => {
      const subject = to === "first" ? this.#first : this.#second;
      const tree = trees[to];
      const towards = to === "first"
        ? { tree: second, differences: found }
        : { tree: first, differences: found.map(swapped) };
      // Other trees of the source are for the beginning.
      const readings = tree === subject.tree ? subject.readings : [];
      return candidatesFor({ ...subject, tree, readings }, towards, to, aspects);
    }).filter((each) => goesWith(each, applied));
  }

  /** What a rule makes of a state; undefined if that is nothing, or more is different then than a limit. */
  #after(
    { first, second, applied, weight: base }: State,
    candidate: Candidate,
    limit: number,
  ): State | undefined {
    const { to } = candidate;
    const from = to === "first" ? first : second;
    const made = tryApply(from, candidate);
    if (made === undefined) return undefined;
    const trees = to === "first" ? { first: made, second } : { first, second: made };
    const weight = weigh(differences(trees.first, trees.second), limit);
    if (weight > limit) return undefined;
    // What changes nothing leaves as much as there was.
    if (weight === base && differences(from, made).next().done === true) return undefined;
    return { ...trees, applied: [...applied, candidate], weight };
  }

  #explanation(states: readonly State[]): Explanation {
    const [nearest] = states;
    // What makes the second of the first tells more than the other way round; what copies from it tells less.
    const answers = states.filter((state) =>
      state.weight === nearest?.weight && (isForward(state) || !isForward(nearest)) &&
      copiedIn(state) <= copiedIn(nearest)
    );
    const { tree: first } = this.#first;
    const { tree: second } = this.#second;
    const best = answers[0] ?? { first, second, applied: [] };
    const left = kept(differences(best.first, best.second));
    const [from, to] = [versionOf(this.#first), versionOf(this.#second)];
    return {
      answers: answers.map(({ applied }) => applied.map(described)),
      format: from === to ? undefined : to,
      left,
      isConfirmed: left.length === 0 && this.#isConfirmed(best, to),
    };
  }

  #isConfirmed(
    { first, second, applied }: Pick<State, "first" | "second" | "applied">,
    format: FormatVersion,
  ): boolean {
    const made = encodeImage(first, { format });
    const { digest } = this.#second;
    if (digest !== undefined && applied.every(({ to }) => to === "first")) {
      return fsVerityDigest(made, { algorithm: digest.algorithm }).equals(digest);
    }
    return equalBytes(made, encodeImage(second, { format }));
  }
}

/** Those first that leave nothing, then those that say the least for what they leave. */
function byCost(a: State, b: State): number {
  return Number(a.weight > 0) - Number(b.weight > 0) || costOf(a) - costOf(b);
}

/**
 * What it takes to tell what is different: by rules, and one by one what they leave. A rule that has been told by the
 * other tree what to do tells less; so does one that makes the second the first, as it may do away with what is only
 * in the second.
 */
function costOf({ applied, weight }: State): number {
  return applied.reduce(
    (sum, { way, to }) => sum + RULE_COST + (way.isCopied ? 3 : 0) + (to === "second" ? 3 : 0),
    weight,
  );
}

/** As much as this many differences. */
const RULE_COST = 2;

function copiedIn({ applied }: State): number {
  return applied.filter(({ way }) => way.isCopied === true).length;
}

/** Those first that leave least. */
function byWeight(a: State, b: State): number {
  return a.weight - b.weight || costOf(a) - costOf(b);
}

function isForward({ applied }: State): boolean {
  return applied.every(({ to }) => to === "first");
}

function isOfLinks({ rule }: Candidate): boolean {
  return rule.changes.every((aspect) => aspect === "links");
}

function keyOf(applied: readonly Candidate[]): string {
  return applied.map(({ rule, way, to }) => `${rule.name} ${way.detail} ${to}`).sort().join("\n");
}

/** What a file counts that only one tree has: more than one that has been changed in most ways. */
const MISSING = 5;

/** Counts differences: attributes, and files that only one tree has. */
function weigh(found: Iterable<Difference>, limit = Infinity): number {
  let weight = 0;
  for (const { attributes } of found) {
    weight += attributes.length === 0 ? MISSING : attributes.length;
    if (weight > limit) break;
  }
  return weight;
}

function kept(found: Iterable<Difference>): Difference[] {
  const all: Difference[] = [];
  for (const each of found) all.push({ ...each, names: [...each.names] });
  return all;
}

function aspectsOf(found: readonly Difference[]): ReadonlySet<Aspect> {
  const aspects = new Set<Aspect>();
  for (const { attributes } of found) {
    if (attributes.length === 0) aspects.add("presence");
    for (const attribute of attributes) aspects.add(attribute);
  }
  return aspects;
}

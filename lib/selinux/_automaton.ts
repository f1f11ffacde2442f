/**
 * All patterns of a policy as one automaton.
 *
 * It is deterministic, and made while paths are read: a state is the set of places in patterns that a path may have
 * led to, and what a byte leads to is found out once. So a path costs its length, however many patterns there are,
 * and no pattern can make that longer. What can grow is the number of states. They are dropped when there are too
 * many, and the work that making them takes is limited.
 *
 * @module
 */

import type { ByteSet } from "./_byte_sets.ts";
import type { Pattern } from "./_pattern.ts";

/** Places that all patterns together may have. */
const MAX_PLACES = 1 << 20;
/** States that are kept. */
const MAX_STATES = 1 << 14;
/** Places that may be looked at while states are made: some seconds. A real policy and root take 100,000. */
const MAX_WORK = 20_000_000;

/** Patterns that take more room or time than any real ones. */
export class PatternCostError extends Error {
  override readonly name = "PatternCostError";
}

/** A state: where in patterns a path may have led. */
export interface State {
  /** Places, or places under a condition: see `Automaton`. */
  readonly threads: readonly number[];
  /** What bytes lead to, as far as is known. */
  readonly next: Map<number, State>;
  /** Patterns that match the path up to here, the last first. */
  readonly matches: readonly number[];
}

/** What a place does: it takes a byte, leads on to others, ends a pattern, or bars the way. */
const BYTE = 0;
const SET = 1;
const FORK = 2;
const MATCH = 3;
const UNLESS = 4;
/** The end of what a condition is about. */
const FOUND = 5;

/**
 * The automaton. A thread is a place in a pattern, and a condition under which it is there: 0 for none, else the
 * number of a set of places within `(?!…)`, from which the path must not lead to the end of that.
 */
export class Automaton {
  readonly #steps: number[] = [];
  /** The byte, the number of the pattern, or the further way of a fork; the part of a condition. */
  readonly #values: number[] = [];
  readonly #next: number[] = [];
  readonly #sets: (ByteSet | undefined)[] = [];
  readonly #starts: number[] = [];
  readonly #states = new Map<string, State>();
  /** Sets of places that conditions are about, and their numbers. */
  readonly #conditions: (readonly number[])[] = [[]];
  readonly #conditionNumbers = new Map<string, number>([["", 0]]);
  #start: State | undefined;
  #work = 0;

  /**
   * Adds a pattern, before the first path is read; patterns are numbered in the order in which they come.
   *
   * @throws {PatternCostError} If all of them together are too large.
   */
  add(pattern: Pattern): void {
    const match = this.#place(MATCH, this.#starts.length, -1);
    this.#starts.push(this.#compile(pattern, match));
  }

  /** Where every path starts. */
  get start(): State {
    if (this.#start === undefined) {
      const threads = new Set<number>();
      const seen = new Set<number>();
      for (const place of this.#starts) this.#reach(place, 0, threads, seen);
      this.#start = this.#state(threads);
    }
    return this.#start;
  }

  /**
   * Where a byte leads to.
   *
   * @throws {PatternCostError} If the patterns are such that it takes too much to find out.
   */
  step(state: State, byte: number): State {
    let next = state.next.get(byte);
    if (next === undefined) state.next.set(byte, next = this.#advance(state, byte));
    return next;
  }

  /** Recursion is as deep as groups lie in each other, which the parser limits. */
  #compile(pattern: Pattern, next: number): number {
    switch (pattern.kind) {
      case "byte":
        return this.#place(BYTE, pattern.byte, next);
      case "set":
        return this.#place(SET, 0, next, pattern.set);
      case "sequence":
        return pattern.parts.reduceRight((start, part) => this.#compile(part, start), next);
      case "choice":
        return pattern.choices.map((choice) => this.#compile(choice, next))
          .reduceRight((rest, start) => this.#place(FORK, rest, start));
      case "repeat":
        return this.#repeat(pattern.part, pattern.min, pattern.max, next);
      case "unless": {
        const found = this.#place(FOUND, 0, -1);
        return this.#place(UNLESS, this.#compile(pattern.part, found), next);
      }
    }
  }

  #repeat(part: Pattern, min: number, max: number, next: number): number {
    let start = next;
    let left = min;
    if (max === Infinity) {
      const fork = this.#place(FORK, next, -1);
      const again = this.#compile(part, fork);
      this.#next[fork] = again;
      start = left > 0 ? again : fork;
      left--;
    } else {
      for (let i = min; i < max; i++) {
        start = this.#place(FORK, next, this.#compile(part, start));
      }
    }
    for (; left > 0; left--) start = this.#compile(part, start);
    return start;
  }

  #place(step: number, value: number, next: number, set?: ByteSet): number {
    const number = this.#steps.length;
    if (number >= MAX_PLACES) {
      throw new PatternCostError(`patterns of more than ${MAX_PLACES} places together`);
    }
    this.#steps.push(step);
    this.#values.push(value);
    this.#next.push(next);
    this.#sets.push(set);
    return number;
  }

  /**
   * Adds the threads that are in a place without a further byte.
   *
   * @param seen Threads that have been looked at for this state.
   * @returns Whether that is the end of what a condition is about.
   */
  #reach(place: number, condition: number, threads: Set<number>, seen: Set<number>): boolean {
    const places = this.#steps.length;
    const pending: number[] = [];
    const follow = (place: number, condition: number) => {
      const thread = condition * places + place;
      if (seen.has(thread)) return;
      seen.add(thread);
      pending.push(thread);
    };
    follow(place, condition);
    let isFound = false;
    for (let thread = pending.pop(); thread !== undefined; thread = pending.pop()) {
      this.#spend(1);
      const at = thread % places;
      const under = (thread - at) / places;
      const step = this.#steps[at]!;
      if (step === FORK) {
        follow(this.#values[at]!, under);
        follow(this.#next[at]!, under);
      } else if (step === UNLESS) {
        const barred = new Set(this.#conditions[under]!);
        this.#spend(barred.size);
        if (!this.#reach(this.#values[at]!, 0, barred, new Set())) {
          follow(this.#next[at]!, this.#condition(barred));
        }
      } else if (step === FOUND) {
        isFound = true;
      } else {
        threads.add(thread);
      }
    }
    return isFound;
  }

  #advance({ threads }: State, byte: number): State {
    const places = this.#steps.length;
    const reached = new Set<number>();
    const seen = new Set<number>();
    /** What becomes of conditions; undefined of those that the byte breaks. */
    const conditions = new Map<number, number | undefined>([[0, 0]]);
    this.#spend(threads.length);
    for (const thread of threads) {
      const at = thread % places;
      if (!this.#takes(at, byte)) continue;
      const condition = (thread - at) / places;
      if (!conditions.has(condition)) {
        conditions.set(condition, this.#advanceCondition(condition, byte));
      }
      const next = conditions.get(condition);
      if (next !== undefined) this.#reach(this.#next[at]!, next, reached, seen);
    }
    return this.#state(reached);
  }

  #advanceCondition(condition: number, byte: number): number | undefined {
    const reached = new Set<number>();
    const seen = new Set<number>();
    for (const at of this.#conditions[condition]!) {
      this.#spend(1);
      if (this.#takes(at, byte) && this.#reach(this.#next[at]!, 0, reached, seen)) return undefined;
    }
    return this.#condition(reached);
  }

  #takes(place: number, byte: number): boolean {
    const step = this.#steps[place];
    return step === BYTE
      ? this.#values[place] === byte
      : step === SET && this.#sets[place]![byte] === 1;
  }

  #condition(places: ReadonlySet<number>): number {
    const sorted = [...places].sort((a, b) => a - b);
    const key = sorted.join();
    let number = this.#conditionNumbers.get(key);
    if (number === undefined) {
      number = this.#conditions.push(sorted) - 1;
      this.#conditionNumbers.set(key, number);
    }
    return number;
  }

  #state(reached: ReadonlySet<number>): State {
    const threads = [...reached].sort((a, b) => a - b);
    const key = threads.join();
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= MAX_STATES) this.#forget();
    const places = this.#steps.length;
    /** Under several conditions, perhaps. */
    const matched = new Set<number>();
    for (const thread of threads) {
      const at = thread % places;
      if (this.#steps[at] === MATCH) matched.add(this.#values[at]!);
    }
    const matches = [...matched].sort((a, b) => b - a);
    const state: State = { threads, next: new Map(), matches };
    this.#states.set(key, state);
    return state;
  }

  /** Drops all states but those that are in use. */
  #forget(): void {
    for (const { next } of this.#states.values()) next.clear();
    this.#states.clear();
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) throw new PatternCostError("patterns that take too long to match");
  }
}

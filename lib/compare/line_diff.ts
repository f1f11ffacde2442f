/**
 * The difference of two texts, line by line, as `diff -u` prints it.
 *
 * @see E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";

/** Bytes of a file that is compared line by line at most. */
export const MAX_TEXT_SIZE = 1 << 20;

/** Lines that may be added and removed between two texts: beyond, nobody reads a list of them. */
const MAX_EDITS = 2000;

/** Equal lines that are printed around others. */
const CONTEXT = 3;

const NEWLINE = 0x0a;

/** A part of the texts that is not the same, with equal lines around. */
export interface Hunk {
  /** Where in the first text it begins, counted from 1, and how many lines of it it has. */
  readonly before: { readonly start: number; readonly count: number };
  /** The same of the second. */
  readonly after: { readonly start: number; readonly count: number };
  /** In the order in which they are printed. */
  readonly lines: readonly HunkLine[];
}

/** A line of a hunk, with its end if it has one. */
export interface HunkLine {
  /** In which of the texts it is. */
  readonly kind: "equal" | "removed" | "added";
  /** A view of the text. */
  readonly bytes: Uint8Array;
}

/** Tells whether bytes are text that can be compared: no NUL in them, and not too long. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_TEXT_SIZE && !bytes.includes(0);
}

/**
 * Compares two texts.
 *
 * @returns Undefined if more is different than is worth a list.
 *
 * @example One line
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { diffLines } from "composefs-ts";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const [hunk] = diffLines(bytes("a\nb\n"), bytes("a\nc\n"))!;
 * assertEquals(hunk!.lines.map(({ kind }) => kind), ["equal", "removed", "added"]);
 * ```
 */
export function diffLines(before: Uint8Array, after: Uint8Array): Hunk[] | undefined {
  const [a, b] = [linesOf(before), linesOf(after)];
  const script = editScript(a, b);
  return script && hunksOf(script, a, b);
}

function linesOf(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf(NEWLINE, start);
    const next = end < 0 ? text.length : end + 1;
    lines.push(text.subarray(start, next));
    start = next;
  }
  return lines;
}

/** A step through both texts: a line of both, or one of either. */
interface Step {
  readonly kind: HunkLine["kind"];
  /** Lines of either text in front of it. */
  readonly a: number;
  readonly b: number;
}

/** The shortest way from one text to the other; undefined if it is too long. */
function editScript(a: readonly Uint8Array[], b: readonly Uint8Array[]): Step[] | undefined {
  const most = Math.min(a.length + b.length, MAX_EDITS);
  // By diagonal, how far one gets with so many edits; kept for each number of them, to find the way back.
  const reached: Int32Array[] = [];
  const furthest = new Int32Array(2 * most + 3);
  const middle = most + 1;
  for (let edits = 0; edits <= most; edits++) {
    for (let k = -edits; k <= edits; k += 2) {
      let x = comesDown(furthest, middle, k, edits)
        ? furthest[middle + k + 1]!
        : furthest[middle + k - 1]! + 1;
      while (x < a.length && x - k < b.length && equalBytes(a[x]!, b[x - k]!)) x++;
      furthest[middle + k] = x;
      if (x >= a.length && x - k >= b.length) {
        reached.push(window(furthest, middle, edits));
        return wayBack(reached, a.length, b.length);
      }
    }
    reached.push(window(furthest, middle, edits));
  }
  return undefined;
}

/** Whether the best way to a diagonal adds a line, and does not remove one. */
function comesDown(furthest: Int32Array, middle: number, k: number, edits: number): boolean {
  return k === -edits || k !== edits && furthest[middle + k - 1]! < furthest[middle + k + 1]!;
}

/** The diagonals that so many edits reach, and one more on either side. */
function window(furthest: Int32Array, middle: number, edits: number): Int32Array {
  return furthest.slice(middle - edits - 1, middle + edits + 2);
}

function wayBack(reached: readonly Int32Array[], a: number, b: number): Step[] {
  const steps: Step[] = [];
  let [x, y] = [a, b];
  for (let edits = reached.length - 1; edits >= 0; edits--) {
    const k = x - y;
    let [fromX, fromY] = [0, 0];
    let isDown = false;
    if (edits > 0) {
      const before = reached[edits - 1]!;
      // Its middle is one place before that of the window of now.
      isDown = comesDown(before, edits, k, edits);
      const fromK = isDown ? k + 1 : k - 1;
      fromX = before[edits + fromK]!;
      fromY = fromX - fromK;
    }
    const [startX, startY] = edits === 0
      ? [0, 0]
      : isDown
      ? [fromX, fromY + 1]
      : [fromX + 1, fromY];
    while (x > startX && y > startY) steps.push({ kind: "equal", a: --x, b: --y });
    if (edits === 0) break;
    if (isDown) steps.push({ kind: "added", a: x, b: --y });
    else steps.push({ kind: "removed", a: --x, b: y });
  }
  return steps.reverse();
}

function hunksOf(
  steps: readonly Step[],
  a: readonly Uint8Array[],
  b: readonly Uint8Array[],
): Hunk[] {
  const hunks: Hunk[] = [];
  let start = 0;
  while (true) {
    let first = start;
    while (first < steps.length && steps[first]!.kind === "equal") first++;
    if (first === steps.length) return hunks;
    let end = first + 1;
    for (let i = first + 1; i < steps.length && i <= end + 2 * CONTEXT; i++) {
      if (steps[i]!.kind !== "equal") end = i + 1;
    }
    const from = Math.max(start, first - CONTEXT);
    const to = Math.min(steps.length, end + CONTEXT);
    hunks.push(hunkOf(steps.slice(from, to), a, b));
    start = to;
  }
}

function hunkOf(
  steps: readonly Step[],
  a: readonly Uint8Array[],
  b: readonly Uint8Array[],
): Hunk {
  const lines = steps.map(({ kind, a: x, b: y }) => ({
    kind,
    bytes: kind === "added" ? b[y]! : a[x]!,
  }));
  const countOf = (other: HunkLine["kind"]) => lines.filter(({ kind }) => kind !== other).length;
  const [before, after] = [countOf("added"), countOf("removed")];
  // What has no lines is said to be behind the one before.
  const [first] = steps;
  return {
    before: { start: first!.a + (before === 0 ? 0 : 1), count: before },
    after: { start: first!.b + (after === 0 ? 0 : 1), count: after },
    lines,
  };
}

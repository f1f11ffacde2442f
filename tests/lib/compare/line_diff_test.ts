/**
 * Texts compared line by line: what comes out, applied to the one, gives the other, and is what diff(1) prints.
 */

import { assert, assertEquals } from "@std/assert";
import { concatBytes, latin1, utf8 } from "../../../lib/bytes/text.ts";
import { diffLines, type Hunk, isText } from "../../../lib/compare/line_diff.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";

/** Puts hunks into a text. */
function apply(before: Uint8Array, hunks: readonly Hunk[]): Uint8Array {
  const lines = latin1(before).split(/(?<=\n)/).filter((line) => line !== "");
  const made: string[] = [];
  let at = 0;
  for (const { before: { start, count }, lines: changed } of hunks) {
    const first = count === 0 ? start : start - 1;
    made.push(...lines.slice(at, first));
    const kept = changed.filter(({ kind }) => kind !== "added").map(({ bytes }) => latin1(bytes));
    assertEquals(lines.slice(first, first + count), kept);
    made.push(
      ...changed.filter(({ kind }) => kind !== "removed").map(({ bytes }) => latin1(bytes)),
    );
    at = first + count;
  }
  made.push(...lines.slice(at));
  return Uint8Array.from(made.join(""), (character) => character.charCodeAt(0));
}

function randomText(random: Random): Uint8Array {
  const lines = Array.from(
    { length: random.int(0, 30) },
    () => utf8(random.pick(["a", "b", "c", "", "dd"]) + "\n"),
  );
  return concatBytes(...lines, utf8(random.pick(["", "end"])));
}

function edits(hunks: readonly Hunk[]): number {
  return hunks.flatMap(({ lines }) => lines).filter(({ kind }) => kind !== "equal").length;
}

/** The fewest lines that have to be added and removed, by the table that everybody knows. */
function fewest(before: Uint8Array, after: Uint8Array): number {
  const split = (text: Uint8Array) => latin1(text).split(/(?<=\n)/).filter((line) => line !== "");
  const [a, b] = [split(before), split(after)];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(a[i - 1] === b[j - 1] ? row[j - 1]! : 1 + Math.min(row[j]!, next[j - 1]!));
    }
    row = next;
  }
  return row[b.length]!;
}

Deno.test("line diff: hunks lead from one text to the other, by as few lines as possible", () => {
  for (const seed of seeds(1, 300)) {
    const random = createRandom(seed);
    const [before, after] = [randomText(random), randomText(random)];
    const hunks = diffLines(before, after)!;
    assertEquals(latin1(apply(before, hunks)), latin1(after), `seed ${seed}`);
    assertEquals(edits(hunks), fewest(before, after), `seed ${seed}`);
  }
});

Deno.test("line diff: what is far apart is in hunks of its own, with three lines around", () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i}\n`);
  const text = (changed: readonly number[]) =>
    utf8(lines.map((line, i) => changed.includes(i) ? `new ${line}` : line).join(""));
  const hunks = diffLines(text([]), text([5, 11, 30]))!;
  assertEquals(hunks.map(({ before }) => before), [{ start: 3, count: 13 }, {
    start: 28,
    count: 7,
  }]);
});

Deno.test("line diff: empty texts, and texts that have nothing in common", () => {
  assertEquals(diffLines(utf8(""), utf8("")), []);
  assertEquals(diffLines(utf8(""), utf8("a\n"))![0]!.before, { start: 0, count: 0 });
  const many = (prefix: string) =>
    utf8(Array.from({ length: 5000 }, (_, i) => `${prefix}${i}\n`).join(""));
  assertEquals(diffLines(many("a"), many("b")), undefined);
  assert(!isText(Uint8Array.of(65, 0)) && isText(utf8("ä")));
});

/**
 * Damaged gzip and zstd: whatever they are, decoding ends soon, in an error of this library's own or in what was
 * once compressed, and on both runtimes in the same.
 */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { equalBytes } from "../../lib/bytes/compare.ts";
import { bundle } from "../../scripts/build.ts";
import { findBun } from "../../scripts/bun.ts";
import { longTest, seeds } from "../../scripts/test/effort.ts";
import { type Blob, soundBlobs } from "../kit/damaged_blobs.ts";
import { type Outcome, outcomeLine, outcomeOf } from "../kit/decode_outcomes.ts";
import { Scratch } from "../kit/scratch.ts";

const CASES = 20_000;
/** From so many cases on, it says something how many of them pass. */
const ENOUGH = 1000;
/** Milliseconds that one case may take. */
const LIMIT = 1000;
/**
 * Bytes that the process may grow by during all cases. It grows by 250 to 550 MB before garbage is collected, and by
 * no more with twice as many cases; were what a case decodes kept, it would be several times as much.
 */
const GROWTH_LIMIT = 2 ** 30;

/**
 * Tells whether a blob may decode to an output: to some of its parts, since whole members or frames may be cut off,
 * but to nothing else if damage to them would have been found.
 */
function isRight({ blob: { parts, isChecked }, output }: Outcome): boolean {
  if (output === undefined || output.length === 0 || !isChecked) return true;
  return parts.some((_, first) => {
    let at = 0;
    for (const part of parts.slice(first)) {
      if (!equalBytes(output.subarray(at, at + part.length), part)) return false;
      at += part.length;
      if (at === output.length) return true;
    }
    return false;
  });
}

/** What becomes of the same blobs on Bun, a line each. */
function linesOnBun(bun: string, blobs: readonly Blob[], first: number, end: number): string[] {
  using scratch = new Scratch();
  bundle("tests/kit/decode_outcomes_program.ts", scratch.path("program.js"), "deno");
  const stored = blobs.map(({ compression, bytes }) => [
    compression,
    Buffer.from(bytes).toString("base64"),
  ]);
  writeFileSync(scratch.path("blobs.json"), JSON.stringify(stored));
  const done = spawnSync(
    bun,
    [scratch.path("program.js"), scratch.path("blobs.json"), `${first}`, `${end}`],
    { encoding: "utf8", maxBuffer: 1 << 28, cwd: scratch.directory },
  );
  assertEquals(done.status, 0, done.stderr);
  return done.stdout.trimEnd().split("\n");
}

longTest("damaged gzip and zstd decode to what they were made of or are refused", async () => {
  const blobs = soundBlobs(60);
  const lines: string[] = [];
  let refused = 0;
  const before = Deno.memoryUsage().rss;
  const [first = 0, ...others] = seeds(0, CASES);
  for (const seed of [first, ...others]) {
    const outcome = await outcomeOf(seed, blobs);
    if (outcome.output === undefined) refused++;
    assert(isRight(outcome), `seed ${seed}: ${outcomeLine(outcome)} is not what was compressed`);
    // Once more, since the machine may have had something else to do.
    if (outcome.elapsed > LIMIT) {
      const { elapsed } = await outcomeOf(seed, blobs);
      assert(elapsed < LIMIT, `seed ${seed} took ${elapsed} ms`);
    }
    lines.push(outcomeLine(outcome));
  }
  const growth = Deno.memoryUsage().rss - before;
  assert(growth < GROWTH_LIMIT, `grew by ${growth} bytes`);
  if (lines.length >= ENOUGH) {
    assert(refused > lines.length / 10, `${refused} of ${lines.length} refused`);
    assert(refused < lines.length * 0.9, `${refused} of ${lines.length} refused`);
  }

  const bun = findBun();
  if (!("path" in bun)) return;
  const there = linesOnBun(bun.path, blobs, first, first + lines.length);
  const unlike = lines.filter((line, i) => line !== there[i]);
  assertEquals(unlike.slice(0, 10).map((line) => [line, there[lines.indexOf(line)]]), []);
});

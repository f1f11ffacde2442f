/**
 * Writes tests/golden/random_dumps.txt: what mkcomposefs 1.0.8 makes of the random dumps.
 *
 * One line a seed: the seed, the first 16 hex digits of the dump's SHA-256, and the first 32 of the
 * image's or the word `refused`. Needs mkcomposefs on PATH; prints how often each refusal came up.
 *
 *     deno run -A tests/kit/gen_golden.ts
 *
 * @module
 */

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { findPeer, referenceDigest, referenceImage } from "../../scripts/oracle.ts";
import { randomDump } from "./random_dump.ts";
import { VECTORS } from "./vectors.ts";

const SEEDS = 2000;
const TARGET = new URL("../golden/random_dumps.txt", import.meta.url);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A message without what it quotes, so that messages of one kind count together. */
function kindOfRefusal(message: string): string {
  return message.replace(
    /(integer|for|mode|size|escape type|position|path:|hardlink|target at) .*/s,
    "$1 …",
  );
}

/** Another program of the same name on PATH would make goldens of its own. */
function checkReference(): void {
  if (findPeer("mkcomposefs") === undefined) {
    throw new Error('Cannot make goldens: "mkcomposefs" is not on PATH');
  }
  for (const vector of VECTORS) {
    const digest = referenceDigest(vector.dump(), vector.versions);
    if (digest !== vector.digest) {
      throw new Error(
        `Cannot make goldens: mkcomposefs gives ${digest} for "${vector.name}", expected ${vector.digest}`,
      );
    }
  }
}

function main(): void {
  checkReference();
  const lines: string[] = [];
  const refusals = new Map<string, number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = randomDump(seed);
    const verdict = referenceImage(random.dump, random);
    const start = `${seed} ${sha256(random.dump).slice(0, 16)}`;
    if ("image" in verdict) {
      lines.push(`${start} ${sha256(verdict.image).slice(0, 32)}`);
      continue;
    }
    lines.push(`${start} refused`);
    const kind = kindOfRefusal(verdict.refused);
    refusals.set(kind, (refusals.get(kind) ?? 0) + 1);
  }
  writeFileSync(TARGET, lines.join("\n") + "\n");
  let refused = 0;
  let table = "";
  for (const [kind, count] of [...refusals].sort((a, b) => b[1] - a[1])) {
    refused += count;
    table += `${String(count).padStart(5)} ${kind}\n`;
  }
  process.stdout.write(`${SEEDS - refused} of ${SEEDS} dumps accepted; refused:\n${table}`);
}

main();

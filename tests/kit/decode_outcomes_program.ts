/**
 * Prints what becomes of damaged blobs, a line each. For the runtime that does not run the tests.
 *
 *     bun decode_outcomes_program.js BLOBS FIRST END
 *
 * BLOBS is a file of JSON: the compression of each blob, and its bytes in base64.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import type { Blob } from "./damaged_blobs.ts";
import { outcomeLine, outcomeOf } from "./decode_outcomes.ts";

const [, , path = "", first = "", end = ""] = process.argv;
const stored: readonly (readonly [Blob["compression"], string])[] = JSON.parse(
  readFileSync(path, "utf8"),
);
const blobs = stored.map(([compression, base64]): Blob => ({
  compression,
  bytes: new Uint8Array(Buffer.from(base64, "base64")),
  parts: [],
  isChecked: false,
}));
let lines = "";
for (let seed = Number(first); seed < Number(end); seed++) {
  lines += outcomeLine(await outcomeOf(seed, blobs)) + "\n";
}
process.stdout.write(lines);

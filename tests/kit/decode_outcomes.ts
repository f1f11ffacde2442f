/**
 * What becomes of damaged blobs, on whichever runtime this is.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { CompressedDataError } from "../../lib/compression/compression_error.ts";
import { createRandom } from "../../scripts/random.ts";
import { type Blob, damageBlob } from "./damaged_blobs.ts";
import { decodeAll } from "./decode_all.ts";

/** What becomes of a damaged blob. */
export interface Outcome {
  readonly seed: number;
  /** The blob that was damaged. */
  readonly blob: Blob;
  /** What it decoded to, undefined if it was refused. */
  readonly output?: Uint8Array;
  /** Milliseconds that it took. */
  readonly elapsed: number;
}

/** The most that a blob may decode to, in bytes. */
const MAX_SIZE = 16 << 20;

/**
 * Damages a blob as a seed says, and decodes it.
 *
 * @throws {Error} If anything else than a refusal is thrown.
 */
export async function outcomeOf(seed: number, blobs: readonly Blob[]): Promise<Outcome> {
  const random = createRandom(seed);
  const blob = random.pick(blobs);
  const bytes = damageBlob(random, blob, random.pick(blobs));
  const length = random.pick([bytes.length < 3000 ? 1 : 4099, 100, 70_000, 1 << 20]);
  const start = performance.now();
  try {
    const output = await decodeAll(bytes, blob.compression, { length, maxSize: MAX_SIZE });
    return { seed, blob, output, elapsed: performance.now() - start };
  } catch (error) {
    if (!(error instanceof CompressedDataError)) {
      throw new Error(`Seed ${seed}: ${error}`, { cause: error });
    }
    return { seed, blob, elapsed: performance.now() - start };
  }
}

/** An outcome in a line, the same where the outcome is. */
export function outcomeLine({ seed, output }: Outcome): string {
  if (output === undefined) return `${seed} refused`;
  return `${seed} ${output.length} ${createHash("sha256").update(output).digest("hex")}`;
}

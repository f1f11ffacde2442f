/**
 * Contents of files: bytes that no two files share, made of a number each.
 *
 * @module
 */

import { closeSync, openSync, writeSync } from "node:fs";

/** Bytes that are made and written at a time; a multiple of 4. */
const PIECE = 2 ** 24;

/** Spreads the bits of a seed; no two seeds give the same start. */
function spread(seed: number): number {
  let z = (seed + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  z ^= z >>> 16;
  // Xorshift would stay at zero for ever; from any other start it never reaches zero.
  return z === 0 ? 1 : z;
}

/**
 * Makes the contents of a file, in pieces; the same seed gives the same bytes, and begins as a shorter
 * file of the seed. They repeat after 16 GiB, within a file nowhere.
 *
 * @param seed A whole number of 32 bits.
 */
export function* contents(size: number, seed: number): Generator<Uint8Array<ArrayBuffer>> {
  // Marsaglia's xorshift on 32 bits: 1 GiB takes about a second, and no block of it is like another.
  let word = spread(seed);
  for (let done = 0; done < size; done += PIECE) {
    const length = Math.min(PIECE, size - done);
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) {
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
      words[i] = word;
    }
    yield new Uint8Array(words.buffer, 0, length);
  }
}

/** Writes contents to a file: over what it has, without cutting it off before, or to a new one. */
export function writeContents(path: string, size: number, seed: number, flags: "r+" | "wx"): void {
  const descriptor = openSync(path, flags);
  try {
    for (const piece of contents(size, seed)) {
      for (let done = 0; done < piece.length;) {
        done += writeSync(descriptor, piece, done);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Words of 8 bytes that contents are put together of which compress. */
const WORDS = 1024;

/**
 * Writes a new file whose contents compress to about two fifths, as those of programs and texts do.
 *
 * @param seed As for {@linkcode contents}.
 */
export function writeProse(path: string, size: number, seed: number): void {
  const words = new Uint32Array(2 * WORDS);
  const [table] = [...contents(words.byteLength, 0)];
  words.set(new Uint32Array(table!.buffer));
  const descriptor = openSync(path, "wx");
  try {
    for (const piece of contents(size, seed)) {
      const whole = new Uint32Array(piece.buffer, 0, piece.length >> 2);
      // Three of four words are out of the table, and the others stay what they are.
      for (let i = 0; i + 1 < whole.length; i += 2) {
        const choice = whole[i]!;
        if ((choice & 3) === 0) continue;
        const word = 2 * (choice >>> 2 & WORDS - 1);
        whole[i] = words[word]!;
        whole[i + 1] = words[word + 1]!;
      }
      for (let done = 0; done < piece.length;) done += writeSync(descriptor, piece, done);
    }
  } finally {
    closeSync(descriptor);
  }
}

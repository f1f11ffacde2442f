/**
 * A seeded source of pseudo-random numbers for tests.
 *
 * The same seed gives the same sequence on every runtime: integer arithmetic only. The generator is
 * Marsaglia's xorshift on 128 bits, seeded through a 32-bit mixer; it is good enough to spread test
 * cases and good for nothing secret.
 *
 * @module
 */

/** Draws numbers, choices and bytes from one deterministic sequence. */
export interface Random {
  /** A whole number between `min` and `max`, both included; at most 2^32 values apart. */
  int(min: number, max: number): number;
  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean;
  /** One of the choices. Throws if there are none. */
  pick<T>(choices: readonly T[]): T;
  /** One of the choices by weight: `[choice, weight]` pairs with whole weights. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T;
  /** `length` bytes, all values. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** The items in another order; the argument is left alone. */
  shuffle<T>(items: readonly T[]): T[];
}

/** Spreads a seed over 32 bits, so that neighbouring seeds start far apart. */
function mixer(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
}

/** Starts a sequence. Seeds are whole numbers of 32 bits. */
export function createRandom(seed: number): Random {
  const mix = mixer(seed);
  let [a, b, c, d] = [mix(), mix(), mix(), mix() | 1];

  function next(): number {
    const t = a ^ (a << 11);
    [a, b, c] = [b, c, d];
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8);
    return d >>> 0;
  }
  function int(min: number, max: number): number {
    return min + (next() % (max - min + 1));
  }
  function pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError("Cannot pick from an empty list");
    return choices[int(0, choices.length - 1)]!;
  }
  function weighted<T>(choices: readonly (readonly [T, number])[]): T {
    let left = int(1, choices.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [choice, weight] of choices) {
      left -= weight;
      if (left <= 0) return choice;
    }
    throw new RangeError("Cannot pick by weight: expected a positive weight");
  }
  function bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => next() >>> 24);
  }
  function shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = int(0, i);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
  return { int, pick, weighted, bytes, shuffle, chance: (percent) => int(0, 99) < percent };
}

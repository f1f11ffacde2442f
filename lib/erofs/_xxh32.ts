/**
 * XXH32, the hash of the kernel's xattr name filter.
 *
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH32 Algorithm Description"
 *
 * @module
 */

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function round(accumulator: number, lane: number): number {
  return Math.imul(rotateLeft(accumulator + Math.imul(lane, PRIME_2), 13), PRIME_1);
}

/** Computes the 32-bit xxHash of `bytes`, as an unsigned number. */
export function xxh32(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  let hash: number;
  if (bytes.length >= 16) {
    const lanes = [seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1];
    for (; position + 16 <= bytes.length; position += 16) {
      for (let i = 0; i < 4; i++) {
        lanes[i] = round(lanes[i]! | 0, view.getUint32(position + 4 * i, true));
      }
    }
    hash = rotateLeft(lanes[0]!, 1) + rotateLeft(lanes[1]!, 7) + rotateLeft(lanes[2]!, 12) +
      rotateLeft(lanes[3]!, 18);
  } else {
    hash = seed + PRIME_5;
  }
  hash = (hash + bytes.length) | 0;
  for (; position + 4 <= bytes.length; position += 4) {
    hash += Math.imul(view.getUint32(position, true), PRIME_3);
    hash = Math.imul(rotateLeft(hash | 0, 17), PRIME_4);
  }
  for (; position < bytes.length; position++) {
    hash += Math.imul(bytes[position]!, PRIME_5);
    hash = Math.imul(rotateLeft(hash | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

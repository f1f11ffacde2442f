/**
 * Compressed blobs and damage to them, for tests that feed decoders with hostile input.
 *
 * Encoders of the runtimes do not write the same bytes, so who compares runtimes makes the sound blobs on one of
 * them. Damage is drawn from a seeded sequence, and the same everywhere.
 *
 * @module
 */

import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import type { Compression } from "../../lib/compression/detect.ts";
import { createRandom, type Random } from "../../scripts/random.ts";
import { skippableFrame, type ZstdBlock, zstdFrame } from "./zstd_frames.ts";

/** A compressed blob. */
export interface Blob {
  readonly compression: Exclude<Compression, "none">;
  readonly bytes: Uint8Array;
  /** What each of its members or frames decodes to, in this order. */
  readonly parts: readonly Uint8Array[];
  /** Whether each of them has a checksum, so that damage to what they decode to is found. */
  readonly isChecked: boolean;
}

/** Makes blobs of all kinds, most of them small. */
export function soundBlobs(count: number): Blob[] {
  return Array.from({ length: count }, (_, seed) => {
    const random = createRandom(seed);
    const isLarge = seed % 10 === 9;
    const parts = Array.from(
      { length: random.int(1, isLarge ? 3 : 5) },
      () => contents(random, isLarge ? random.int(100_000, 700_000) : random.int(0, 2000)),
    );
    if (seed % 3 === 0) return gzipBlob(random, parts);
    return zstdBlob(random, parts, seed % 3 === 1);
  });
}

function contents(random: Random, length: number): Uint8Array {
  const words = Array.from({ length: 30 }, () => random.bytes(random.int(1, 60)));
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const word = random.weighted([[random.pick(words), 80], [new Uint8Array(500), 10], [
      random.bytes(9),
      10,
    ]]);
    bytes.set(word.subarray(0, length - at), at);
    at += word.length;
  }
  return bytes;
}

function gzipBlob(random: Random, parts: readonly Uint8Array[]): Blob {
  const members = parts.map((part) => gzipSync(part, { level: random.int(0, 9) }));
  const padding = new Uint8Array(random.chance(20) ? random.int(1, 600) : 0);
  return {
    compression: "gzip",
    bytes: concatBytes(...members, padding),
    parts,
    isChecked: true,
  };
}

function zstdBlob(random: Random, parts: readonly Uint8Array[], isChecked: boolean): Blob {
  const frames = parts.flatMap((part) => {
    const frame = !isChecked && random.chance(30)
      ? plainFrame(random, part)
      : zstdCompressSync(part, {
        // Deno adds an empty frame to what does not fit into one chunk.
        chunkSize: 1 << 20,
        params: {
          [constants.ZSTD_c_checksumFlag]: isChecked ? 1 : 0,
          [constants.ZSTD_c_contentSizeFlag]: random.int(0, 1),
          [constants.ZSTD_c_compressionLevel]: random.int(1, 12),
        },
      });
    return random.chance(20) ? [frame, skippableFrame(random.int(0, 15), utf8("skip"))] : [frame];
  });
  return { compression: "zstd", bytes: concatBytes(...frames), parts, isChecked };
}

/** A frame of blocks that are not compressed. */
function plainFrame(random: Random, bytes: Uint8Array): Uint8Array {
  const blocks: ZstdBlock[] = [];
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at]!;
    let end = at + 1;
    while (end < bytes.length && bytes[end] === byte && end - at < 100_000) end++;
    if (end - at < 20) end = Math.min(bytes.length, at + random.int(20, 100_000));
    blocks.push(
      end - at > 20 && bytes.subarray(at, end).every((other) => other === byte)
        ? { byte, count: end - at }
        : bytes.subarray(at, end),
    );
    at = end;
  }
  if (blocks.length === 0) blocks.push(bytes);
  return zstdFrame({ window: 0x40 }, blocks);
}

/** Damages a blob in up to three places. */
export function damageBlob(random: Random, { bytes }: Blob, other: Blob): Uint8Array {
  let damaged: Uint8Array = bytes.slice();
  for (let left = random.pick([0, 1, 1, 1, 1, 2, 3]); left > 0; left--) {
    damaged = damage(random, damaged, other.bytes);
  }
  return damaged;
}

function damage(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  // Half of it goes to where headers are.
  const end = random.chance(50) ? Math.min(bytes.length, 40) : bytes.length;
  const at = random.int(0, Math.max(0, end - 1));
  const length = random.chance(50) ? random.int(1, 4) : random.int(1, 300);
  // The start of a header: less than a whole frame or member.
  const start = other.subarray(0, Math.min(length, 8));
  return random.weighted<() => Uint8Array>([
    [() => bytes.map((byte, i) => i === at ? byte ^ 1 << random.int(0, 7) : byte), 40],
    [() => bytes.map((byte, i) => i === at ? random.pick([0, 1, 0x7f, 0x80, 0xff]) : byte), 15],
    [() => bytes.subarray(0, at), 10],
    [() => concatBytes(bytes.subarray(0, at), bytes.subarray(at + length)), 10],
    [() => concatBytes(bytes.subarray(0, at), random.bytes(length), bytes.subarray(at)), 10],
    [() => concatBytes(bytes, new Uint8Array(length)), 5],
    [() => concatBytes(bytes, start), 5],
    [() => concatBytes(bytes.subarray(0, at), start, bytes.subarray(at)), 5],
  ])();
}

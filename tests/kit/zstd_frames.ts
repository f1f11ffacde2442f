/**
 * Zstd frames put together by hand, of blocks that need no encoder.
 *
 * @module
 */

import { concatBytes } from "../../lib/bytes/text.ts";

/** A block: bytes as they are, or one repeated. */
export type ZstdBlock = Uint8Array | { readonly byte: number; readonly count: number };

/** What is in a frame's header. */
export interface ZstdHeader {
  /** The window's byte; absent for a frame that is a single segment. */
  readonly window?: number;
  /** Content size and the length of its field: 1, 2, 4 or 8 bytes. Absent for none. */
  readonly size?: { readonly value: number; readonly length: 1 | 2 | 4 | 8 };
  readonly dictionary?: { readonly id: number; readonly length: 1 | 2 | 4 };
  /** The four bytes behind the last block. */
  readonly checksum?: Uint8Array;
  /** Further bits of the descriptor. */
  readonly bits?: number;
}

/** Makes a frame. */
export function zstdFrame(
  { window, size, dictionary, checksum, bits = 0 }: ZstdHeader,
  blocks: readonly ZstdBlock[],
): Uint8Array<ArrayBuffer> {
  const single = window === undefined;
  const sizeBits = size === undefined ? 0 : Math.log2(size.length) << 6;
  const dictionaryBits = dictionary === undefined ? 0 : Math.log2(dictionary.length) + 1;
  const descriptor = sizeBits | (single ? 0x20 : 0) | (checksum === undefined ? 0 : 4) |
    dictionaryBits | bits;
  const stored = size?.length === 2 ? size.value - 256 : size?.value ?? 0;
  return concatBytes(
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor),
    littleEndian(window ?? 0, single ? 0 : 1),
    littleEndian(dictionary?.id ?? 0, dictionary?.length ?? 0),
    littleEndian(stored, size?.length ?? 0),
    ...blocks.map((block, i) => zstdBlock(block, i === blocks.length - 1)),
    checksum ?? new Uint8Array(0),
  );
}

function zstdBlock(block: ZstdBlock, isLast: boolean): Uint8Array {
  const last = isLast ? 1 : 0;
  return block instanceof Uint8Array
    ? concatBytes(littleEndian(block.length * 8 + last, 3), block)
    : concatBytes(littleEndian(block.count * 8 + 2 + last, 3), Uint8Array.of(block.byte));
}

/** Makes a skippable frame of one of sixteen kinds. */
export function skippableFrame(kind: number, contents: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(
    Uint8Array.of(0x50 + kind, 0x2a, 0x4d, 0x18),
    littleEndian(contents.length, 4),
    contents,
  );
}

/** A number in so many bytes. */
export function littleEndian(value: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

/**
 * What data are compressed by, as their first bytes say.
 *
 * @module
 */

import { UnsupportedCompressionError } from "./compression_error.ts";

/** How a blob is compressed, out of what layers of container images may be. */
export type Compression = "none" | "gzip" | "zstd";

/** How many bytes of the start {@linkcode detectCompression} looks at. */
export const DETECTION_LENGTH = 13;

/** Bytes that a format begins with, undefined for one that may be anything. */
interface Signature {
  readonly format: string;
  readonly bytes: readonly (number | undefined)[];
}

const ANY = undefined;

const DECODED: readonly (Signature & { readonly format: Compression })[] = [
  { format: "gzip", bytes: [0x1f, 0x8b, 0x08] },
  { format: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  // A skippable frame, of one of sixteen kinds.
  ...Array.from({ length: 16 }, (_, kind) => ({
    format: "zstd" as const,
    bytes: [0x50 + kind, 0x2a, 0x4d, 0x18],
  })),
];

const REFUSED: readonly Signature[] = [
  { format: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  // "BZh", the level, and the start of the first block or of the end.
  ...[0x31, 0x17].map((start) => ({ format: "bzip2", bytes: [0x42, 0x5a, 0x68, ANY, start] })),
  { format: "lz4", bytes: [0x04, 0x22, 0x4d, 0x18] },
  { format: "compress", bytes: [0x1f, 0x9d] },
];

/**
 * Finds out what data are compressed by. Nothing is decoded, and what bears no mark is taken for not compressed.
 *
 * @param start The first {@linkcode DETECTION_LENGTH} bytes, or more, or all if there are fewer.
 * @throws {UnsupportedCompressionError} If it is xz, bzip2, lzma, lz4 or compress(1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { detectCompression } from "composefs-ts";
 *
 * assertEquals(detectCompression(new Uint8Array([0x1f, 0x8b, 8, 0])), "gzip");
 * assertEquals(detectCompression(new TextEncoder().encode("etc/passwd")), "none");
 * ```
 */
export function detectCompression(start: Uint8Array): Compression {
  const decoded = DECODED.find((signature) => begins(start, signature));
  if (decoded !== undefined) return decoded.format;
  const refused = REFUSED.find((signature) => begins(start, signature))?.format ??
    (isLzma(start) ? "lzma" : undefined);
  if (refused === undefined) return "none";
  throw new UnsupportedCompressionError(refused, "expected gzip, zstd or no compression");
}

/**
 * Tells whether data begin as those of lzma do, which have no signature: by the properties that all encoders
 * write, a dictionary of 64 KiB or more, and a size that is plausible or not known. A tar archive whose first file is
 * called "]" has no dictionary.
 */
function isLzma(start: Uint8Array): boolean {
  if (start.length < 13 || !begins(start, { format: "lzma", bytes: [0x5d, 0x00, 0x00] })) {
    return false;
  }
  if (start[3] === 0 && start[4] === 0) return false;
  const size = start.subarray(5, 13);
  return size.every((byte) => byte === 0xff) || size.subarray(5).every((byte) => byte === 0);
}

function begins(start: Uint8Array, { bytes }: Signature): boolean {
  return bytes.every((byte, i) => i < start.length && (byte === ANY || byte === start[i]));
}

/**
 * The checksum of a header.
 *
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 *
 * @module
 */

import { HEADER_FIELDS } from "./_header.ts";
import { fieldNumber } from "./_numbers.ts";

const START = HEADER_FIELDS.offsets.checksum;
const SIZE = HEADER_FIELDS.sizes.checksum;
const BLANK = 0x20;

/** Adds up the bytes of a block; 0 only if all of them are. */
export function sumOf(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < block.length; i++) sum += block[i]!;
  return sum;
}

/**
 * Tells whether a header's checksum is right: that of its bytes with blanks in the checksum's place, or of the same
 * bytes as signed ones, which some programs of old wrote.
 *
 * @param sum As `sumOf` has it.
 */
export function hasRightChecksum(header: Uint8Array, sum: number): boolean {
  const written = fieldNumber(header, START, SIZE);
  let expected = sum + SIZE * BLANK;
  for (let i = START; i < START + SIZE; i++) expected -= header[i]!;
  return written === expected || written === expected - 256 * highBytes(header);
}

/** How many bytes would be negative, the checksum's left out. */
function highBytes(header: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < header.length; i++) {
    if (header[i]! >= 0x80 && (i < START || i >= START + SIZE)) count++;
  }
  return count;
}

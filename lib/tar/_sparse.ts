/**
 * Maps of sparse files: which stretches of the file an archive has stored, as GNU tar's formats say it.
 *
 * @see tar(5) and GNU tar's manual, "Storing Sparse Files"
 *
 * @module
 */

import { fieldNumber } from "./_numbers.ts";
import type { Refuse } from "./tar_format_error.ts";

/** The stored stretches of a file, in ascending order; what lies between is zeros. */
export class SparseMap {
  /** Bytes of the file with its holes filled in. */
  readonly size: number;
  readonly #refuse: Refuse;
  readonly #positions: number[] = [];
  readonly #lengths: number[] = [];
  #end = 0;
  #stored = 0;
  #count = 0;

  /** Begins without stretches. */
  constructor(size: number, refuse: Refuse) {
    this.size = size;
    this.#refuse = refuse;
  }

  /** Bytes of all stretches. */
  get stored(): number {
    return this.#stored;
  }

  /** How many stretches have been added, with those that are empty. */
  get count(): number {
    return this.#count;
  }

  /** Adds a stretch: it may be empty, as one that marks the end of a file is. */
  add(position: number, length: number): void {
    if (position < this.#end) {
      const state = `a stretch at ${position} in its sparse map`;
      throw this.#refuse(`has ${state}, expected one from ${this.#end} on`);
    }
    if (length > this.size - position) {
      const state = `a stretch of ${length} bytes at ${position} in its sparse map`;
      throw this.#refuse(`has ${state}, expected none beyond ${this.size}`);
    }
    this.#count++;
    this.#end = position + length;
    if (length === 0) return;
    this.#stored += length;
    this.#positions.push(position);
    this.#lengths.push(length);
  }

  /** Where stretch number `index` of those that are not empty is in the file. */
  positionOf(index: number): number {
    return this.#positions[index]!;
  }

  /** Bytes of the same. */
  lengthOf(index: number): number {
    return this.#lengths[index]!;
  }
}

/** Reads a map bit by bit from the archive's blocks. */
export interface MapReader {
  /** The map as far as it has been read. */
  readonly map: SparseMap;
  /** Takes a block, and tells whether there is more of the map in the next. */
  push(block: Uint8Array): boolean;
}

/** Where things are in the header of a member of type `S`. */
const OLD_MAP = { at: 386, entries: 4, more: 482, size: 483 } as const;
/** Where they are in the blocks after it. */
const OLD_BLOCK = { at: 0, entries: 21, more: 504 } as const;
/** Bytes of each number. */
const OLD_NUMBER = 12;

/** The map of a member of type `S`: part of its header, and of blocks that follow. */
export class OldMapReader implements MapReader {
  readonly map: SparseMap;
  /** Whether the header has said that there are blocks. */
  readonly hasMore: boolean;
  readonly #refuse: Refuse;
  #ended = false;

  /** Reads the part that is in the header. */
  constructor(header: Uint8Array, refuse: Refuse) {
    this.#refuse = refuse;
    this.map = new SparseMap(this.#number(header, OLD_MAP.size), refuse);
    this.hasMore = this.#read(header, OLD_MAP);
  }

  push(block: Uint8Array): boolean {
    return this.#read(block, OLD_BLOCK);
  }

  #read(block: Uint8Array, layout: typeof OLD_MAP | typeof OLD_BLOCK): boolean {
    for (let entry = 0; entry < layout.entries; entry++) {
      const at = layout.at + 2 * OLD_NUMBER * entry;
      // Not the number but its absence ends the map: the stretch at the end of a file has 0 bytes.
      if (block[at + OLD_NUMBER] === 0) {
        this.#ended = true;
        continue;
      }
      if (this.#ended) throw this.#refuse("has a sparse map that goes on after its end");
      this.map.add(this.#number(block, at), this.#number(block, at + OLD_NUMBER));
    }
    return block[layout.more] !== 0;
  }

  #number(block: Uint8Array, at: number): number {
    const value = fieldNumber(block, at, OLD_NUMBER);
    if (typeof value !== "number" || value < 0) {
      throw this.#refuse("has a field in its sparse map that is no number, expected octal digits");
    }
    return value;
  }
}

const NEWLINE = 0x0a;
/** Digits of the longest number that can be a safe integer. */
const MAX_DIGITS = 16;
/** Bytes of the shortest entry of a map that is text. */
const MIN_ENTRY = 4;

/** The map of version 1.0, which stands before the contents: lines of decimal numbers, the first their count. */
export class TextMapReader implements MapReader {
  readonly map: SparseMap;
  readonly #refuse: Refuse;
  /** Stretches that the map can hold at most. */
  readonly #maxCount: number;
  #left: number | undefined;
  #position: number | undefined;
  #value = 0;
  #digits = 0;

  /** @param stored Bytes of the member with the map. */
  constructor(size: number, stored: number, refuse: Refuse) {
    this.map = new SparseMap(size, refuse);
    this.#refuse = refuse;
    this.#maxCount = Math.floor(stored / MIN_ENTRY);
  }

  push(block: Uint8Array): boolean {
    for (const byte of block) {
      if (byte === NEWLINE && this.#digits > 0) {
        if (!this.#take(this.#value)) return false;
        this.#value = this.#digits = 0;
        continue;
      }
      this.#value = this.#value * 10 + byte - 0x30;
      if (byte < 0x30 || byte > 0x39 || ++this.#digits > MAX_DIGITS) {
        throw this.#refuse("has a line in its sparse map that is no number");
      }
    }
    return true;
  }

  /** Takes a number, and tells whether there are more. */
  #take(value: number): boolean {
    if (!Number.isSafeInteger(value)) {
      throw this.#refuse(`has ${value} in its sparse map, expected at most 2^53-1`);
    }
    if (this.#left === undefined) {
      if (value > this.#maxCount) {
        throw this.#refuse(
          `has a sparse map of ${value} stretches, expected at most ${this.#maxCount} in its bytes`,
        );
      }
      this.#left = value;
    } else if (this.#position === undefined) {
      this.#position = value;
    } else {
      this.map.add(this.#position, value);
      this.#position = undefined;
      this.#left--;
    }
    return this.#left > 0;
  }
}

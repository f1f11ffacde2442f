/**
 * Memory that all threads share, in blocks of one piece: contents lie there from when they come until they have
 * been digested and stored.
 *
 * @module
 */

import { PIECE_SIZE } from "./_piece_hasher.ts";

/** A block that is not free. */
export interface Block {
  /** Where it begins in the shared memory. */
  readonly start: number;
  /** Its memory. */
  readonly bytes: Uint8Array;
  /** Files in it, or pieces, that some thread still reads. */
  pending: number;
  /** Whether more may be put into it. */
  isOpen: boolean;
}

/** What writes past the page cache want addresses to be multiples of. */
const ALIGNMENT = 4096;

/** Bytes of shared memory in which there is room for a number of blocks. */
export function sharedSize(blocks: number): number {
  return blocks * PIECE_SIZE + ALIGNMENT;
}

/** Hands out blocks. */
export class SharedBlocks {
  readonly #free: Block[] = [];

  /**
   * Begins with all blocks free.
   *
   * @param address Where the memory begins, or what that is modulo 4096.
   */
  constructor(memory: SharedArrayBuffer, address: number) {
    const first = -address & (ALIGNMENT - 1);
    for (let start = first; start + PIECE_SIZE <= memory.byteLength; start += PIECE_SIZE) {
      const bytes = new Uint8Array(memory, start, PIECE_SIZE);
      this.#free.push({ start, bytes, pending: 0, isOpen: false });
    }
  }

  /** A free block, open; undefined if there is none. */
  take(): Block | undefined {
    const block = this.#free.pop();
    if (block !== undefined) block.isOpen = true;
    return block;
  }

  /** Lets nothing more be put into a block. */
  close(block: Block): void {
    block.isOpen = false;
    this.#freeIfDone(block);
  }

  /** Told that one of what is pending in a block has been done. */
  done(block: Block): void {
    block.pending--;
    this.#freeIfDone(block);
  }

  #freeIfDone(block: Block): void {
    if (!block.isOpen && block.pending === 0) this.#free.push(block);
  }
}

/**
 * Reading a file from its start to its end with all threads: each hashes pieces ahead of whoever takes them.
 *
 * Pieces are read into memory that the threads share, of which there is so much that nobody waits and no more,
 * however long the file.
 *
 * @module
 */

import type { HashTree } from "../../lib/digest/hash_tree.ts";
import {
  type BlockReader,
  type HashedBlocks,
  SequentialReader,
} from "../../lib/digest/tree_source.ts";
import type { Fd } from "../files/fd.ts";
import type { ThreadPool } from "./thread_pool.ts";

/** Bytes of a piece: whole spans by either algorithm, and as much work as handing it over is worth. */
const PIECE_SIZE = 1 << 20;

/** Pieces on their way, for each thread: one that is hashed, one that is next. */
const PIECES_PER_THREAD = 2;
/** The most pieces, however many threads. */
const MAX_PIECES = 32;

/** Bytes of shared memory that a pool needs for this. */
export function aheadBytes(threads: number): number {
  // One more is with whoever reads.
  return PIECE_SIZE * (Math.min(PIECES_PER_THREAD * threads, MAX_PIECES) + 1);
}

/** A piece that has been asked for. */
interface Piece {
  readonly position: number;
  readonly length: number;
  /** Where its bytes are in the shared memory. */
  readonly into: number;
  /** Undefined until it is done, false if it could not be read. */
  hashes: Uint8Array | false | undefined;
}

/** Where a file is read here and there, it is read in this thread, by small chunks. */
export class ReadAhead implements BlockReader {
  readonly alignment: number;
  readonly #file: Fd;
  readonly #size: number;
  readonly #pool: ThreadPool;
  readonly #memory: SharedArrayBuffer;
  readonly #here: SequentialReader;
  /** Pieces that there is room for. */
  readonly #room: number;
  readonly #pieces: Piece[] = [];
  /** Where the next chunk begins, if reading goes straight on. */
  #next = -1;
  /** Where the next piece begins that is asked for. */
  #ahead = 0;
  /** Pieces asked for so far; they take turns in the memory. */
  #asked = 0;

  /** @param threads Of a pool that has shared memory of {@linkcode aheadBytes}, of which nobody else makes use. */
  constructor(
    file: Fd,
    tree: HashTree,
    size: number,
    { pool, threads }: { readonly pool: ThreadPool; readonly threads: number },
  ) {
    this.#room = aheadBytes(threads) / PIECE_SIZE;
    this.#here = new SequentialReader(file, tree, size);
    this.alignment = this.#here.alignment;
    this.#file = file;
    this.#size = size;
    this.#pool = pool;
    this.#memory = pool.shared!;
  }

  read(position: number): HashedBlocks {
    if (position !== this.#next) return this.#readHere(position);
    if (this.#pieces.length === 0) this.#ahead = position;
    this.#askForMore();
    const piece = this.#pieces[0]!;
    this.#pool.workUntil(() => piece.hashes !== undefined);
    const { hashes, into, length } = piece;
    // Read here, it shows what is wrong.
    if (hashes === undefined || hashes === false) return this.#readHere(position);
    this.#pieces.shift();
    this.#next = position + length;
    return { bytes: new Uint8Array(this.#memory, into, length), hashes };
  }

  [Symbol.dispose](): void {
    this.#drop();
  }

  #readHere(position: number): HashedBlocks {
    this.#drop();
    const chunk = this.#here.read(position);
    this.#next = position + chunk.bytes.length;
    return chunk;
  }

  #askForMore(): void {
    const room = this.#room;
    // The piece that was handed out last is not looked at any more.
    while (this.#pieces.length < room && this.#ahead < this.#size) {
      const length = Math.min(PIECE_SIZE, this.#size - this.#ahead);
      const into = this.#asked++ % room * PIECE_SIZE;
      const piece: Piece = { position: this.#ahead, length, into, hashes: undefined };
      this.#pieces.push(piece);
      this.#ahead += length;
      const from = this.#file.number;
      this.#pool.addPiece(
        { from, isSparse: false, eachBlock: true, into, position: piece.position, length },
        (hashes) => void (piece.hashes = hashes ?? false),
      );
    }
  }

  /** Waits for pieces that are on their way: their memory and the file are not to be touched before. */
  #drop(): void {
    const pieces = this.#pieces.splice(0);
    this.#pool.workUntil(() => pieces.every(({ hashes }) => hashes !== undefined));
  }
}

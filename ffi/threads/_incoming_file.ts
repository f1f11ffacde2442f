/**
 * A large file whose contents come bit by bit, and whose pieces are hashed and written by several threads.
 *
 * @module
 */

import type { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";
import type { ObjectDirectory } from "../objects/object_directory.ts";
import { isForbidden } from "../sys/errno.ts";
import { LargeCopy } from "./_large_copy.ts";
import { PieceAssembly } from "./_piece_assembly.ts";
import { PIECE_SIZE } from "./_piece_hasher.ts";
import type { Block, SharedBlocks } from "./_shared_blocks.ts";
import type { ThreadPool } from "./thread_pool.ts";

/** What it needs of whoever takes the files. */
export interface IncomingContext {
  readonly pool: ThreadPool;
  readonly blocks: SharedBlocks;
  /** A block to fill, for which it may have to wait. */
  takeBlock(): Block;
}

/** A file of more bytes than a block has. */
export class IncomingFile implements Disposable {
  readonly row: number;
  readonly size: number;
  readonly #context: IncomingContext;
  readonly #assembly: PieceAssembly;
  /** Undefined without a store or in one that cannot be written, and once it is the store's. */
  #draft: UnnamedFile | undefined;
  /** Why the store cannot be written: it serves if the object is there. */
  #refusal: unknown;
  readonly #copy: LargeCopy | undefined;
  #block: Block | undefined;
  /** Where the piece begins that is being filled, and where what has come ends. */
  #start = 0;
  #end = 0;

  constructor(
    context: IncomingContext,
    row: number,
    size: number,
    algorithms: readonly HashAlgorithm[],
    objects: ObjectDirectory | undefined,
  ) {
    this.row = row;
    this.size = size;
    this.#context = context;
    this.#assembly = new PieceAssembly({ size, algorithms });
    try {
      this.#draft = objects?.createDraft();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#refusal = error;
    }
    this.#copy = this.#draft && new LargeCopy(this.#draft.file, size, true);
  }

  /** Whether all pieces have been hashed and written. */
  get isComplete(): boolean {
    return this.#assembly.isComplete;
  }

  /** Takes bytes at a position; what lies between them and those before is zeros. */
  write(bytes: Uint8Array, position: number): void {
    this.#fillTo(position);
    for (let taken = 0; taken < bytes.length;) {
      const block = this.#openBlock();
      const at = this.#end - this.#start;
      const part = bytes.subarray(taken, taken + PIECE_SIZE - at);
      block.bytes.set(part, at);
      taken += part.length;
      this.#end += part.length;
      this.#submitIfFull();
    }
  }

  /** All has come. */
  end(): void {
    this.#fillTo(this.size);
  }

  /**
   * Completes it.
   *
   * @returns The digests, and the draft of the object, which is the caller's from now on.
   * @throws {SyscallError} If the object is not there and none can be made.
   */
  finish(objects: ObjectDirectory | undefined): {
    readonly digests: readonly Digest[];
    readonly draft: UnnamedFile | undefined;
  } {
    const digests = this.#assembly.digests();
    const draft = this.#draft;
    if (this.#refusal !== undefined && !objects!.has(digests[0]!, this.size)) throw this.#refusal;
    if (draft === undefined) return { digests, draft };
    this.#copy!.finish();
    objects!.completeDraft(draft, digests[0]!.algorithm);
    this.#draft = undefined;
    return { digests, draft };
  }

  [Symbol.dispose](): void {
    this.#draft?.[Symbol.dispose]();
    this.#draft = undefined;
  }

  /** Adds zeros up to a position: whole pieces of them are not touched. */
  #fillTo(position: number): void {
    while (this.#end < position) {
      const zeros = position - this.#end;
      // The last piece is read as any other, since its length is no whole number of spans.
      const whole = Math.min(zeros, this.#lastStart - this.#end);
      if (this.#block === undefined && whole >= PIECE_SIZE) {
        const length = whole - whole % PIECE_SIZE;
        this.#assembly.take(this.#start, length);
        this.#start = this.#end += length;
        continue;
      }
      const block = this.#openBlock();
      const at = this.#end - this.#start;
      const length = Math.min(zeros, PIECE_SIZE - at);
      block.bytes.fill(0, at, at + length);
      this.#end += length;
      this.#submitIfFull();
    }
  }

  /** Where the last piece begins. */
  get #lastStart(): number {
    const last = this.size - 1;
    return last - last % PIECE_SIZE;
  }

  #openBlock(): Block {
    return this.#block ??= this.#context.takeBlock();
  }

  /** Has the piece hashed if all of it is there. */
  #submitIfFull(): void {
    const length = this.#end - this.#start;
    if (length < PIECE_SIZE && this.#end < this.size) return;
    const { pool, blocks } = this.#context;
    const block = this.#block!;
    const position = this.#start;
    this.#block = undefined;
    this.#start = this.#end;
    block.pending++;
    blocks.close(block);
    const to = this.#copy?.file.number;
    const piece = {
      ...(to === undefined ? {} : { to }),
      isSparse: true,
      eachBlock: false,
      into: block.start,
      position,
      length,
    };
    pool.addPiece(piece, (hashes) => {
      this.#assembly.take(position, hashes ?? this.#hashAgain(piece));
      blocks.done(block);
    });
  }

  /**
   * Hashes and writes a piece that has failed once more, through the page cache.
   *
   * @throws What it has failed by.
   */
  #hashAgain(piece: Parameters<ThreadPool["addPiece"]>[0]): Uint8Array {
    this.#copy?.endDirect();
    const to = this.#copy?.file;
    return this.#context.pool.runner.pieces.hashPiece({ ...piece, from: undefined, to })!;
  }
}

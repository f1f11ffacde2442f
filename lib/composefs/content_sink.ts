/**
 * Contents that come by themselves, as an archive brings them, instead of being asked for: small ones are kept
 * for the image, the others digested and, if there is a store, put there.
 *
 * The counterpart of `file_reader.ts`, behind a port for the same reason: the sink here works in this thread
 * alone, and may be replaced by one that uses several.
 *
 * @module
 */

import { FsVerityHasher } from "../digest/fs_verity.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import type { ObjectDraft } from "../objects/object_store.ts";
import { type Contents, ContentTable, joinDigests } from "./contents.ts";
import { checkAlgorithms, type ReadFilesOptions, rowOf } from "./file_reader.ts";

/** Takes the contents of any number of files. */
export interface ContentSink {
  /** Begins a sequence of files; several may come at once, each through one of its own. */
  stream(): ContentStream;
  /** Told that nothing more comes, so that the last files can be worked on before `finish` is waited for. */
  endStreams?(): void;
  /** Gives what became of every file, once all of them have come to their ends. */
  finish(): Promise<Contents>;
}

/** Takes the contents of one file after the other. Close it, or what it holds is of no use to others. */
export interface ContentStream {
  /**
   * Begins a file.
   *
   * @param size Its length in bytes.
   * @returns The number of its row in what `finish` gives.
   */
  begin(size: number): number;
  /**
   * Takes bytes of the file that began last, which are not kept. Positions ascend; what lies between, and
   * behind the last, is zeros.
   */
  write(bytes: Uint8Array, position: number): void;
  /** Ends the file. */
  end(): void;
  /** Ends the sequence, be it in the middle of a file: nothing more comes by it. */
  close(): void;
}

/** Bytes of the largest file that is held until its end, when its digest tells whether the store has it. */
const MAX_HELD = 1 << 20;

/** Takes contents in this thread, and is done with each file when it ends. */
export class SequentialSink implements ContentSink {
  readonly #options: ReadFilesOptions;
  readonly #algorithms: readonly HashAlgorithm[];
  readonly #table: ContentTable;
  #done = 0;

  /** Uses the store and the listener of the options. */
  constructor(options: ReadFilesOptions = {}) {
    const { algorithms = ["sha256"] } = options;
    checkAlgorithms(algorithms, options.store !== undefined);
    this.#options = options;
    this.#algorithms = algorithms;
    this.#table = new ContentTable(algorithms);
  }

  stream(): ContentStream {
    let row = 0;
    let file: PartialFile | undefined;
    return {
      begin: (size) => {
        row = this.#table.add(size);
        file = size <= MAX_HELD
          ? new HeldFile(size, (contents) => rowOf(contents, this.#algorithms, this.#options.store))
          : new PassingFile(size, this.#algorithms, this.#options);
        return row;
      },
      write(bytes, position) {
        file!.write(bytes, position);
      },
      end: () => {
        const size = this.#table.size(row);
        if (size > 0) this.#table.fill(row, file!.finish());
        file = undefined;
        this.#done += size;
        this.#options.onRead?.(this.#done, this.#done);
      },
      close() {
        file?.[Symbol.dispose]();
        file = undefined;
      },
    };
  }

  /** Has nothing left to do; what the store has been given is on the disk after this. */
  // deno-lint-ignore require-await -- the port is for sinks that wait, too
  async finish(): Promise<Contents> {
    this.#options.store?.flush();
    return this.#table.complete();
  }
}

/** A file whose contents come bit by bit. */
interface PartialFile extends Disposable {
  write(bytes: Uint8Array, position: number): void;
  /** What stands in its row. */
  finish(): Uint8Array;
}

class HeldFile implements PartialFile {
  readonly #contents: Uint8Array<ArrayBuffer>;
  readonly #settle: (contents: Uint8Array) => Uint8Array;

  constructor(size: number, settle: (contents: Uint8Array) => Uint8Array) {
    this.#contents = new Uint8Array(size);
    this.#settle = settle;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#contents.set(bytes, position);
  }

  finish(): Uint8Array {
    return this.#settle(this.#contents);
  }

  [Symbol.dispose](): void {}
}

/** A file that goes by, into the store if there is one. */
class PassingFile implements PartialFile {
  readonly #size: number;
  readonly #draft: ObjectDraft | undefined;
  readonly #hashers: readonly FsVerityHasher[];
  #position = 0;

  constructor(
    size: number,
    algorithms: readonly HashAlgorithm[],
    { store }: ReadFilesOptions,
  ) {
    this.#size = size;
    this.#draft = store?.draft(algorithms[0]);
    this.#hashers = store === undefined
      ? algorithms.map((algorithm) => new FsVerityHasher({ algorithm }))
      : [];
  }

  write(bytes: Uint8Array, position: number): void {
    this.#skipTo(position);
    this.#draft?.write(bytes);
    for (const hasher of this.#hashers) hasher.update(bytes);
    this.#position += bytes.length;
  }

  finish(): Uint8Array {
    this.#skipTo(this.#size);
    using draft = this.#draft;
    if (draft !== undefined) return draft.finish().bytes;
    return joinDigests(this.#hashers.map((hasher) => hasher.digest()));
  }

  [Symbol.dispose](): void {
    this.#draft?.[Symbol.dispose]();
  }

  #skipTo(position: number): void {
    const zeros = position - this.#position;
    if (zeros === 0) return;
    this.#draft?.writeZeros(zeros);
    for (const hasher of this.#hashers) hasher.updateZeros(zeros);
    this.#position = position;
  }
}

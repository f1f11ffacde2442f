/**
 * The contents of files in a zstd:chunked layer, chunk by chunk, each held against what the table says of it.
 *
 * @module
 */

import { quote } from "../bytes/text.ts";
import {
  CompressedDataError,
  UnsupportedCompressionError,
} from "../compression/compression_error.ts";
import type { Chunks, Decode } from "../compression/decode.ts";
import { Digest } from "../digest/digest.ts";
import type { MessageHasher } from "../digest/hasher.ts";
import { type IntegrityCode, IntegrityError } from "../digest/integrity_error.ts";
import { messageHasher } from "../digest/sha2.ts";
import { readChunks } from "../file/chunks.ts";
import { type File, zeroFile } from "../file/file.ts";
import { windowFile } from "../file/window.ts";
import type { TarMember, TarSink } from "../tar/member.ts";
import { OciError } from "./oci_error.ts";
import type { TocChunk, TocEntry } from "./toc.ts";

/** Most bytes of a name that a message shows. */
const SHOWN = 300;

/** How chunks are read. */
export interface ChunkReaderOptions {
  /** What messages call the layer. */
  readonly shown: string;
  readonly decode: Decode;
  /** Told how many more bytes of the blob have been read or passed over. */
  readonly onBytes?: (bytes: number) => void;
  /** Whether there is no use in reading on. */
  readonly isOver?: () => boolean;
}

/** Reads the chunks of one file after the other, in the order of the blob. */
export class ChunkReader {
  readonly #blob: File;
  readonly #sink: TarSink;
  readonly #options: ChunkReaderOptions;
  /** Up to where the blob has been read or passed over. */
  #offset = 0;

  /** Begins at the start of the blob. */
  constructor(blob: File, sink: TarSink, options: ChunkReaderOptions) {
    this.#blob = blob;
    this.#sink = sink;
    this.#options = options;
  }

  /** Reads the contents of an entry, which has none if it is no regular file; not all of them once it is over. */
  async read({ member, digest, chunks }: TocEntry): Promise<void> {
    if (digest === undefined || chunks.length === 0) return;
    const whole = new DigestCheck(digest);
    for (const chunk of chunks) {
      const checks = [whole];
      // The only chunk of a file need not be hashed twice.
      if (chunk.digest !== undefined && (chunks.length > 1 || chunk.digest !== digest)) {
        checks.push(new DigestCheck(chunk.digest));
      }
      await this.#readChunk(member, chunk, checks);
      if (this.#isOver()) return;
      if (checks.length > 1) this.#check(checks[1]!, shownChunk(member, chunk));
    }
    this.#check(whole, shownName(member));
  }

  #isOver(): boolean {
    return this.#options.isOver?.() === true;
  }

  /** Passes over bytes of the blob up to an offset. */
  passTo(offset: number): void {
    this.#options.onBytes?.(offset - this.#offset);
    this.#offset = offset;
  }

  async #readChunk(
    member: TarMember,
    chunk: TocChunk,
    checks: readonly DigestCheck[],
  ): Promise<void> {
    let size = 0;
    try {
      for await (const piece of chunk.isZeros ? zeros(chunk) : this.#decoded(member, chunk)) {
        if (this.#isOver()) return;
        for (const check of checks) check.update(piece);
        if (!chunk.isZeros) this.#sink.contents(piece, chunk.position + size);
        size += piece.length;
      }
    } catch (error) {
      throw undecoded(error, this.#options.shown, shownChunk(member, chunk));
    }
    if (size !== chunk.size) {
      throw this.#wrong(
        "size",
        `${shownChunk(member, chunk)}: ${size} bytes, expected ${chunk.size}`,
      );
    }
  }

  /** What the frames of a chunk hold, or a little of it if that is more than there should be. */
  #decoded(member: TarMember, { offset, endOffset, size }: TocChunk): Chunks {
    // Otherwise many entries could have the same long frames read again and again.
    if (offset < this.#offset) {
      const state = `${
        shownName(member)
      } has contents from byte ${offset} of the blob on, expected ${this.#offset} or more, where those before them end`;
      throw new OciError("invalid", `Cannot use table of contents: ${state}`);
    }
    this.passTo(endOffset);
    const frames = windowFile(this.#blob, offset, endOffset - offset);
    return this.#options.decode(readChunks(frames), "zstd", { maxSize: size });
  }

  #check(check: DigestCheck, place: string): void {
    const state = check.problem();
    if (state !== undefined) throw this.#wrong("digest", `${place}: ${state}`);
  }

  #wrong(code: IntegrityCode, state: string): IntegrityError {
    return new IntegrityError(code, this.#options.shown, state, "read");
  }
}

/** A member as messages name it. */
export function shownName({ name }: TarMember): string {
  return quote(name.subarray(0, SHOWN));
}

function shownChunk(member: TarMember, { offset, endOffset }: TocChunk): string {
  return `${shownName(member)}, in bytes ${offset} to ${endOffset} of its blob`;
}

function zeros({ size }: TocChunk): Chunks {
  return readChunks(zeroFile(size));
}

/** Says in an error of the decoder which part of which layer it is about; gives all others as they are. */
export function undecoded(error: unknown, shown: string, part: string): unknown {
  const isAboutBytes = error instanceof CompressedDataError ||
    error instanceof UnsupportedCompressionError;
  if (!isAboutBytes) return error;
  return new Error(`Cannot read ${shown}: ${part}: ${error.message}`, { cause: error });
}

/** Holds bytes that come by against a digest. */
class DigestCheck {
  readonly #expected: Digest;
  readonly #hasher: MessageHasher;

  constructor(expected: string) {
    this.#expected = Digest.parse(expected);
    this.#hasher = messageHasher(this.#expected.algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** Says what is wrong, if they are not the bytes of the digest. To be called once, behind the last of them. */
  problem(): string | undefined {
    const found = new Digest(this.#expected.algorithm, this.#hasher.digest());
    if (found.equals(this.#expected)) return undefined;
    return `the digest of its bytes is ${found}, expected ${this.#expected}`;
  }
}

/**
 * Where the frames of zstd data end, found out from their headers alone.
 *
 * Decoders of runtimes pass over a missing end, stop behind the first frame, or lose what follows it; so who
 * wants to know that all was decoded has to know where frames end. This does, while the data go by: it takes
 * chunks cut anywhere, and gives back what is to be decoded, without a copy.
 *
 * @see RFC 8878, section 3.1
 *
 * @module
 */

import { viewOf } from "../bytes/view.ts";
import { type CompressedDataCode, CompressedDataError } from "./compression_error.ts";

/** Largest window of a frame that is decoded: 128 MiB, as in other decoders. It is memory of the decoder. */
export const MAX_WINDOW: number = 2 ** 27;

/** First bytes of a frame, and as a number. */
const MAGIC = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const MAGIC_NUMBER = 0xfd2fb528;
/** Magic number of skippable frames, whose lowest four bits may be any. */
const SKIPPABLE_NUMBER = 0x184d2a50;
/** The most that a block takes, and decodes to. */
const MAX_BLOCK = 2 ** 17;
/** Lengths of fields by two bits of the descriptor. */
const DICTIONARY_LENGTHS = [0, 1, 2, 4];
const CONTENT_SIZE_LENGTHS = [0, 2, 4, 8];
/** A content size of two bytes counts from here. */
const CONTENT_SIZE_BASE = 256;
/** Of the window, the dictionary's number and the content size. */
const LONGEST_FIELD = 1 + 4 + 8;

/** Fields, each with its length where that is always the same; a block header stands for a block. */
const FIELD_LENGTHS = {
  "magic": 4,
  "descriptor": 1,
  "block header": 3,
  "checksum": 4,
  "skippable size": 4,
} as const;

/** What is read next: a field, or bytes that are passed on or over. */
type State = keyof typeof FIELD_LENGTHS | "header" | "block" | "skippable";

/** How {@linkcode ZstdWalker} cuts. */
export interface ZstdWalkerOptions {
  /** Cut behind each block and each checksum, instead of only where skippable frames are. */
  readonly cutBlocks?: boolean;
}

/** Walks along the frames of zstd data. */
export class ZstdWalker {
  readonly #cutBlocks: boolean;
  #state: State = "magic";
  /** The bytes of the field that is being read, how many of them there are, and how many there will be. */
  readonly #field = new Uint8Array(LONGEST_FIELD);
  readonly #view = new DataView(this.#field.buffer);
  #filled = 0;
  #fieldLength: number = FIELD_LENGTHS.magic;
  /** Bytes of a block or skippable frame that are still to come. */
  #left = 0;
  /** Offset of what comes next, from the start of the data. */
  #offset = 0;
  #frameOffset = 0;

  #descriptor = 0;
  /** The most that a block of this frame takes or decodes to. */
  #blockLimit = 0;
  #isLastBlock = false;
  #contentSize = 0;
  #isSizeKnown = true;

  /** Begins at the first byte of the data. */
  constructor({ cutBlocks = false }: ZstdWalkerOptions = {}) {
    this.#cutBlocks = cutBlocks;
  }

  /** How many bytes the frames seen so far say they decode to; those that do not say count nothing. */
  get contentSize(): number {
    return this.#contentSize;
  }

  /** Whether every frame seen so far says what it decodes to. */
  get isSizeKnown(): boolean {
    return this.#isSizeKnown;
  }

  /** Offset of the frame that was begun last. */
  get frameOffset(): number {
    return this.#frameOffset;
  }

  /**
   * Takes the next chunk. What is given is to be taken to its end before the next call.
   *
   * @returns The parts of the chunk that belong to frames, and are to be decoded. None is empty.
   * @throws {CompressedDataError} If what follows is no frame, or its headers are malformed, or ask for a
   * dictionary or a window above {@linkcode MAX_WINDOW}.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    const chunkOffset = this.#offset;
    /** Where the part begins that is given next, -1 outside of frames. */
    let start = this.#isOutside ? -1 : 0;
    for (let at = 0; at < chunk.length;) {
      const before = this.#state;
      at += this.#take(chunk, at);
      this.#offset = chunkOffset + at;
      if (this.#state === before) continue;

      if (before === "magic") {
        const magicAt = at - MAGIC.length;
        if (this.#isOutside) {
          if (start >= 0) yield viewOf(chunk, start, magicAt);
          start = -1;
        } else if (start < 0 && magicAt < 0) {
          // An earlier chunk had its first bytes, and did not give them: it might have been skippable.
          yield MAGIC;
          start = at;
        } else if (start < 0) {
          start = magicAt;
        }
      } else if (
        start >= 0 && this.#cutBlocks &&
        (before === "block" || before === "checksum" || this.#state === "magic")
      ) {
        yield viewOf(chunk, start, at);
        start = this.#isOutside ? -1 : at;
      }
    }
    const end = chunk.length - (this.#state === "magic" ? this.#filled : 0);
    if (start >= 0 && start < end) yield viewOf(chunk, start, end);
  }

  /**
   * To be called at the end of the data.
   *
   * @throws {CompressedDataError} If it is not that of a frame.
   */
  finish(): void {
    if (this.#state !== "magic") {
      const kind = this.#isOutside ? "skippable frame" : "frame";
      throw invalid(
        "truncated",
        this.#offset,
        `the data end, expected the rest of the ${kind} at offset ${this.#frameOffset}`,
      );
    }
    if (this.#filled > 0) {
      throw invalid("truncated", this.#offset, "the data end, expected the rest of a magic number");
    }
    if (this.#offset === 0) throw invalid("truncated", 0, "there are no data, expected a frame");
  }

  /** Whether what comes next belongs to no frame, or is not known to. */
  get #isOutside(): boolean {
    return this.#state === "magic" || this.#state === "skippable size" ||
      this.#state === "skippable";
  }

  /** Takes bytes of the field, block or skippable frame that is being read; how many. */
  #take(chunk: Uint8Array, at: number): number {
    if (this.#left > 0) {
      const length = Math.min(this.#left, chunk.length - at);
      this.#left -= length;
      if (this.#left > 0) return length;
      if (this.#state === "block") this.#endBlock();
      else this.#expect("magic");
      return length;
    }
    // A loop over single bytes: there are some twenty of them in a frame, and three in a block.
    this.#field[this.#filled++] = chunk[at]!;
    if (this.#filled === this.#fieldLength) {
      this.#filled = 0;
      this.#readField();
    }
    return 1;
  }

  /** Begins a field. */
  #expect(state: keyof typeof FIELD_LENGTHS): void {
    this.#state = state;
    this.#fieldLength = FIELD_LENGTHS[state];
  }

  /** Begins a block or a skippable frame of so many bytes. */
  #pass(state: "block" | "skippable", length: number): void {
    this.#state = state;
    this.#left = length;
    if (length > 0) return;
    if (state === "block") this.#endBlock();
    else this.#expect("magic");
  }

  #endBlock(): void {
    if (!this.#isLastBlock) this.#expect("block header");
    else this.#expect((this.#descriptor & 0x04) !== 0 ? "checksum" : "magic");
  }

  #readField(): void {
    switch (this.#state) {
      case "magic":
        return this.#readMagic();
      case "descriptor":
        return this.#readDescriptor();
      case "header":
        return this.#readHeader();
      case "block header":
        return this.#readBlockHeader();
      case "skippable size":
        return this.#pass("skippable", this.#view.getUint32(0, true));
      default:
        // The checksum, which only a decoder can tell to be wrong.
        this.#expect("magic");
    }
  }

  #readMagic(): void {
    const offset = this.#offset - (MAGIC.length - 1);
    const number = this.#view.getUint32(0, true);
    this.#frameOffset = offset;
    if (number === MAGIC_NUMBER) return this.#expect("descriptor");
    if ((number & ~0xf) === SKIPPABLE_NUMBER) return this.#expect("skippable size");
    const found = [...this.#field.subarray(0, MAGIC.length)]
      .map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw invalid("malformed", offset, `it has the bytes ${found}, expected a frame`);
  }

  #readDescriptor(): void {
    const descriptor = this.#field[0]!;
    if ((descriptor & 0x08) !== 0) {
      throw this.#malformed("the reserved bit of the frame's descriptor is set, expected 0");
    }
    this.#descriptor = descriptor;
    const { window, dictionary, contentSize } = headerFields(descriptor);
    this.#state = "header";
    this.#fieldLength = window + dictionary + contentSize;
  }

  #readHeader(): void {
    const { window, dictionary, contentSize } = headerFields(this.#descriptor);
    const id = readLittleEndian(this.#field, window, dictionary);
    if (id !== 0) throw this.#malformed(`the frame takes dictionary ${id}, expected none`);
    let size = readLittleEndian(this.#field, window + dictionary, contentSize);
    if (contentSize === 2) size += CONTENT_SIZE_BASE;
    if (contentSize === 0) this.#isSizeKnown = false;
    else this.#contentSize += size;
    if (!Number.isSafeInteger(this.#contentSize)) {
      throw this.#malformed(`the frame says it has ${size} bytes, expected less than 2^53 in all`);
    }

    const windowSize = window === 0 ? size : windowOf(this.#field[0]!);
    if (windowSize > MAX_WINDOW) {
      throw invalid(
        "window",
        this.#frameOffset,
        `the frame takes a window of ${windowSize} bytes, expected at most ${MAX_WINDOW}`,
      );
    }
    this.#blockLimit = Math.min(windowSize, MAX_BLOCK);
    this.#expect("block header");
  }

  #readBlockHeader(): void {
    const header = readLittleEndian(this.#field, 0, 3);
    const size = header >>> 3;
    const type = header >>> 1 & 3;
    if (type === 3) throw this.#malformed("the block is of type 3, expected 0 to 2");
    if (size > this.#blockLimit) {
      throw this.#malformed(`the block has ${size} bytes, expected at most ${this.#blockLimit}`);
    }
    this.#isLastBlock = (header & 1) !== 0;
    // One byte repeated is stored as one byte.
    this.#pass("block", type === 1 ? 1 : size);
  }

  /** The error of the field that has just been read. */
  #malformed(state: string): CompressedDataError {
    return invalid("malformed", this.#offset - (this.#fieldLength - 1), state);
  }
}

function invalid(code: CompressedDataCode, offset: number, state: string): CompressedDataError {
  return new CompressedDataError(code, { subject: "zstd data", offset, state });
}

/** Lengths of the fields behind a descriptor. */
function headerFields(
  descriptor: number,
): { readonly window: number; readonly dictionary: number; readonly contentSize: number } {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const kind = descriptor >>> 6;
  return {
    window: isSingleSegment ? 0 : 1,
    dictionary: DICTIONARY_LENGTHS[descriptor & 3]!,
    contentSize: kind === 0 && isSingleSegment ? 1 : CONTENT_SIZE_LENGTHS[kind]!,
  };
}

/** The size in bytes that a window's byte stands for: up to 3.75 TiB. */
function windowOf(byte: number): number {
  return 2 ** (10 + (byte >>> 3)) * (1 + (byte & 7) / 8);
}

/** Reads a number of up to eight bytes; one above 2^53 as the nearest float. */
function readLittleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

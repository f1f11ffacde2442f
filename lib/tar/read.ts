/**
 * Reads a tar archive, piece by piece, as it comes.
 *
 * What is read: the formats of v7, POSIX (ustar and pax) and GNU tar, sparse files included. An archive that says
 * something in a way that is not known is refused, and so is what programs read in different ways, where that would
 * change which members there are.
 *
 * @see POSIX.1-2017, pax; tar(5); GNU tar's manual, "Tar Internals"
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { quote } from "../bytes/text.ts";
import { hasRightChecksum, sumOf } from "./_checksum.ts";
import { ContentsCursor } from "./_cursor.ts";
import { HEADER_FIELDS, TAR_BLOCK_SIZE } from "./_header.ts";
import { type ReadMember, readMember } from "./_member.ts";
import { fieldNumber } from "./_numbers.ts";
import { PreludeReader } from "./_prelude.ts";
import type { MapReader } from "./_sparse.ts";
import { checkStored } from "./_sparse_layout.ts";
import { UnitBuffer } from "./_unit_buffer.ts";
import { LimitGuard, type TarLimits } from "./limits.ts";
import type { TarSink } from "./member.ts";
import { TarFormatError } from "./tar_format_error.ts";

const { offsets, sizes } = HEADER_FIELDS;

/** What the next bytes are; each but the last has to be whole before what follows it is known. */
type Phase =
  | { readonly kind: "header" }
  | {
    readonly kind: "prelude";
    readonly typeFlag: number;
    readonly offset: number;
    readonly size: number;
  }
  | { readonly kind: "map"; readonly read: ReadMember; readonly reader: MapReader }
  | { readonly kind: "contents"; readonly read: ReadMember }
  | { readonly kind: "padding"; readonly read: ReadMember }
  | { readonly kind: "trailer" };

const HEADER: Phase = { kind: "header" };
const TRAILER: Phase = { kind: "trailer" };

/**
 * Takes an archive in pieces, cut anywhere, and tells a sink what they hold; contents are parts of those pieces.
 * Once it or the sink has thrown, no more can be made of the archive.
 *
 * An archive ends with two blocks of zeros, and what follows them does not count. As with GNU tar, one is enough at
 * the very end, or none.
 *
 * @example An archive in pieces
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createImage, memoryTree, openContent, openImage, TarReader, writeTar } from "composefs-ts";
 *
 * const image = openImage(await createImage(memoryTree({ "motd": "Welcome!\n" })));
 * const names: string[] = [];
 * const reader = new TarReader({
 *   member: ({ name }) => names.push(new TextDecoder().decode(name)),
 *   contents() {},
 *   end() {},
 * });
 * for (const piece of writeTar(image.tree(), { open: (file) => openContent(file, { layers: [] }) })) {
 *   reader.write(piece);
 * }
 * reader.end();
 * assertEquals(names, ["./", "./motd"]);
 * ```
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #limits: LimitGuard;
  readonly #preludes = new PreludeReader();
  readonly #unit = new UnitBuffer(TAR_BLOCK_SIZE);
  readonly #cursor = new ContentsCursor();
  #phase: Phase = HEADER;
  /** Bytes of the archive that have been taken. */
  #offset = 0;
  /** Bytes up to the next header, in the phase of padding. */
  #padding = 0;
  /** Bytes of the blocks of the map that is being read. */
  #mapLength = 0;
  /** Whether the last header was a block of zeros. */
  #hasZeros = false;

  /** Begins an archive. */
  constructor(sink: TarSink, limits: TarLimits = {}) {
    this.#sink = sink;
    this.#limits = new LimitGuard(limits);
  }

  /**
   * Takes the next piece.
   *
   * @param chunk Valid during the call.
   * @throws {TarFormatError} If the archive breaks the format or is beyond a limit.
   */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) at = this.#take(chunk, at);
  }

  /** How many of the next bytes are stored contents of one file, and may be passed over. */
  get skippable(): number {
    return this.#phase.kind === "contents" ? this.#cursor.left : 0;
  }

  /**
   * Goes on as if the next bytes of contents had been written, but tells the sink nothing of them.
   *
   * @param length At most {@linkcode skippable}.
   */
  skip(length: number): void {
    const phase = this.#phase;
    if (!Number.isSafeInteger(length) || length < 0 || length > this.skippable) {
      throw new RangeError(`Cannot skip ${length} bytes, expected at most ${this.skippable}`);
    }
    this.#offset += length;
    for (let left = length; left > 0;) {
      const step = Math.min(left, this.#cursor.inStretch);
      this.#cursor.advance(step);
      left -= step;
    }
    if (phase.kind === "contents") this.#afterContents(phase.read);
  }

  /**
   * Ends the archive.
   *
   * @throws {TarFormatError} If more of it was to come.
   */
  end(): void {
    const place = this.#place();
    if (place === undefined) return;
    throw new TarFormatError(this.#offset, `the archive ends after ${this.#offset} bytes ${place}`);
  }

  /** Where the next byte is; undefined if there need be none. */
  #place(): string | undefined {
    const phase = this.#phase;
    switch (phase.kind) {
      case "header":
        if (this.#unit.length > 0) return "in a header";
        return this.#preludes.isPending
          ? "before the member of its last extended header"
          : undefined;
      case "prelude":
        return `in ${this.#preludes.nameOf(phase.typeFlag)}`;
      case "map":
        return `in the sparse map of ${quote(phase.read.member.name)}`;
      case "contents":
        return `in the contents of ${
          quote(phase.read.member.name)
        }, ${this.#cursor.left} bytes before their end`;
      case "padding":
        return `in the padding of ${quote(phase.read.member.name)}`;
      case "trailer":
        return undefined;
    }
  }

  #take(chunk: Uint8Array, at: number): number {
    const phase = this.#phase;
    switch (phase.kind) {
      case "contents":
        return this.#takeContents(chunk, at, phase.read);
      case "padding": {
        const part = this.#tell(chunk, at, this.#padding);
        this.#padding -= part.length;
        if (this.#padding === 0) this.#phase = HEADER;
        return at + part.length;
      }
      case "trailer":
        return at + this.#tell(chunk, at, chunk.length).length;
      default: {
        const part = this.#tell(chunk, at, this.#unit.missing);
        const unit = this.#unit.add(part);
        if (unit !== undefined) this.#takeUnit(unit);
        return at + part.length;
      }
    }
  }

  /** Takes bytes that are no contents, at most so many, and tells of them. */
  #tell(chunk: Uint8Array, at: number, length: number): Uint8Array {
    const part = chunk.subarray(at, at + length);
    this.#sink.literal?.(part);
    this.#offset += part.length;
    return part;
  }

  #takeContents(chunk: Uint8Array, at: number, read: ReadMember): number {
    const part = chunk.subarray(at, at + this.#cursor.inStretch);
    this.#sink.contents(part, this.#cursor.position);
    this.#offset += part.length;
    this.#cursor.advance(part.length);
    this.#afterContents(read);
    return at + part.length;
  }

  #takeUnit(unit: Uint8Array): void {
    const phase = this.#phase;
    if (phase.kind === "prelude") {
      const { typeFlag, offset, size } = phase;
      this.#expectHeader();
      this.#addPrelude(typeFlag, unit.subarray(0, size), offset);
    } else if (phase.kind === "map") {
      this.#takeMap(unit, phase);
    } else {
      this.#takeHeader(unit);
    }
  }

  #expectHeader(): void {
    this.#unit.expect(TAR_BLOCK_SIZE);
    this.#phase = HEADER;
  }

  #takeHeader(block: Uint8Array): void {
    const start = this.#offset - TAR_BLOCK_SIZE;
    const sum = sumOf(block);
    if (sum === 0) {
      this.#takeZeros(start);
      return;
    }
    if (this.#hasZeros) {
      throw new TarFormatError(start, "a header after one block of zeros, expected two at the end");
    }
    if (!hasRightChecksum(block, sum)) {
      throw new TarFormatError(start, "the checksum is wrong, expected the header of a member");
    }
    const typeFlag = block[offsets.typeFlag]!;
    if (this.#preludes.nameOf(typeFlag) !== undefined) {
      this.#beginPrelude(block, typeFlag, start);
      return;
    }
    const refuse = (state: string) => new TarFormatError(start, state);
    const read = readMember(block, this.#preludes.take(), refuse);
    this.#limits.add(read);
    const reader = read.sparse?.reader;
    if (reader === undefined) {
      this.#beginMember(read, read.stored);
    } else {
      this.#mapLength = 0;
      this.#phase = { kind: "map", read, reader };
    }
  }

  #takeZeros(start: number): void {
    if (this.#preludes.isPending) {
      throw new TarFormatError(start, "zeros after an extended header, expected its member");
    }
    if (this.#hasZeros) this.#phase = TRAILER;
    this.#hasZeros = true;
  }

  #beginPrelude(block: Uint8Array, typeFlag: number, offset: number): void {
    const size = fieldNumber(block, offsets.size, sizes.size);
    const name = this.#preludes.nameOf(typeFlag);
    if (typeof size !== "number" || size < 0) {
      throw new TarFormatError(offset, `${name} with a size that is no number`);
    }
    const { maxHeader } = this.#limits;
    if (size > maxHeader) {
      throw new TarFormatError(offset, `${name} of ${size} bytes, expected at most ${maxHeader}`);
    }
    if (size === 0) {
      this.#addPrelude(typeFlag, EMPTY, offset);
      return;
    }
    this.#unit.expect(alignUp(size, TAR_BLOCK_SIZE));
    this.#phase = { kind: "prelude", typeFlag, offset, size };
  }

  #addPrelude(typeFlag: number, body: Uint8Array, offset: number): void {
    this.#preludes.add(typeFlag, body, (state) => new TarFormatError(offset, state));
  }

  #takeMap(block: Uint8Array, { read, reader }: Phase & { kind: "map" }): void {
    this.#mapLength += block.length;
    const isCounted = read.sparse!.isCounted;
    const left = isCounted ? read.stored - this.#mapLength : read.stored;
    if (left < 0) throw read.refuse("has a sparse map that is longer than what is stored of it");
    const hasMore = reader.push(block);
    if (!hasMore) {
      checkStored(reader.map, left, read.refuse);
      this.#beginMember(read, left);
    } else if (this.#mapLength >= this.#limits.maxHeader) {
      const { maxHeader } = this.#limits;
      throw read.refuse(`has a sparse map that is longer than ${maxHeader} bytes`);
    }
  }

  /** Tells of a member, and begins what is left of its bytes. */
  #beginMember(read: ReadMember, left: number): void {
    const { member, sparse } = read;
    this.#sink.member(member);
    if (member.kind === "regular" && left > 0) {
      this.#cursor.begin(left, sparse?.map);
      this.#phase = { kind: "contents", read };
    } else {
      this.#endMember(read, alignUp(left, TAR_BLOCK_SIZE));
    }
  }

  #afterContents(read: ReadMember): void {
    if (this.#cursor.left > 0) return;
    this.#endMember(read, alignUp(read.stored, TAR_BLOCK_SIZE) - read.stored);
  }

  #endMember(read: ReadMember, padding: number): void {
    this.#sink.end();
    this.#padding = padding;
    this.#phase = padding === 0 ? HEADER : { kind: "padding", read };
  }
}

const EMPTY = new Uint8Array();

/**
 * Reads an archive from its pieces; {@linkcode TarReader} says how.
 *
 * @throws {TarFormatError} If the archive breaks the format or is beyond a limit.
 *
 * @example Names and contents
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createImage, memoryTree, openContent, openImage, readTar, writeTar } from "composefs-ts";
 *
 * const image = openImage(await createImage(memoryTree({ "motd": "Welcome!\n" })));
 * const archive = writeTar(image.tree(), { open: (file) => openContent(file, { layers: [] }) });
 * let told = "";
 * readTar(archive, {
 *   member: ({ name }) => told += new TextDecoder().decode(name),
 *   contents: (bytes) => told += new TextDecoder().decode(bytes),
 *   end: () => told += ";",
 * });
 * assertEquals(told, "./;./motdWelcome!\n;");
 * ```
 */
export function readTar(chunks: Iterable<Uint8Array>, sink: TarSink, limits?: TarLimits): void {
  const reader = new TarReader(sink, limits);
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
}

/**
 * The table of contents of a zstd:chunked layer: members as of its tar archive, and where in the blob their
 * contents are.
 *
 * @see https://github.com/containers/storage/blob/v1.59.0/pkg/chunked/internal/minimal/compression.go
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import { foldName, JsonValue, quoteText } from "./_json.ts";
import { itemSlices, memberSlices } from "./_json_slices.ts";
import { numberOf, readKind, readTocFile, type TocFile } from "./_toc_entry.ts";
import { OciError } from "./oci_error.ts";

export type { TocFile };

const DOCUMENT = "table of contents";
/** The only version there is. */
const VERSION = 1;
/** Most bytes of one entry: extended attributes may take some. */
const MAX_ENTRY_SIZE = 4 * 2 ** 20;
/** Digest of no bytes, which is left out of the table. */
const EMPTY_DIGEST = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** A part of a file's contents: whole zstd frames in the blob. */
export interface TocChunk {
  /** Its first byte, from the start of the blob. */
  readonly offset: number;
  /** The byte behind its last one there. */
  readonly endOffset: number;
  /** Bytes from the start of the file. */
  readonly position: number;
  /** Bytes of the file that it is, 1 or more. */
  readonly size: number;
  /** Digest of these bytes, `sha256:HEX`; absent where the file's own is enough. */
  readonly digest?: string | undefined;
  /** It is zeros, which need not be read. */
  readonly isZeros: boolean;
}

/** A member of the layer. */
export interface TocEntry extends TocFile {
  /** Of regular files: the digest of their contents, `sha256:HEX`. */
  readonly digest?: string | undefined;
  /** Of regular files: their contents, in order and without a gap; none if there are no bytes. */
  readonly chunks: readonly TocChunk[];
}

/** A table of contents. */
export interface Toc {
  /** Digest of the compressed tar-split, `sha256:HEX`; old layers lack it. */
  readonly tarSplitDigest?: string | undefined;
  /** Reads the entries, in the order of the archive. */
  entries(): Generator<TocEntry>;
}

/**
 * Reads a table of contents. Its entries are parsed one at a time, so that tables of any length take no memory.
 *
 * @param json The table, decompressed. It must not change while entries are read.
 * @param blobSize Bytes of the layer's blob, in which all chunks must lie.
 * @throws {OciError} If it is of an unknown version, or breaks the format; so does reading the entries.
 *
 * @example A table of one directory
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseToc } from "composefs-ts";
 *
 * const table = { version: 1, entries: [{ type: "dir", name: "etc/", mode: 0o755 }] };
 * const { entries } = parseToc(new TextEncoder().encode(JSON.stringify(table)), 1000);
 * assertEquals([...entries()].map(({ member }) => member.kind), ["directory"]);
 * ```
 */
export function parseToc(json: Uint8Array, blobSize: number): Toc {
  const values = new Map<string, Uint8Array>();
  for (const { key, value } of memberSlices(json, DOCUMENT)) {
    const name = foldName(parseSlice(key, "a name in it").text());
    if (values.has(name)) throw refuse(`${quoteText(name)} is there twice`);
    values.set(name, value);
    // Entries are parsed when they are asked for, all else now: what is no JSON is refused.
    if (name !== "entries") parseSlice(value, quoteText(name));
  }
  const version = parseSlice(values.get("version") ?? NULL, "version");
  if (version.count() !== VERSION) throw version.refuse(String(VERSION));
  const split = values.get("tarsplitdigest");
  const list = values.get("entries") ?? NULL;
  return {
    tarSplitDigest: split && !isNull(split)
      ? parseSlice(split, "tarSplitDigest").digest()
      : undefined,
    entries: () => readEntries(isNull(list) ? NO_ENTRIES : list, blobSize),
  };
}

const NULL = Uint8Array.of(0x6e, 0x75, 0x6c, 0x6c);
const NO_ENTRIES = Uint8Array.of(0x5b, 0x5d);

function isNull(slice: Uint8Array): boolean {
  return slice.length < 100 && latin1(slice).trim() === "null";
}

function parseSlice(slice: Uint8Array, place: string): JsonValue {
  if (slice.length > MAX_ENTRY_SIZE) {
    throw refuse(`${place} is of ${slice.length} bytes, expected at most ${MAX_ENTRY_SIZE}`);
  }
  return JsonValue.parse(slice, DOCUMENT, place);
}

function* readEntries(list: Uint8Array, blobSize: number): Generator<TocEntry> {
  let open: FileEntry | undefined;
  let index = 0;
  for (const slice of itemSlices(list, DOCUMENT)) {
    const entry = parseSlice(slice, `entries[${index++}]`).folded();
    const kind = readKind(entry);
    if (kind === undefined) {
      if (open === undefined) throw entry.get("type").refuse("a file before its chunks");
      open.addChunk(entry);
      continue;
    }
    if (open !== undefined) yield open.finish();
    open = undefined;
    const file = readTocFile(entry, kind);
    if (kind === "regular") open = new FileEntry(entry, file, blobSize);
    else yield { ...file, chunks: [] };
  }
  if (open !== undefined) yield open.finish();
}

/** A regular file, of which more chunks may follow. */
class FileEntry {
  readonly #entry: JsonValue;
  readonly #file: TocFile;
  readonly #endOffset: number;
  readonly #digest: string;
  readonly #chunks: TocChunk[] = [];
  /** The last chunk, whose end the next entry tells. */
  #last: Omit<TocChunk, "endOffset"> | undefined;
  /** Bytes of the file in the chunks that there are. */
  #size = 0;

  constructor(entry: JsonValue, file: TocFile, blobSize: number) {
    this.#entry = entry;
    this.#file = file;
    const { size } = file.member;
    this.#endOffset = numberOf(entry, "endoffset", blobSize);
    const digest = entry.find("digest");
    this.#digest = size === 0 && digest === undefined ? EMPTY_DIGEST : entry.get("digest").digest();
    if (size === 0 && this.#digest !== EMPTY_DIGEST) throw entry.get("digest").refuse(EMPTY_DIGEST);
    if (size > 0) this.#begin(entry);
  }

  /** Takes in one more chunk. */
  addChunk(entry: JsonValue): void {
    const name = entry.get("name");
    if (name.text() !== this.#entry.get("name").text()) throw name.refuse("the name of its file");
    this.#begin(entry);
  }

  /** The entry, once nothing more of it follows. */
  finish(): TocEntry {
    const { size } = this.#file.member;
    if (this.#size !== size) {
      throw this.#entry.get("size").refuse(`${this.#size}, as many bytes as its chunks are of`);
    }
    this.#endLast(this.#endOffset, this.#entry.get("endoffset"));
    return { ...this.#file, digest: this.#digest, chunks: this.#chunks };
  }

  #begin(entry: JsonValue): void {
    const rest = this.#file.member.size - this.#size;
    const offset = numberOf(entry, "offset", this.#endOffset);
    const position = numberOf(entry, "chunkoffset", Number.MAX_SAFE_INTEGER);
    if (position !== this.#size) {
      throw entry.get("chunkoffset").refuse(`${this.#size}, where the chunk before it ends`);
    }
    // A file of one chunk has no fields of it.
    const size = numberOf(entry, "chunksize", rest) || rest;
    if (size === 0) throw entry.get("type").refuse("no chunk behind the end of its file");
    this.#endLast(offset, entry.get("offset"));
    this.#last = {
      offset,
      position,
      size,
      digest: entry.find("chunkdigest")?.digest(),
      isZeros: readIsZeros(entry.find("chunktype")),
    };
    this.#size += size;
  }

  /** Ends the last chunk where the next one begins. */
  #endLast(endOffset: number, place: JsonValue): void {
    if (this.#last === undefined) return;
    if (endOffset < this.#last.offset) {
      throw place.refuse(`${this.#last.offset} or more, where the chunk before it begins`);
    }
    this.#chunks.push({ ...this.#last, endOffset });
    this.#last = undefined;
  }
}

function readIsZeros(type: JsonValue | undefined): boolean {
  const text = type?.text() ?? "";
  if (text !== "" && text !== "zeros") throw type!.refuse('"zeros"');
  return text === "zeros";
}

function refuse(state: string): OciError {
  return new OciError("invalid", `Cannot use ${DOCUMENT}: ${state}`);
}

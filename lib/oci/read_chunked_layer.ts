/**
 * Reading a zstd:chunked layer by its table of contents, as the members and contents of its tar archive.
 *
 * The archive itself is not read: of the blob only the table and the frames of files are, so that neither the digest
 * of the blob nor that of the archive is checked. In their place each file is held against the digest that the table
 * has of it, and the table against the one that the manifest has.
 *
 * @module
 */

import type { Decode } from "../compression/decode.ts";
import type { File } from "../file/file.ts";
import type { TarSink } from "../tar/member.ts";
import { ChunkReader, shownName, undecoded } from "./_chunk_reader.ts";
import { OciError } from "./oci_error.ts";
import { parseToc, type TocEntry } from "./toc.ts";
import { type ChunkedLayer, readTocBytes } from "./zstd_chunked.ts";

/** How a layer is read. */
export interface ReadChunkedLayerOptions {
  /** What messages call the layer: `layer sha256:…`. */
  readonly shown: string;
  /** Decompresses the table, and each chunk by itself. */
  readonly decode: Decode;
  /** Bytes that its files may have together; no limit if absent. */
  readonly maxSize?: number;
  /** Told how many more bytes of the blob have been read or passed over. */
  readonly onBytes?: (bytes: number) => void;
  /** Asked before each member and each piece of contents: whether there is no use in reading on. */
  readonly isOver?: () => boolean;
}

/**
 * Reads a zstd:chunked layer by its table of contents. Files of any size take the memory of a few pieces.
 *
 * @param blob The layer's blob.
 * @param layer Where its table is, as its annotations say: who believes them can believe all that is told.
 * @param sink Told of the entries in the order of the table. If this fails, what it was told is not to be used.
 * @throws {IntegrityError} If the table, a chunk or a file is not of its digest or size.
 * @throws {OciError} If the table breaks the format, names got lost in it, its files are too large together, or their
 * contents do not follow each other in the blob.
 * @throws {Error} If something cannot be decompressed; its cause is the error of the decoder.
 * @throws What the sink throws.
 *
 * @example A layer of a directory and a file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chunkedLayerOf, type Decode, memoryFile, readChunkedLayer } from "composefs-ts";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const digestOf = async (data: Uint8Array<ArrayBuffer>) => {
 *   const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
 *   return "sha256:" + Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
 * };
 * // Stands for the decoder of a runtime: here, frames hold their bytes as they are.
 * const decode: Decode = async function* (chunks) {
 *   yield* chunks;
 * };
 *
 * const contents = bytes("Welcome!");
 * const table = bytes(JSON.stringify({
 *   version: 1,
 *   entries: [
 *     { type: "dir", name: "etc/", mode: 0o755 },
 *     { type: "reg", name: "etc/motd", size: 8, endOffset: 8, digest: await digestOf(contents) },
 *   ],
 * }));
 * const blob = new Uint8Array([...contents, ...table]);
 * const prefix = "io.github.containers.zstd-chunked.manifest-";
 * const annotations = {
 *   [`${prefix}checksum`]: await digestOf(table),
 *   [`${prefix}position`]: `8:${table.length}:${table.length}:1`,
 * };
 *
 * let told = "";
 * const sink = {
 *   member: ({ name }: { name: Uint8Array }) => told += new TextDecoder().decode(name) + " ",
 *   contents: (part: Uint8Array) => told += new TextDecoder().decode(part),
 *   end: () => told += ";",
 * };
 * const layer = chunkedLayerOf({ annotations, size: blob.length });
 * await readChunkedLayer(memoryFile(blob), layer!, sink, { shown: "the layer", decode });
 * assertEquals(told, "etc/ ;etc/motd Welcome!;");
 * ```
 */
export async function readChunkedLayer(
  blob: File,
  layer: ChunkedLayer,
  sink: TarSink,
  options: ReadChunkedLayerOptions,
): Promise<void> {
  const { shown, isOver = () => false, maxSize = Infinity } = options;
  const reader = new ChunkReader(blob, sink, options);
  let size = 0;
  try {
    for (const entry of parseToc(await readTable(blob, layer, options), layer.blobSize).entries()) {
      if (isOver()) return;
      size += entry.member.size;
      checkEntry(entry, size, maxSize);
      sink.member(entry.member);
      await reader.read(entry);
      if (isOver()) return;
      sink.end();
    }
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw new OciError(error.code, `Cannot read ${shown}: ${error.message}`);
  }
  reader.passTo(layer.blobSize);
}

async function readTable(
  blob: File,
  layer: ChunkedLayer,
  { shown, decode }: ReadChunkedLayerOptions,
): Promise<Uint8Array> {
  try {
    return await readTocBytes(blob, layer, decode);
  } catch (error) {
    throw undecoded(error, shown, "its table of contents");
  }
}

/**
 * Refuses what cannot be told of.
 *
 * @param size Bytes of all files so far.
 */
function checkEntry({ member, isUncertain }: TocEntry, size: number, maxSize: number): void {
  const name = shownName(member);
  if (isUncertain) {
    const state = `${name} has U+FFFD in its name, its target or an xattr`;
    throw refuse(`${state}, which may stand for bytes that got lost, expected UTF-8 without it`);
  }
  if (size > maxSize) {
    throw refuse(`${name} makes it ${size} bytes of files, expected at most ${maxSize}`);
  }
}

function refuse(state: string): OciError {
  return new OciError("unsupported", `Cannot use table of contents: ${state}`);
}

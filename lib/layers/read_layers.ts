/**
 * Reads layers as they come: blobs in, members and contents out, every digest checked on the way.
 *
 * Nothing is unpacked: contents go straight to a sink, and what is kept of a layer are its members. Several layers
 * are read at a time, since each waits for its decoder.
 *
 * @module
 */

import {
  CompressedDataError,
  UnsupportedCompressionError,
} from "../compression/compression_error.ts";
import type { Chunks, Decode } from "../compression/decode.ts";
import { detectCompression, DETECTION_LENGTH } from "../compression/detect.ts";
import type { ContentSink } from "../composefs/content_sink.ts";
import type { Contents } from "../composefs/contents.ts";
import { concatBytes } from "../bytes/text.ts";
import { Digest } from "../digest/digest.ts";
import type { MessageHasher } from "../digest/hasher.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import { messageHasher } from "../digest/sha2.ts";
import type { TarSink } from "../tar/member.ts";
import { TarReader } from "../tar/read.ts";
import { TarFormatError } from "../tar/tar_format_error.ts";
import { LayerSink } from "./_layer_sink.ts";
import type { LayerMember } from "./merge.ts";

/** A layer, or an archive that stands for one. */
export interface LayerSource {
  /** What messages name: `layer "sha256:…"`, or `"rootfs.tar"`. */
  readonly shown: string;
  /** The blob from its start. Asked for once. */
  open(): Chunks;
  /** How many bytes the blob must have, if that is known. */
  readonly size?: number;
  /** Its digest, if that is known. */
  readonly digest?: Digest;
  /** The digest that the archive in the blob must have, if that is known. */
  readonly diffId?: Digest;
  /** What errors about its bytes add: why they may be as they are. */
  readonly remark?: string | undefined;
  /** Bytes that the blob may decode to; no limit if absent. */
  readonly maxSize?: number;
}

/**
 * A layer whose members are told of by other means than its archive, such as a table of contents: what it tells is
 * for it to check.
 */
export interface MemberSource {
  /** What messages name. */
  readonly shown: string;
  /** How many bytes the blob has, if that is known. */
  readonly size?: number;
  /**
   * Tells of the members, in their order. Asked for once.
   *
   * @throws If they are not what they must be; no use is made of any layer then.
   */
  tell(sink: TarSink, settings: TellSettings): Promise<void>;
}

/** What a source is given besides. */
export interface TellSettings {
  /** Decompresses. */
  readonly decode: Decode;
  /** To be told how many more bytes of the blob have been read. */
  readonly onBytes: (bytes: number) => void;
  /** To be asked now and then: whether nothing more need be told. */
  readonly isOver: () => boolean;
}

/** How layers are read. */
export interface ReadLayersOptions {
  /** Where contents go. */
  readonly sink: ContentSink;
  /** Decompresses blobs: `decodeBy` with decoders, or that of a runtime. */
  readonly decode: Decode;
  /** How many layers are read at a time; one if absent. */
  readonly streams?: number;
  /**
   * Tells of which files the contents are wanted, too.
   *
   * @param name The name of a member.
   */
  readonly capture?: (name: Uint8Array) => boolean;
  /** Told how many bytes of blobs have been read so far. */
  readonly onRead?: (done: number) => void;
  /** Called now and then, even while no bytes are read; what it throws ends the reading. */
  readonly interrupt?: () => void;
  /**
   * Told of the members when all blobs have been read, while the sink may still be at work on the last files: there
   * is time to make a tree of them.
   */
  readonly onMembers?: (members: ReadMembers) => void;
}

/** What has been read, but for what became of the files. */
export interface ReadMembers {
  /** The members of each layer, in their order; files are rows of the contents. */
  readonly layers: readonly (readonly LayerMember<number>[])[];
  /** The contents that were asked for, by row. */
  readonly captured: ReadonlyMap<number, Uint8Array>;
}

/** What has been read. */
export interface ReadLayers extends ReadMembers {
  /** What became of the files. */
  readonly contents: Contents;
}

/**
 * Reads layers.
 *
 * @param sources The lowest first.
 *
 * @example An image of an archive
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   createImage,
 *   decodeBy,
 *   encodeSource,
 *   memoryTree,
 *   openContent,
 *   openImage,
 *   readLayers,
 *   SequentialSink,
 *   treeOfLayers,
 *   writeTar,
 * } from "composefs-ts";
 *
 * // An archive of one file, as it would come from elsewhere.
 * const original = openImage(await createImage(memoryTree({ "motd": "Welcome!" }))).tree();
 * const open = () => writeTar(original, { open: (file) => openContent(file, { layers: [] }) });
 *
 * const read = await readLayers([{ shown: "motd.tar", open }], {
 *   sink: new SequentialSink(),
 *   decode: (chunks, compression, options) => decodeBy({}, chunks, compression, options),
 * });
 * const layers = read.layers.map((members) => ({ shown: "motd.tar", members }));
 * const tree = treeOfLayers(layers, "container", { readFile: (row) => read.captured.get(row) });
 * const image = encodeSource({ tree, contents: read.contents });
 * assertEquals(openImage(image).lookup("/motd").node.kind, "regular");
 * ```
 *
 * @throws {IntegrityError} If a blob, or the archive in it, is not what it must be.
 * @throws {TarFormatError} If an archive is malformed.
 */
export async function readLayers(
  sources: readonly (LayerSource | MemberSource)[],
  options: ReadLayersOptions,
): Promise<ReadLayers> {
  const { sink, streams = 1 } = options;
  const captured = new Map<number, Uint8Array>();
  const layers: (readonly LayerMember<number>[])[] = [];
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  let next = 0;
  let done = 0;
  const settings: LayerSettings = {
    options,
    captured,
    isOver: () => {
      options.interrupt?.();
      return failures.length > 0;
    },
    onBytes: (bytes) => options.onRead?.(done += bytes),
  };
  const work = async () => {
    while (next < sources.length && failures.length === 0) {
      const index = next++;
      try {
        layers[index] = await readLayer(sources[index]!, settings);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: streams }, work));
  if (failures.length > 0) throw failures.reduce((a, b) => a.index < b.index ? a : b).error;
  if (options.onMembers !== undefined) {
    sink.endStreams?.();
    options.onMembers({ layers, captured });
  }
  return { layers, contents: await sink.finish(), captured };
}

/** What all layers of a run have in common. */
interface LayerSettings {
  readonly options: ReadLayersOptions;
  readonly captured: Map<number, Uint8Array>;
  /** Whether another layer has failed, so that there is no use in reading on. */
  readonly isOver: () => boolean;
  readonly onBytes: (bytes: number) => void;
}

async function readLayer(
  source: LayerSource | MemberSource,
  settings: LayerSettings,
): Promise<readonly LayerMember<number>[]> {
  const { options: { sink, decode, capture = () => false }, captured, onBytes, isOver } = settings;
  const stream = sink.stream();
  try {
    const taken = new LayerSink(stream, capture, captured);
    if ("tell" in source) {
      await source.tell(taken, { decode, onBytes, isOver });
    } else {
      await readArchive(source, taken, settings);
    }
    return taken.members;
  } finally {
    stream.close();
  }
}

async function readArchive(
  source: LayerSource,
  taken: TarSink,
  { options, isOver, onBytes }: LayerSettings,
): Promise<void> {
  const { shown, size, digest, diffId, remark, maxSize = Infinity } = source;
  const reader = new TarReader(taken, { maxSize });
  const stored = new Witness(digest);
  let decoded = new Witness(diffId);
  const chunks = watching(source.open(), (bytes) => {
    stored.update(bytes);
    onBytes(bytes.length);
  });
  try {
    const begun = await begin(chunks, DETECTION_LENGTH);
    const compression = detectCompression(begun.start);
    // What is not compressed is the same before and after, and is hashed once.
    if (compression === "none" && digest !== undefined && diffId?.equals(digest)) {
      decoded = new Witness(undefined);
    }
    for await (const bytes of options.decode(begun.chunks, compression, { maxSize })) {
      if (isOver()) return;
      decoded.update(bytes);
      reader.write(bytes);
    }
    reader.end();
  } catch (error) {
    throw inLayer(shown, error, remark);
  }
  if (size !== undefined && stored.size !== size) {
    const state = `its blob has ${stored.size} bytes, expected ${size}`;
    throw new IntegrityError("size", shown, state, "read");
  }
  stored.check(shown, "its blob");
  decoded.check(shown, "the archive in it", remark);
}

/**
 * Looks at the first bytes of a stream.
 *
 * @returns As many of them as were asked for, or all if there are fewer, and the whole stream.
 */
async function begin(
  chunks: AsyncGenerator<Uint8Array>,
  length: number,
): Promise<{ readonly start: Uint8Array; readonly chunks: Chunks }> {
  let next = await chunks.next();
  // Most begin with a chunk that is long enough, which need not be copied.
  let start = next.done === true ? new Uint8Array() : next.value;
  while (next.done !== true && start.length < length) {
    const held = start.slice();
    next = await chunks.next();
    if (next.done !== true) start = concatBytes(held, next.value);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (start.length > 0) yield start;
    yield* chunks;
  }
  return { start, chunks: all() };
}

/** Passes a stream on, told of what it is. */
async function* watching(
  chunks: Chunks,
  onBytes: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of chunks) {
    onBytes(bytes);
    yield bytes;
  }
}

/** Names the layer in the message of an error about its bytes. */
function inLayer(shown: string, error: unknown, remark: string | undefined): unknown {
  const isAboutBytes = error instanceof TarFormatError || error instanceof CompressedDataError ||
    error instanceof UnsupportedCompressionError;
  if (!isAboutBytes) return error;
  return new Error(`Cannot read ${shown}: ${error.message}${because(remark)}`, { cause: error });
}

function because(remark: string | undefined): string {
  return remark === undefined ? "" : `; ${remark}`;
}

/** Counts and hashes what comes by. */
class Witness {
  readonly #expected: Digest | undefined;
  readonly #hasher: MessageHasher | undefined;
  #size = 0;

  constructor(expected: Digest | undefined) {
    this.#expected = expected;
    this.#hasher = expected && messageHasher(expected.algorithm);
  }

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    this.#hasher?.update(bytes);
  }

  /** @throws {IntegrityError} If all that came is not what was expected. */
  check(shown: string, what: string, remark?: string): void {
    const expected = this.#expected;
    if (expected === undefined) return;
    const found = new Digest(expected.algorithm, this.#hasher!.digest());
    if (found.equals(expected)) return;
    const state = `${what} has the digest ${found}, expected ${expected}${because(remark)}`;
    throw new IntegrityError("digest", shown, state, "read");
  }
}

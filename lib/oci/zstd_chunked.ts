/**
 * Layers in the form zstd:chunked: where they have the table of their contents, and reading it.
 *
 * Annotations of the layer say where the table is and what its digest is. So whoever believes the manifest can
 * believe the table, and through it each file, without having read the layer.
 *
 * @see https://github.com/containers/storage/blob/v1.59.0/docs/containers-storage-zstd-chunked.md
 *
 * @module
 */

import type { Decode } from "../compression/decode.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import type { File } from "../file/file.ts";
import { digestOf } from "./_blobs.ts";
import { isDigest, quoteText } from "./_json.ts";
import type { LayerBlob } from "./image.ts";
import { OciError } from "./oci_error.ts";

const PREFIX = "io.github.containers.zstd-chunked.";
/** What says where a layer in the form eStargz has its table. */
const STARGZ = "containerd.io/snapshot/stargz/toc.digest";

/** Most bytes of a table, compressed or not: as many as Podman takes. */
const MAX_TOC_SIZE = 150 * 2 ** 20;
/** The only kind of table there is. */
const TOC_TYPE = 1;

/** Makes the error for what is wrong with an annotation. */
type Refuse = (name: string, state: string) => OciError;

/** A compressed part of a layer. */
export interface CompressedPart {
  /** Its first byte, from the start of the blob. */
  readonly offset: number;
  /** Bytes of it in the blob. */
  readonly size: number;
  /** Bytes of it when decompressed. */
  readonly uncompressedSize: number;
}

/** Where a layer has its tables. */
export interface ChunkedLayer {
  /** The table of its contents. */
  readonly toc: CompressedPart;
  /** Digest of the table as it is compressed, as `sha256:HEX`. */
  readonly tocDigest: string;
  /** What makes the layer's tar archive of its files again; old layers lack it. */
  readonly tarSplit?: CompressedPart | undefined;
  /** Bytes of the blob. */
  readonly blobSize: number;
}

/**
 * Finds out from a layer's annotations whether it is in the form zstd:chunked, and where its tables are.
 *
 * @returns Undefined if it is not.
 * @throws {OciError} If the annotations make no sense.
 *
 * @example An ordinary layer
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chunkedLayerOf } from "composefs-ts";
 *
 * assertEquals(chunkedLayerOf({ annotations: {}, size: 1000 }), undefined);
 * ```
 */
export function chunkedLayerOf(
  layer: Pick<LayerBlob, "annotations" | "size" | "digest">,
): ChunkedLayer | undefined {
  const { annotations, size, digest } = layer;
  const refuse: Refuse = (name, state) => {
    const subject = digest === undefined ? "a layer" : `layer ${digest}`;
    const problem = `${PREFIX}${name} ${state}`;
    return new OciError("invalid", `Cannot use ${subject} as zstd:chunked: ${problem}`);
  };
  const tocDigest = annotations[`${PREFIX}manifest-checksum`];
  if (tocDigest === undefined) return undefined;
  if (annotations[STARGZ] !== undefined) {
    throw refuse("manifest-checksum", `stands beside ${STARGZ}, expected one of them`);
  }
  if (!isDigest(tocDigest)) {
    throw refuse("manifest-checksum", `is ${quoteText(tocDigest)}, expected a digest`);
  }
  const position = annotations[`${PREFIX}manifest-position`];
  if (position === undefined) throw refuse("manifest-position", "is missing");
  const splitPosition = annotations[`${PREFIX}tarsplit-position`];
  return {
    toc: readPart("manifest-position", position, size, refuse, TOC_TYPE),
    tocDigest,
    tarSplit: splitPosition === undefined
      ? undefined
      : readPart("tarsplit-position", splitPosition, size, refuse),
    blobSize: size,
  };
}

/** Reads `OFFSET:SIZE:UNCOMPRESSED`, with `:TYPE` if it has one. */
function readPart(
  name: string,
  text: string,
  blobSize: number,
  refuse: Refuse,
  type?: number,
): CompressedPart {
  const form = `OFFSET:SIZE:UNCOMPRESSED${type === undefined ? "" : ":TYPE"}`;
  const fields = text.split(":");
  if (
    fields.length !== form.split(":").length || !fields.every((field) => /^\d{1,15}$/.test(field))
  ) throw refuse(name, `is ${quoteText(text)}, expected ${form}`);
  const [offset, size, uncompressedSize, ownType] = fields.map(Number);
  if (ownType !== type) throw refuse(name, `is of type ${ownType}, expected ${type}`);
  if (offset! + size! > blobSize) {
    throw refuse(name, `is ${quoteText(text)}, which lies beyond the layer's ${blobSize} bytes`);
  }
  if (Math.max(size!, uncompressedSize!) > MAX_TOC_SIZE) {
    throw refuse(name, `is ${quoteText(text)}, expected at most ${MAX_TOC_SIZE} bytes`);
  }
  return { offset: offset!, size: size!, uncompressedSize: uncompressedSize! };
}

/**
 * Reads the table of a layer's contents: JSON, of which `parseToc` makes members.
 *
 * @param file The layer's blob.
 * @param decode Given the table only once its digest has been checked.
 * @throws {IntegrityError} If it is not the table of its digest and size.
 * @throws What `decode` throws.
 */
export async function readTocBytes(
  file: File,
  { toc, tocDigest }: ChunkedLayer,
  decode: Decode,
): Promise<Uint8Array> {
  const subject = `table of contents ${tocDigest}`;
  const compressed = new Uint8Array(toc.size);
  const length = file.readAt(compressed, toc.offset);
  if (length !== toc.size) {
    throw new IntegrityError("size", subject, `${length} bytes, expected ${toc.size}`);
  }
  const found = digestOf(compressed, tocDigest.startsWith("sha512:") ? "sha512" : "sha256");
  if (found !== tocDigest) {
    throw new IntegrityError("digest", subject, `the digest of its bytes is ${found}`);
  }
  const bytes = new Uint8Array(toc.uncompressedSize);
  let size = 0;
  for await (const piece of decode([compressed], "zstd", { maxSize: bytes.length })) {
    bytes.set(piece, size);
    size += piece.length;
  }
  if (size === bytes.length) return bytes;
  const state = `${size} bytes, expected ${bytes.length} when decompressed`;
  throw new IntegrityError("size", subject, state);
}

/**
 * The layers that a reference names: those of a container image, or a tar archive, which is one.
 *
 * @module
 */

import type { Machine } from "../../ffi/machine.ts";
import { Digest } from "../../lib/digest/digest.ts";
import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { readChunks } from "../../lib/file/chunks.ts";
import type { File } from "../../lib/file/file.ts";
import type { LayerSource, MemberSource } from "../../lib/layers/read_layers.ts";
import { TarFiles } from "../../lib/oci/archive.ts";
import type { LayerBlob, OciImage, OpenImageOptions } from "../../lib/oci/image.ts";
import type { NamedFiles } from "../../lib/oci/named_files.ts";
import { OciError } from "../../lib/oci/oci_error.ts";
import { openImage as openContainerImage } from "../../lib/oci/open.ts";
import { parsePlatform, type Platform } from "../../lib/oci/platform.ts";
import { readChunkedLayer } from "../../lib/oci/read_chunked_layer.ts";
import {
  type ImageReference,
  splitDockerArchiveReference,
  splitLayoutReference,
} from "../../lib/oci/references.ts";
import { type ChunkedLayer, chunkedLayerOf } from "../../lib/oci/zstd_chunked.ts";
import { TarFormatError } from "../../lib/tar/tar_format_error.ts";
import { TreeError } from "../../lib/tree/tree_error.ts";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import type { Named } from "./opened.ts";
import type { TransportName } from "./reference.ts";

/** The transports whose trees are made of layers. */
export type LayeredTransport = Extract<
  TransportName,
  "tar" | "oci" | "oci-archive" | "docker-archive"
>;

/** Tells whether a transport is one of them. */
export function isLayered(transport: TransportName): transport is LayeredTransport {
  return transport === "tar" || transport === "oci" || transport === "oci-archive" ||
    transport === "docker-archive";
}

/** Which layers are meant, and how much of them is read at most. */
export interface LayerChoice {
  /** Out of an index of several images; that of this machine if absent. */
  readonly platform?: Platform | undefined;
  /** Bytes that a layer may have when it is decompressed. */
  readonly maxSize?: number | undefined;
  /** Takes layers that have a table of contents by it. */
  readonly trustToc?: boolean | undefined;
}

/** Layers that are open. Dispose of them, or declare them with `using`. */
export interface OpenLayers extends Disposable {
  /** The layers, the lowest first. */
  readonly sources: readonly (LayerSource | MemberSource)[];
  /** Bytes of all blobs, if that is known. */
  readonly size: number | undefined;
}

/** Finds the layers that a reference names. */
export function openLayers(
  transport: LayeredTransport,
  named: Pick<Named, "shown" | "rest" | "stream" | "context">,
  choice: LayerChoice,
): OpenLayers {
  if (transport === "tar") return openArchive(named, choice);
  const { context: { machine }, rest, shown } = named;
  const split = transport === "docker-archive" ? splitDockerArchiveReference : splitLayoutReference;
  const { path, ...meant } = split(rest);
  const kind = transport === "docker-archive" ? "docker-archive" : "layout";
  let close = () => {};
  try {
    const opened = transport === "oci" ? openDirectory(path, machine) : openFiles(path, machine);
    close = opened.close;
    return layersOf(findImage(opened.files, kind, meant, choice, machine), choice, close);
  } catch (error) {
    close();
    throw naming(shown, error);
  }
}

/** Errors about what is in an archive or a layout, and do not say in which. */
const UNNAMED = [OciError, TreeError, TarFormatError, IntegrityError];

/** Names the reference in what goes wrong, unless that has a path in it already. */
function naming(shown: string, error: unknown): unknown {
  if (!(error instanceof Error) || !UNNAMED.some((type) => error instanceof type)) return error;
  return new Error(`Cannot open ${shown}: ${error.message}`, { cause: error });
}

/** A tar archive as the only layer. */
function openArchive(
  { shown, rest, stream, context: { machine } }: Pick<
    Named,
    "shown" | "rest" | "stream" | "context"
  >,
  { maxSize }: LayerChoice,
): OpenLayers {
  const limit = maxSize === undefined ? {} : { maxSize };
  if (stream !== undefined) {
    const source = { shown, open: () => stream.chunks(), ...limit };
    return { sources: [source], size: undefined, [Symbol.dispose]() {} };
  }
  const file = machine.openFile(rest);
  return {
    sources: [{ shown, open: () => readChunks(file), size: file.size, ...limit }],
    size: file.size,
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

interface OpenFiles {
  readonly files: NamedFiles;
  readonly close: () => void;
}

function openDirectory(path: Uint8Array, machine: Machine): OpenFiles {
  // A link to a directory is as good as the directory.
  const tree = machine.openTree(concatBytes(path, utf8("/")));
  return { files: tree, close: () => tree[Symbol.dispose]() };
}

function openFiles(path: Uint8Array, machine: Machine): OpenFiles {
  const file = machine.openFile(path);
  try {
    return { files: TarFiles.of(file), close: () => file[Symbol.dispose]() };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function findImage(
  files: NamedFiles,
  kind: OpenImageOptions["kind"],
  { tag, digest, position }: Omit<ImageReference, "path">,
  { platform }: LayerChoice,
  machine: Machine,
): OciImage {
  return openContainerImage(files, {
    kind,
    platform: platform ?? parsePlatform(`linux/${machine.architecture}`),
    needsPlatform: platform !== undefined,
    tag,
    digest,
    position,
  });
}

function layersOf({ layers }: OciImage, choice: LayerChoice, close: () => void): OpenLayers {
  return {
    sources: layers.map((layer) => sourceOf(layer, choice)),
    size: layers.reduce((sum, { size }) => sum + size, 0),
    [Symbol.dispose]: close,
  };
}

/**
 * How many times its size a blob may have when it is decompressed, and how many bytes more, if nothing else is said.
 * Gzip never reaches that many times; zstd does, with zeros.
 */
const MAX_RATIO = 1032;
const ROOM = 2 ** 30;

function sourceOf(
  layer: LayerBlob,
  { maxSize, trustToc }: LayerChoice,
): LayerSource | MemberSource {
  const limit = maxSize ?? layer.size * MAX_RATIO + ROOM;
  const chunked = trustToc === true ? chunkedLayerOf(layer) : undefined;
  return chunked === undefined ? archiveSource(layer, limit) : tableSource(layer, chunked, limit);
}

function archiveSource(layer: LayerBlob, maxSize: number): LayerSource {
  const { digest, diffId, size } = layer;
  return {
    shown: shownLayer(layer),
    open: () => blobChunks(layer.open()),
    size,
    ...(digest === undefined ? {} : { digest: Digest.parse(digest) }),
    diffId: Digest.parse(diffId),
    remark: isChunked(layer) ? CHUNKED_REMARK : undefined,
    maxSize,
  };
}

function tableSource(layer: LayerBlob, chunked: ChunkedLayer, maxSize: number): MemberSource {
  const shown = shownLayer(layer);
  return {
    shown,
    size: layer.size,
    async tell(sink, settings) {
      const blob = layer.open();
      try {
        await readChunkedLayer(blob, chunked, sink, { ...settings, shown, maxSize });
      } finally {
        blob[Symbol.dispose]();
      }
    },
  };
}

function shownLayer({ digest, diffId }: LayerBlob): string {
  return `layer ${digest ?? diffId}`;
}

/** An annotation of layers that have a table of contents; which of them are sound is not looked at. */
const CHUNKED_ANNOTATION = "io.github.containers.zstd-chunked.manifest-position";

/** Seen with skopeo and Podman, which expand holes behind headers that do not say so. */
const CHUNKED_REMARK =
  "the layer is zstd:chunked, whose blob is another archive than its diff_id names where it has sparse files; --trust-toc reads it by its table of contents";

function isChunked({ annotations }: LayerBlob): boolean {
  return annotations[CHUNKED_ANNOTATION] !== undefined;
}

function* blobChunks(blob: File): Generator<Uint8Array> {
  try {
    yield* readChunks(blob);
  } finally {
    blob[Symbol.dispose]();
  }
}

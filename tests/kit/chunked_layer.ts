/**
 * Layers in the form zstd:chunked, made of tar archives, whole or with anything in their tables changed.
 *
 * As Podman and skopeo write them: headers and padding in frames of their own, each chunk of a file too, the table of
 * contents in a skippable frame behind them. Chunks are cut at multiples of a length instead of by their contents.
 *
 * @see https://github.com/containers/storage/blob/v1.59.0/pkg/chunked/compressor/compressor.go
 *
 * @module
 */

import { zstdCompressSync } from "node:zlib";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import type { TarMember, TarMemberKind } from "../../lib/tar/member.ts";
import { readTar } from "../../lib/tar/read.ts";
import { digestOf } from "./oci_layout.ts";
import { skippableFrame } from "./zstd_frames.ts";

/** An entry of a table, in the order and with the names of the format. */
export interface TocJson {
  readonly type: string;
  readonly name: string;
  readonly linkName?: string | undefined;
  readonly mode?: number | undefined;
  readonly size?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly modtime?: string | undefined;
  readonly devMajor?: number | undefined;
  readonly devMinor?: number | undefined;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  readonly digest?: string | undefined;
  readonly offset?: number | undefined;
  readonly endOffset?: number | undefined;
  readonly chunkSize?: number | undefined;
  readonly chunkOffset?: number | undefined;
  readonly chunkDigest?: string | undefined;
  readonly chunkType?: string | undefined;
}

/** A layer before its table is written. */
export interface ChunkedParts {
  /** All frames in front of the table: they decode to the archive, with holes filled in. */
  readonly frames: Uint8Array;
  readonly entries: readonly TocJson[];
}

/** A layer as it is stored. */
export interface ChunkedBlob {
  readonly bytes: Uint8Array;
  /** What a manifest says of it. */
  readonly annotations: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<TarMemberKind, string>> = {
  regular: "reg",
  hardlink: "hardlink",
  symlink: "symlink",
  character: "char",
  block: "block",
  directory: "dir",
  fifo: "fifo",
};

/** Compresses by the runtime's encoder, in one frame or more. */
export function compress(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(zstdCompressSync(bytes));
}

/** Cuts an archive into frames. Chunks of `chunkSize` bytes that are all zeros are marked as such. */
export function chunkTar(tar: Uint8Array, { chunkSize = 1000 } = {}): ChunkedParts {
  const frames: Uint8Array[] = [];
  const entries: TocJson[] = [];
  let offset = 0;
  let literals: Uint8Array[] = [];
  const put = (bytes: Uint8Array) => {
    const frame = compress(bytes);
    frames.push(frame);
    offset += frame.length;
  };
  const putLiterals = () => {
    if (literals.length > 0) put(concatBytes(...literals));
    literals = [];
  };
  let member: TarMember | undefined;
  let contents = new Uint8Array();
  readTar([tar], {
    member(next) {
      member = next;
      contents = new Uint8Array(next.size);
    },
    contents: (bytes, position) => contents.set(bytes, position),
    literal: (bytes) => literals.push(bytes.slice()),
    end() {
      putLiterals();
      const chunks: Pick<TocJson, "offset" | "chunkSize" | "chunkDigest" | "chunkType">[] = [];
      for (let at = 0; at < contents.length; at += chunkSize) {
        const bytes = contents.subarray(at, at + chunkSize);
        const isZeros = bytes.every((byte) => byte === 0);
        chunks.push({
          offset,
          chunkSize: bytes.length,
          chunkDigest: digestOf(bytes),
          ...(isZeros ? { chunkType: "zeros" } : {}),
        });
        put(bytes);
      }
      entries.push(...entriesOf(member!, digestOf(contents), offset, chunks));
    },
  });
  putLiterals();
  return { frames: concatBytes(...frames), entries };
}

function entriesOf(
  member: TarMember,
  digest: string,
  endOffset: number,
  chunks: readonly Pick<TocJson, "offset" | "chunkSize" | "chunkDigest" | "chunkType">[],
): TocJson[] {
  const { kind, rdev, size, stat } = member;
  const [name, linkName] = [member.name, member.linkName].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  const isDevice = kind === "character" || kind === "block";
  const described: TocJson = {
    type: TYPES[kind],
    name: name!,
    ...(linkName === "" ? {} : { linkName }),
    mode: stat.mode,
    size,
    uid: stat.uid,
    gid: stat.gid,
    modtime: timeOf(stat),
    ...(isDevice
      ? { devMajor: rdev >>> 8 & 0xfff, devMinor: rdev & 0xff | rdev >>> 12 & 0xfff00 }
      : {}),
    ...(stat.xattrs.length === 0 ? {} : {
      xattrs: Object.fromEntries(
        stat.xattrs.map(({ name, value }) => [new TextDecoder().decode(name), base64(value)]),
      ),
    }),
  };
  if (size === 0) return [described];
  const [first, ...others] = chunks;
  // Where there is one chunk, that of the file is said only.
  const own = others.length === 0 && first!.chunkType === undefined
    ? { offset: first!.offset }
    : first;
  return [
    { ...described, digest, ...own, endOffset },
    ...others.map((chunk, i) => ({
      type: "chunk",
      name: name!,
      chunkOffset: (i + 1) * first!.chunkSize!,
      ...chunk,
    })),
  ];
}

function timeOf({ mtime, mtimeNsec }: TarMember["stat"]): string {
  const text = new Date(Number(mtime) * 1000).toISOString();
  return text.replace(/\.000Z$/, `.${String(mtimeNsec).padStart(9, "0")}Z`);
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Puts a layer together. The table may be any bytes: annotations fit it, whatever it says. */
export function chunkedBlob(
  { frames, entries }: ChunkedParts,
  table: Uint8Array = utf8(JSON.stringify({ version: 1, entries })),
): ChunkedBlob {
  const compressed = compress(table);
  const prefix = "io.github.containers.zstd-chunked.manifest-";
  const headerSize = 8;
  return {
    bytes: concatBytes(frames, skippableFrame(0, compressed)),
    annotations: {
      [`${prefix}checksum`]: digestOf(compressed),
      [`${prefix}position`]: [frames.length + headerSize, compressed.length, table.length, 1].join(
        ":",
      ),
    },
  };
}

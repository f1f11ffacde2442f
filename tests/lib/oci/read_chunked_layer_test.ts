import { assert, assertEquals, assertRejects } from "@std/assert";
import { decode } from "../../../ffi/decode/decode.ts";
import { concatBytes, latin1, utf8 } from "../../../lib/bytes/text.ts";
import { CompressedDataError } from "../../../lib/compression/compression_error.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { type File, memoryFile } from "../../../lib/file/file.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import {
  readChunkedLayer,
  type ReadChunkedLayerOptions,
} from "../../../lib/oci/read_chunked_layer.ts";
import { chunkedLayerOf } from "../../../lib/oci/zstd_chunked.ts";
import type { TarMember, TarSink } from "../../../lib/tar/member.ts";
import { readTar } from "../../../lib/tar/read.ts";
import { createRandom } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import {
  type ChunkedBlob,
  chunkedBlob,
  type ChunkedParts,
  chunkTar,
  compress,
  type TocJson,
} from "../../kit/chunked_layer.ts";
import { digestOf } from "../../kit/oci_layout.ts";
import { randomArchive } from "../../kit/random_archive.ts";
import { END, extended, file, header } from "../../kit/tar_archive.ts";

/** What a sink is told: members, and their contents with holes filled in. */
class Recorder implements TarSink {
  readonly told: { readonly member: TarMember; readonly contents: Uint8Array }[] = [];
  /** Members that have come to their end. */
  ended = 0;
  /** Length of the longest piece of contents. */
  longest = 0;

  member(member: TarMember): void {
    assertEquals(this.ended, this.told.length);
    this.told.push({ member, contents: new Uint8Array(member.size) });
  }

  contents(bytes: Uint8Array, position: number): void {
    this.longest = Math.max(this.longest, bytes.length);
    this.told.at(-1)!.contents.set(bytes, position);
  }

  end(): void {
    assertEquals(++this.ended, this.told.length);
  }
}

function byArchive(tar: Uint8Array): Recorder["told"] {
  const sink = new Recorder();
  readTar([tar], sink);
  return sink.told;
}

async function read(
  { bytes, annotations }: ChunkedBlob,
  options: Partial<ReadChunkedLayerOptions> = {},
  sink = new Recorder(),
): Promise<Recorder> {
  const layer = chunkedLayerOf({ annotations, size: bytes.length });
  await readChunkedLayer(memoryFile(bytes), layer!, sink, {
    shown: "layer 1",
    decode,
    ...options,
  });
  return sink;
}

/** A part of 4000 bytes, zeros from 2000 to 3000. */
const MIXED = concatBytes(
  createRandom(1).bytes(2000),
  new Uint8Array(1000),
  createRandom(2).bytes(1000),
);
const TAR = concatBytes(
  header({ name: "d/", type: "5", mode: "0001755\0" }),
  file({ name: "d/small" }, "small\n"),
  file({ name: "d/empty" }, ""),
  file({ name: "d/mixed", uid: "0000012\0" }, latin1(MIXED)),
  header({ name: "d/hard", type: "1", linkName: "d/mixed" }),
  header({ name: "d/soft", type: "2", linkName: "../x" }),
  header({ name: "null", type: "3", major: "0000001\0", minor: "0001003\0" }),
  file({ name: "d/.wh.gone" }, ""),
  extended([["mtime", "-1.25"], ["SCHILY.xattr.user.x", "\x00\xff"]]),
  file({ name: "late" }, "late"),
  END,
);

Deno.test("zstd:chunked layers: what is told is what their archive tells", async () => {
  assertEquals((await read(chunkedBlob(chunkTar(TAR)))).told, byArchive(TAR));
  for (const seed of seeds(0, 40)) {
    const random = createRandom(seed);
    const tar = randomArchive(random);
    const parts = chunkTar(tar, { chunkSize: random.pick([50, 100, 5000]) });
    assertEquals((await read(chunkedBlob(parts))).told, byArchive(tar), `seed ${seed}`);
  }
});

Deno.test("zstd:chunked layers: a large file comes in pieces, all of the blob is counted", async () => {
  const size = 40_000_000;
  const tar = concatBytes(header({ name: "large", size }), new Uint8Array(size).fill(1), END);
  const blob = chunkedBlob(chunkTar(tar, { chunkSize: size }));
  let done = 0;
  const { longest } = await read(blob, { onBytes: (bytes) => done += bytes });
  assert(longest <= 1 << 20, `${longest} bytes at once`);
  assertEquals(done, blob.bytes.length);
});

Deno.test("zstd:chunked layers: zeros are neither read nor told", async () => {
  const size = 10_000_000;
  const frame = compress(utf8("end"));
  const digest = digestOf(concatBytes(new Uint8Array(size - 3), utf8("end")));
  const first = { type: "reg", name: "sparse", size, digest, endOffset: 10 + frame.length };
  const entries: TocJson[] = [
    { ...first, chunkSize: size - 3, chunkType: "zeros" },
    { type: "chunk", name: "sparse", chunkOffset: size - 3, chunkSize: 3, offset: 10 },
  ];
  const frames = concatBytes(new Uint8Array(10), frame);
  const { told, longest } = await read(chunkedBlob({ frames, entries }));
  assertEquals(longest, 3);
  assertEquals(digestOf(told[0]!.contents), digest);
});

Deno.test("zstd:chunked layers: reading ends between chunks once it is over", async () => {
  const sink = new Recorder();
  await read(chunkedBlob(chunkTar(TAR)), { isOver: () => sink.longest === 1000 }, sink);
  assertEquals(latin1(sink.told.at(-1)!.member.name), "d/mixed");
  assertEquals(
    sink.told.at(-1)!.contents,
    concatBytes(MIXED.subarray(0, 1000), new Uint8Array(3000)),
  );
  assertEquals(sink.ended, 3);
});

const PARTS = chunkTar(TAR);
const SMALL = PARTS.entries.find(({ name }) => name === "d/small")!;
const MIXED_INDEX = PARTS.entries.findIndex(({ name }) => name === "d/mixed");
const OTHER_DIGEST = digestOf(utf8("other"));

/** The table with one of the entries changed. */
function changed(index: number, change: Partial<TocJson>): ChunkedParts {
  const entries = PARTS.entries.with(index, { ...PARTS.entries[index]!, ...change });
  return { ...PARTS, entries };
}

/** The layer of one small file, changed. */
function changedSmall(change: Partial<TocJson>): ChunkedParts {
  return changed(PARTS.entries.indexOf(SMALL), change);
}

/** The layer with one bit of its frames changed. */
function flipped(offset: number): ChunkedParts {
  return { ...PARTS, frames: PARTS.frames.with(offset, PARTS.frames[offset]! ^ 1) };
}

async function refuses(
  made: ChunkedBlob | ChunkedParts,
  Class: typeof OciError | typeof IntegrityError,
  message: string,
  options: Partial<ReadChunkedLayerOptions> = {},
): Promise<void> {
  const blob = "frames" in made ? chunkedBlob(made) : made;
  const error = await assertRejects(() => read(blob, options), Class);
  assertEquals(error.message.replace(/sha256:[0-9a-f]{64}/g, "DIGEST"), message);
}

Deno.test("zstd:chunked layers: another table is refused", async () => {
  const { bytes, annotations } = chunkedBlob(PARTS);
  const last = bytes.length - 1;
  const other = { bytes: bytes.with(last, bytes[last]! ^ 1), annotations };
  await refuses(
    other,
    IntegrityError,
    "Cannot use table of contents DIGEST: the digest of its bytes is DIGEST",
  );
});

Deno.test("zstd:chunked layers: tables that make no sense are refused, and name the layer", async () => {
  const table = "Cannot read layer 1: Cannot use table of contents: ";
  await refuses(
    changedSmall({ endOffset: 100_000 }),
    OciError,
    `${table}entries[1].endoffset is 100000, expected at most ${
      chunkedBlob(changedSmall({ endOffset: 100_000 })).bytes.length
    }`,
  );
  await refuses(
    chunkedBlob(PARTS, utf8('{"version":1,"entries":[{"type":"reg"}]}')),
    OciError,
    `${table}entries[0].name is missing, expected a string`,
  );
  await refuses(
    changedSmall({ name: "d/\ufffd" }),
    OciError,
    `${table}"d/\ufffd" has U+FFFD in its name, its target or an xattr, which may stand for bytes that got lost, expected UTF-8 without it`,
  );
  await refuses(
    PARTS,
    OciError,
    `${table}"d/mixed" makes it 4006 bytes of files, expected at most 4005`,
    { maxSize: 4005 },
  );
});

Deno.test("zstd:chunked layers: frames may not be taken twice, nor backwards", async () => {
  const { offset, endOffset } = SMALL;
  const twice = [...PARTS.entries, { ...SMALL, name: "copy" }];
  const end = PARTS.entries.find(({ name }) => name === "late")!.endOffset;
  await refuses(
    { ...PARTS, entries: twice },
    OciError,
    `Cannot read layer 1: Cannot use table of contents: "copy" has contents from byte ${offset} of the blob on, expected ${end} or more, where those before them end`,
  );
  assert(offset! < endOffset! && endOffset! < end!);
});

Deno.test("zstd:chunked layers: other sizes and digests of files are refused", async () => {
  const { offset, endOffset } = SMALL;
  const place = `"d/small", in bytes ${offset} to ${endOffset} of its blob`;
  const state = "the digest of its bytes is DIGEST, expected DIGEST";
  await refuses(
    changedSmall({ size: 7 }),
    IntegrityError,
    `Cannot read layer 1: ${place}: 6 bytes, expected 7`,
  );
  await refuses(
    changedSmall({ digest: OTHER_DIGEST }),
    IntegrityError,
    `Cannot read layer 1: "d/small": ${state}`,
  );
  await refuses(
    changedSmall({ chunkDigest: OTHER_DIGEST }),
    IntegrityError,
    `Cannot read layer 1: ${place}: ${state}`,
  );
  const error = await assertRejects(() => read(chunkedBlob(changedSmall({ size: 5 }))), Error);
  assertEquals(
    error.message,
    `Cannot read layer 1: ${place}: Cannot decode zstd data: there are more than 5 bytes in it, expected at most as many`,
  );
  assert(error.cause instanceof CompressedDataError);
});

Deno.test("zstd:chunked layers: other digests of one of several chunks are refused", async () => {
  for (const [i, chunk] of PARTS.entries.slice(MIXED_INDEX, MIXED_INDEX + 4).entries()) {
    assertEquals(chunk.chunkType, i === 2 ? "zeros" : undefined);
    const blob = chunkedBlob(changed(MIXED_INDEX + i, { chunkDigest: OTHER_DIGEST }));
    const error = await assertRejects(() => read(blob), IntegrityError, "expected " + OTHER_DIGEST);
    assert(error.message.includes(`"d/mixed", in bytes ${chunk.offset} to `), error.message);
  }
});

Deno.test("zstd:chunked layers: what is marked as zeros must be zeros", async () => {
  await refuses(
    changed(MIXED_INDEX + 1, { chunkType: "zeros", chunkDigest: undefined }),
    IntegrityError,
    'Cannot read layer 1: "d/mixed": the digest of its bytes is DIGEST, expected DIGEST',
  );
});

Deno.test("zstd:chunked layers: chunks of the right bytes in the wrong places are refused", async () => {
  const [first, second] = PARTS.entries.slice(MIXED_INDEX);
  const contents = MIXED.subarray(0, 2000);
  const frames = concatBytes(compress(contents.subarray(0, 900)), compress(contents.subarray(900)));
  const middle = compress(contents.subarray(0, 900)).length;
  const entries = [
    {
      ...first!,
      size: 2000,
      offset: 0,
      endOffset: frames.length,
      chunkDigest: undefined,
      digest: digestOf(contents),
    },
    { ...second!, offset: middle, chunkDigest: undefined },
  ];
  await refuses(
    { frames, entries },
    IntegrityError,
    `Cannot read layer 1: "d/mixed", in bytes 0 to ${middle} of its blob: 900 bytes, expected 1000`,
  );
});

Deno.test("zstd:chunked layers: a changed byte of a frame is refused, one between files is not seen", async () => {
  const { offset, endOffset } = SMALL;
  const place = `"d/small", in bytes ${offset} to ${endOffset} of its blob`;
  const magic = await assertRejects(() => read(chunkedBlob(flipped(offset!))), Error);
  assert(
    magic.message.startsWith(
      `Cannot read layer 1: ${place}: Cannot decode zstd data at offset 0: it has the bytes `,
    ),
    magic.message,
  );
  assert(magic.cause instanceof CompressedDataError);
  // Frames of headers come first.
  assertEquals((await read(chunkedBlob(flipped(0)))).told, byArchive(TAR));
});

Deno.test("zstd:chunked layers: a blob that ends too early is refused", async () => {
  const { bytes, annotations } = chunkedBlob(PARTS);
  const layer = chunkedLayerOf({ annotations, size: bytes.length })!;
  const whole = memoryFile(bytes);
  const blob: File = {
    ...whole,
    readAt: (into, position) =>
      // The table is still there.
      position >= SMALL.offset! && position < PARTS.frames.length
        ? 0
        : whole.readAt(into, position),
  };
  const options = { shown: "layer 1", decode };
  await assertRejects(
    () => readChunkedLayer(blob, layer, new Recorder(), options),
    Error,
    "there are no data, expected a frame",
  );
});

Deno.test("zstd:chunked layers: a table that cannot be decompressed is refused", async () => {
  const { bytes, annotations } = chunkedBlob(PARTS);
  const garbage = utf8("garbage");
  const prefix = "io.github.containers.zstd-chunked.manifest-";
  const other = {
    bytes: concatBytes(bytes, garbage),
    annotations: {
      ...annotations,
      [`${prefix}checksum`]: digestOf(garbage),
      [`${prefix}position`]: `${bytes.length}:${garbage.length}:100:1`,
    },
  };
  const error = await assertRejects(() => read(other), Error);
  assert(
    error.message.startsWith("Cannot read layer 1: its table of contents: Cannot decode zstd data"),
    error.message,
  );
});

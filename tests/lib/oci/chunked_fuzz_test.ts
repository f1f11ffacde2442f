/**
 * Damaged zstd:chunked layers: whatever their tables and frames are, reading them ends soon, in a tree of the
 * contents that the table names or in an error of this library's own.
 */

import { assert } from "@std/assert";
import { decode } from "../../../ffi/decode/decode.ts";
import { concatBytes, latin1, utf8 } from "../../../lib/bytes/text.ts";
import { CompressedDataError } from "../../../lib/compression/compression_error.ts";
import { SequentialSink } from "../../../lib/composefs/content_sink.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { LayerError } from "../../../lib/layers/layer_error.ts";
import { readLayers } from "../../../lib/layers/read_layers.ts";
import { treeOfLayers } from "../../../lib/layers/rules.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { readChunkedLayer } from "../../../lib/oci/read_chunked_layer.ts";
import { chunkedLayerOf } from "../../../lib/oci/zstd_chunked.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { longTest, seeds } from "../../../scripts/test/effort.ts";
import {
  type ChunkedBlob,
  chunkedBlob,
  chunkTar,
  compress,
  type TocJson,
} from "../../kit/chunked_layer.ts";
import { mutateDocument } from "../../kit/mutate_json.ts";
import { digestOf } from "../../kit/oci_layout.ts";
import { END, extended, file, header } from "../../kit/tar_archive.ts";
import { skippableFrame } from "../../kit/zstd_frames.ts";

const CASES = 1_000;
/** Milliseconds that one case may take. */
const LIMIT = 1000;

const MIXED = concatBytes(
  createRandom(1).bytes(200),
  new Uint8Array(100),
  createRandom(2).bytes(150),
);
const PARTS = chunkTar(
  concatBytes(
    header({ name: "d/", type: "5" }),
    file({ name: "d/small" }, "small"),
    file({ name: "d/mixed" }, latin1(MIXED)),
    extended([["SCHILY.xattr.user.x", "\x00\xff"]]),
    file({ name: "d/empty" }, ""),
    header({ name: "d/hard", type: "1", linkName: "d/mixed" }),
    header({ name: "null", type: "3", major: "0000001\0", minor: "0000003\0" }),
    header({ name: "d/soft", type: "2", linkName: "../x" }),
    file({ name: "d/.wh.soft" }, ""),
    file({ name: "late" }, "late"),
    END,
  ),
  { chunkSize: 100 },
);
/** Whose tables may be damaged and yet say the truth. */
const NAMES = new Map(PARTS.entries.map(({ name, digest }) => [digest, name]));

function damagedFrames(random: Random, frames: Uint8Array): Uint8Array {
  const at = random.int(0, frames.length - 1);
  return random.weighted<() => Uint8Array>([
    [() => frames.with(at, frames[at]! ^ 1 << random.int(0, 7)), 60],
    [() => frames.with(at, random.pick([0, 1, 0x7f, 0x80, 0xff])), 20],
    [() => concatBytes(frames.subarray(0, at), new Uint8Array(frames.length - at)), 10],
    [() => {
      const { offset, endOffset } = random.pick(PARTS.entries.filter((entry) => entry.endOffset));
      const frame = random.pick([
        compress(new Uint8Array(100_000)),
        compress(utf8("small")),
        skippableFrame(random.int(0, 15), new Uint8Array(5)),
      ]);
      return concatBytes(
        frames.subarray(0, offset),
        frame,
        frames.subarray(Math.min(offset! + frame.length, endOffset!)),
      );
    }, 10],
  ])();
}

/** Chunks with other places and sizes, which general damage seldom makes fit. */
function damagedEntries(random: Random): readonly TocJson[] {
  const at = random.int(0, PARTS.entries.length - 1);
  const entry = PARTS.entries[at]!;
  const other = random.pick(PARTS.entries);
  const change = random.pick<Partial<TocJson>>([
    { offset: other.offset },
    { endOffset: other.endOffset },
    { offset: other.offset, endOffset: other.endOffset, digest: other.digest, size: other.size },
    { chunkSize: random.int(0, 200) },
    { chunkOffset: random.int(0, 500) },
    { chunkType: "zeros" },
    { chunkDigest: undefined },
    { digest: other.digest },
    { size: random.pick([0, 1, 2 ** 30, 2 ** 52]) },
    { name: random.pick(["../x", "d", ".wh.d", "\ufffd", "x/y/z"]) },
  ]);
  return PARTS.entries.with(at, { ...entry, ...change });
}

function damaged(random: Random): ChunkedBlob {
  return random.weighted<() => ChunkedBlob>([
    [() => chunkedBlob(PARTS, mutateDocument(random, { version: 1, entries: PARTS.entries })), 40],
    [() => chunkedBlob({ ...PARTS, entries: damagedEntries(random) }), 30],
    [() => chunkedBlob({ ...PARTS, frames: damagedFrames(random, PARTS.frames) }), 25],
    [() => {
      const { bytes, annotations } = chunkedBlob(PARTS);
      const at = random.int(PARTS.frames.length, bytes.length - 1);
      return { annotations, bytes: bytes.with(at, random.int(0, 255)) };
    }, 5],
  ])();
}

/** Reads a layer, makes a tree of it, and holds each file in it against the digests of the sound layer. */
async function readTree({ bytes, annotations }: ChunkedBlob): Promise<void> {
  const layer = chunkedLayerOf({ annotations, size: bytes.length })!;
  const { layers, captured } = await readLayers([{
    shown: "a layer",
    tell: (sink, settings) =>
      readChunkedLayer(memoryFile(bytes), layer, sink, {
        ...settings,
        shown: "a layer",
        maxSize: 1e6,
      }),
  }], { sink: new SequentialSink(), decode, capture: () => true });
  for (const { member, file: row } of layers[0]!) {
    if (member.size > 0) assert(NAMES.has(digestOf(captured.get(row!)!)), latin1(member.name));
  }
  const readFile = (row: number) => captured.get(row);
  treeOfLayers([{ shown: "a layer", members: layers[0]! }], "container", { readFile });
}

function isOurs(error: unknown): error is Error {
  return error instanceof OciError || error instanceof IntegrityError ||
    error instanceof LayerError ||
    error instanceof Error && error.cause instanceof CompressedDataError;
}

longTest("zstd:chunked layers: damage ends in a true tree or in an error of ours", async () => {
  const outcome = { passed: 0, refused: 0 };
  const classes = new Map<string, number>();
  for (const seed of seeds(0, CASES)) {
    const blob = damaged(createRandom(seed));
    const start = performance.now();
    try {
      await readTree(blob);
      outcome.passed++;
    } catch (error) {
      if (!isOurs(error)) throw new Error(`Seed ${seed}: ${error}`, { cause: error });
      assert(/^Cannot [^\n]{1,2000}$/.test(error.message), `seed ${seed}: ${error.message}`);
      const { name } = error;
      classes.set(name, (classes.get(name) ?? 0) + 1);
      outcome.refused++;
    }
    const elapsed = performance.now() - start;
    assert(elapsed < LIMIT, `seed ${seed} took ${elapsed} ms`);
  }
  const total = outcome.passed + outcome.refused;
  if (total < 1000) return;
  assert(outcome.passed > total / 20, `${outcome.passed} of ${total} passed`);
  for (const name of ["Error", "IntegrityError", "OciError"]) {
    assert(classes.get(name)! > total / 50, `${name} ${classes.get(name)} times of ${total}`);
  }
});

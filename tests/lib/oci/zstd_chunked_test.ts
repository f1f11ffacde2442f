import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import type { Decode } from "../../../lib/compression/decode.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { chunkedLayerOf, readTocBytes } from "../../../lib/oci/zstd_chunked.ts";
import { digestOf } from "../../kit/oci_layout.ts";

const FRAME = utf8("compressed");
const BLOB = concatBytes(utf8("12345"), FRAME, utf8("6"));

function annotations(more: Record<string, string | undefined> = {}): Record<string, string> {
  const all = Object.entries({
    "manifest-checksum": digestOf(FRAME),
    "manifest-position": "5:10:4:1",
    "tarsplit-position": "15:1:100",
    ...more,
  });
  return Object.fromEntries(
    all.flatMap(([name, value]) =>
      value === undefined ? [] : [[`io.github.containers.zstd-chunked.${name}`, value]]
    ),
  );
}

function chunked(more: Record<string, string | undefined> = {}, size = BLOB.length) {
  return chunkedLayerOf({ annotations: annotations(more), size });
}

Deno.test("zstd:chunked: annotations say where the tables are", () => {
  assertEquals(chunked(), {
    toc: { offset: 5, size: 10, uncompressedSize: 4 },
    tocDigest: digestOf(FRAME),
    tarSplit: { offset: 15, size: 1, uncompressedSize: 100 },
    blobSize: 16,
  });
  assertEquals(chunked({ "tarsplit-position": undefined })!.tarSplit, undefined);
  assertEquals(chunked({ "manifest-checksum": undefined }), undefined);
});

Deno.test("zstd:chunked: annotations that make no sense are refused", () => {
  const cases: [Record<string, string | undefined>, string][] = [
    [{ "manifest-checksum": "x" }, 'manifest-checksum is "x", expected a digest'],
    [{ "manifest-position": undefined }, "manifest-position is missing"],
    [{ "manifest-position": "5:10:4" }, "expected OFFSET:SIZE:UNCOMPRESSED:TYPE"],
    [{ "manifest-position": "5:10:4:2" }, "is of type 2, expected 1"],
    [{ "manifest-position": "5:12:4:1" }, "lies beyond the layer's 16 bytes"],
    [{ "manifest-position": "99:0:4:1" }, "lies beyond the layer's 16 bytes"],
    [{ "manifest-position": "-5:10:4:1" }, "expected OFFSET"],
    [{ "manifest-position": "5:10:1e9:1" }, "expected OFFSET"],
    [{ "manifest-position": "5:10:157286401:1" }, "expected at most 157286400 bytes"],
    [{ "manifest-position": "9999999999999999:1:1:1" }, "expected OFFSET"],
    [{ "tarsplit-position": "15:1:100:1" }, "tarsplit-position is"],
    [{ "tarsplit-position": "" }, "expected OFFSET:SIZE:UNCOMPRESSED"],
  ];
  for (const [more, message] of cases) assertThrows(() => chunked(more), OciError, message);
  const stargz = { "containerd.io/snapshot/stargz/toc.digest": "x" };
  assertThrows(
    () => chunkedLayerOf({ annotations: { ...annotations(), ...stargz }, size: 16 }),
    OciError,
    "expected one of them",
  );
});

Deno.test("zstd:chunked: a table is decompressed once its digest is right", async () => {
  const layer = chunked()!;
  const given: [Uint8Array, string, number][] = [];
  const decodeTo = (...pieces: readonly string[]): Decode =>
    async function* (chunks, compression, { maxSize }) {
      for await (const chunk of chunks) given.push([chunk.slice(), compression, maxSize]);
      for (const piece of pieces) yield utf8(piece);
    };
  const read = (blob: Uint8Array, ...pieces: readonly string[]) =>
    readTocBytes(memoryFile(blob), layer, decodeTo(...pieces));
  assertEquals(await read(BLOB, "JS", "ON"), utf8("JSON"));
  assertEquals(given, [[FRAME, "zstd", 4]]);
  const state = "1 bytes, expected 4 when decompressed";
  await assertRejects(() => read(BLOB, "J"), IntegrityError, state);

  given.length = 0;
  const changed = BLOB.slice();
  changed[7] = 0;
  await assertRejects(() => read(changed), IntegrityError, "the digest of its bytes is");
  const cut = BLOB.subarray(0, 8);
  await assertRejects(() => read(cut), IntegrityError, "3 bytes, expected 10");
  assertEquals(given, []);
});

/**
 * What every sink of contents does, whoever does the work behind it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ContentSink } from "../../lib/composefs/content_sink.ts";
import type { Contents } from "../../lib/composefs/contents.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { createRandom } from "../../scripts/random.ts";

const MIB = 2 ** 20;
const SIZES = [0, 1, 64, 65, 4096, 70_000, MIB, MIB + 1, 2 * MIB, 2 * MIB + 1, 8 * MIB + 5];

/** A file and the parts of it that are given, all others being zeros. */
export interface GivenFile {
  readonly contents: Uint8Array<ArrayBuffer>;
  readonly parts: readonly { readonly start: number; readonly end: number }[];
}

/** Files of sizes at which sinks change their ways: whole, with holes, and nothing but a hole. */
export function givenFiles(seed: number): GivenFile[] {
  const random = createRandom(seed);
  const small = Array.from({ length: 40 }, () => random.int(0, 9000));
  return random.shuffle([...SIZES, ...SIZES, ...SIZES, ...small]).map((size) => {
    const contents = new Uint8Array(size);
    const parts: { start: number; end: number }[] = [];
    const holes = random.pick([0, 30, 100]);
    for (let start = 0; start < size;) {
      const end = Math.min(size, start + random.pick([7, 4096, 100_000, MIB, 3 * MIB]));
      if (!random.chance(holes)) {
        contents.set(random.bytes(Math.min(end - start, 100)), start);
        contents.fill(random.int(0, 255), Math.min(end, start + 100), end);
        parts.push({ start, end });
      }
      start = end;
    }
    return { contents, parts };
  });
}

/** Gives files to two streams of a sink in turn, and holds what it says of them against what they are. */
export async function checkSink(sink: ContentSink, seed: number): Promise<Contents> {
  const files = givenFiles(seed);
  const rows: number[] = [];
  const feeds = [0, 1].map((half) =>
    feed(sink, files.filter((_, i) => i % 2 === half), (row, file) => {
      rows[files.indexOf(file)] = row;
    })
  );
  while (feeds.map((each) => each.next()).some(({ done }) => !done));
  const contents = await sink.finish();
  for (const [index, file] of files.entries()) {
    const row = rows[index]!;
    assertEquals(contents.size(row), file.contents.length);
    for (const algorithm of contents.algorithms) {
      const found = contents.content(row, algorithm);
      if (found.kind === "inline") assertEquals(found.bytes, file.contents);
      else assertEquals(found.digest, fsVerityDigest(file.contents, { algorithm }));
    }
  }
  return contents;
}

function* feed(
  sink: ContentSink,
  files: readonly GivenFile[],
  onRow: (row: number, file: GivenFile) => void,
): Generator<void> {
  const stream = sink.stream();
  for (const file of files) {
    onRow(stream.begin(file.contents.length), file);
    for (const { start, end } of file.parts) {
      // Memory that is not kept, as a decoder uses it again.
      const bytes = file.contents.slice(start, end);
      stream.write(bytes, start);
      bytes.fill(0xee);
      yield;
    }
    stream.end();
    yield;
  }
  stream.close();
}

/** Gives a sink many sequences, one after the other, of a file each: more than there is memory for at a time. */
export async function checkStreams(sink: ContentSink): Promise<void> {
  const files = Array.from({ length: 100 }, (_, i) => new Uint8Array(1000 + i).fill(i));
  const rows = files.map((contents) => {
    const stream = sink.stream();
    const row = stream.begin(contents.length);
    stream.write(contents, 0);
    stream.end();
    stream.close();
    return row;
  });
  const contents = await sink.finish();
  for (const [i, row] of rows.entries()) {
    const found = contents.content(row, "sha256");
    assertEquals(found.kind === "external" && found.digest, fsVerityDigest(files[i]!));
  }
}

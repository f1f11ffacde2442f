import { LineError } from "../../../lib/dumpfile/_line_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { LineSplitter, MAX_LINE_LENGTH } from "../../../lib/dumpfile/_lines.ts";

const decoder = new TextDecoder();
const current = ({ bytes, start, end }: LineSplitter) => bytes.subarray(start, end);

/** The lines of a chunk. */
function linesOf(splitter: LineSplitter, chunk: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  splitter.push(chunk);
  while (splitter.next()) lines.push(current(splitter));
  return lines;
}

/** The lines of chunks, and what is left at the end. */
function split(...chunks: Uint8Array[]): (string | undefined)[] {
  const splitter = new LineSplitter();
  const lines = chunks.flatMap((chunk) => linesOf(splitter, chunk));
  const last = splitter.finish() ? current(splitter) : undefined;
  return [...lines, last].map((line) => line && decoder.decode(line));
}

const TEXT = utf8("one\n\nthree is longer\n\n\nlast");
const LINES = ["one", "", "three is longer", "", "", "last"];

Deno.test("lines of one chunk", () => {
  assertEquals(split(TEXT), LINES);
});

Deno.test("a newline at the end leaves nothing behind", () => {
  assertEquals(split(utf8("a\nb\n")), ["a", "b", undefined]);
  assertEquals(split(), [undefined]);
  assertEquals(split(utf8("")), [undefined]);
});

Deno.test("the cut does not matter, wherever it is", () => {
  for (let a = 0; a <= TEXT.length; a++) {
    for (let b = a; b <= TEXT.length; b++) {
      assertEquals(split(TEXT.subarray(0, a), TEXT.subarray(a, b), TEXT.subarray(b)), LINES);
    }
  }
});

Deno.test("lines stay as they are when later ones arrive", () => {
  const splitter = new LineSplitter();
  const lines: Uint8Array[] = [];
  for (const byte of TEXT) lines.push(...linesOf(splitter, Uint8Array.of(byte)));
  assertEquals(lines.map((line) => decoder.decode(line)), LINES.slice(0, -1));
});

Deno.test("a long line may come byte by byte", () => {
  const splitter = new LineSplitter();
  const byte = Uint8Array.of(0x61);
  for (let i = 0; i < 500_000; i++) assertEquals(linesOf(splitter, byte).length, 0);
  assertEquals(splitter.finish(), true);
  assertEquals(current(splitter).length, 500_000);
});

Deno.test("a line without end is refused before it fills the memory", () => {
  const splitter = new LineSplitter();
  const chunk = new Uint8Array(MAX_LINE_LENGTH / 8).fill(0x61);
  for (let i = 0; i < 8; i++) assertEquals(linesOf(splitter, chunk).length, 0);
  assertThrows(() => linesOf(splitter, Uint8Array.of(0x61)), LineError, "longer than");
});

Deno.test("NULs are found in the line they stand in, wherever the cut is", () => {
  const bytes = utf8("a\n\0b\0\nc\n\n\0\nd");
  for (let cut = 0; cut <= bytes.length; cut++) {
    const splitter = new LineSplitter();
    const found: number[] = [];
    for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      splitter.push(chunk);
      while (splitter.next()) found.push(splitter.nul());
    }
    if (splitter.finish()) found.push(splitter.nul());
    assertEquals(found, [-1, 0, -1, -1, 0, -1]);
  }
});

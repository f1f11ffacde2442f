import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { LineSplitter, MAX_LINE_LENGTH } from "../../../lib/dumpfile/lines.ts";

/** The lines of chunks, and what is left at the end. */
function split(...chunks: Uint8Array[]): (string | undefined)[] {
  const splitter = new LineSplitter();
  const lines: Uint8Array[] = [];
  for (const chunk of chunks) lines.push(...splitter.push(chunk));
  const decoder = new TextDecoder();
  const last = splitter.finish();
  return [...lines, last].map((line) => line === undefined ? line : decoder.decode(line));
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
  for (const byte of TEXT) lines.push(...splitter.push(Uint8Array.of(byte)));
  assertEquals(lines.map((line) => new TextDecoder().decode(line)), LINES.slice(0, -1));
});

Deno.test("a long line may come byte by byte", () => {
  const splitter = new LineSplitter();
  const byte = Uint8Array.of(0x61);
  for (let i = 0; i < 500_000; i++) for (const _ of splitter.push(byte)) throw new Error("line");
  assertEquals(splitter.finish()!.length, 500_000);
});

Deno.test("a line without end is refused before it fills the memory", () => {
  const splitter = new LineSplitter();
  const chunk = new Uint8Array(MAX_LINE_LENGTH / 8).fill(0x61);
  for (let i = 0; i < 8; i++) for (const _ of splitter.push(chunk)) throw new Error("line");
  assertThrows(() => [...splitter.push(Uint8Array.of(0x61))], SyntaxError, "longer than");
});

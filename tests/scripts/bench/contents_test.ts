import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { contents, writeContents } from "../../../scripts/bench/contents.ts";
import { Scratch } from "../../kit/scratch.ts";

function firstPiece(size: number, seed: number): Uint8Array {
  return contents(size, seed).next().value!;
}

Deno.test("contents() is the same for a seed, and other for another", () => {
  assertEquals(firstPiece(1001, 7), firstPiece(1001, 7));
  assertEquals(firstPiece(1001, 7).length, 1001);
  assertNotEquals(firstPiece(1001, 7), firstPiece(1001, 8));
  assertEquals([...contents(0, 7)], []);
});

Deno.test("contents() of the shortest files differ for all seeds that trees use", () => {
  const starts = new Set<number>();
  for (let seed = 0; seed < 200_000; seed++) {
    starts.add(new DataView(firstPiece(4, seed).buffer as ArrayBuffer).getUint32(0));
  }
  assertEquals(starts.size, 200_000);
});

Deno.test("contents() goes on from piece to piece", () => {
  const size = 2 ** 24 + 10;
  const [first, second, ...more] = [...contents(size, 3)];
  assertEquals([first!.length + second!.length, more.length], [size, 0]);
  assertNotEquals(first!.subarray(0, 10), second!);
});

Deno.test("contents() has no two blocks that are the same", () => {
  const [piece] = [...contents(2 ** 20, 5)];
  const blocks = new Set<string>();
  for (let i = 0; i < piece!.length; i += 4096) blocks.add(piece!.subarray(i, i + 4096).join());
  assertEquals(blocks.size, 256);
});

Deno.test("writeContents() makes a file, and writes over one of the same size in place", () => {
  using scratch = new Scratch();
  const path = scratch.path("file");
  writeContents(path, 5000, 1, "wx");
  const first = readFileSync(path);
  assert(first.equals(firstPiece(5000, 1)));
  writeContents(path, 5000, 2, "r+");
  assert(readFileSync(path).equals(firstPiece(5000, 2)));
});

import { assertEquals } from "@std/assert";
import { memoryFile, readWhole, zeroFile } from "../../../lib/file/file.ts";

Deno.test("a file in memory ends where its bytes do", () => {
  const contents = Uint8Array.of(1, 2, 3, 4, 5);
  using file = memoryFile(contents);
  assertEquals(file.size, 5);
  const into = new Uint8Array(3);
  assertEquals([file.readAt(into, 3), ...into], [2, 4, 5, 0]);
  assertEquals(file.readAt(into, 5), 0);
  assertEquals(file.readAt(into, 2 ** 40), 0);
});

Deno.test("a file of zeros has no data, and reads as zeros up to its end", () => {
  using file = zeroFile(2 ** 40 + 1);
  assertEquals(file.nextData!(0), undefined);
  const into = Uint8Array.of(1, 2, 3);
  assertEquals([file.readAt(into, 2 ** 40), ...into], [1, 0, 2, 3]);
  assertEquals(file.readAt(into, 2 ** 40 + 1), 0);
  assertEquals(file.readAt(into, 2 ** 41), 0);
});

Deno.test("a whole file is what it holds by now, up to the length it had or a limit", () => {
  const contents = Uint8Array.of(1, 2, 3, 4, 5);
  const file = memoryFile(contents);
  assertEquals(readWhole(file), contents);
  assertEquals(readWhole(file, 2), contents.subarray(0, 2));
  assertEquals(readWhole(file, 9), contents);
  assertEquals(readWhole({ ...file, size: 9 }), contents);
  assertEquals(readWhole({ ...file, size: 4 }), contents.subarray(0, 4));
});

import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import { windowFile } from "../../../lib/file/window.ts";

const FILE = memoryFile(utf8("0123456789"));

function read(start: number, size: number, position: number, length: number): string {
  const into = new Uint8Array(length).fill(0x2e);
  const count = windowFile(FILE, start, size).readAt(into, position);
  assertEquals(into.subarray(count), new Uint8Array(length - count).fill(0x2e));
  return new TextDecoder().decode(into.subarray(0, count));
}

Deno.test("window: nothing is read beyond its ends", () => {
  assertEquals(read(2, 5, 0, 3), "234");
  assertEquals(read(2, 5, 3, 5), "56");
  assertEquals(read(2, 5, 5, 5), "");
  assertEquals(read(2, 5, 9, 5), "");
  assertEquals(read(2, 0, 0, 5), "");
  assertEquals(readWhole(windowFile(FILE, 2, 5)), utf8("23456"));
});

Deno.test("window: it ends with its file", () => {
  assertEquals(read(8, 5, 0, 5), "89");
  assertEquals(read(8, 5, 3, 5), "");
  assertEquals(windowFile(FILE, 8, 5).size, 5);
});

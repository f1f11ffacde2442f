import { assertEquals } from "@std/assert";
import { LazyBytes } from "../../../lib/file/lazy_bytes.ts";
import { CountingFile } from "../../kit/counting_file.ts";

const PART = 1 << 16;

function open(length: number) {
  const bytes = Uint8Array.from({ length }, (_, i) => 1 + i % 251);
  const file = new CountingFile(bytes);
  return { bytes, file, lazy: new LazyBytes(file, length) };
}

Deno.test("what is asked for is there, and nothing else has been read", () => {
  const { bytes, file, lazy } = open(4 * PART + 100);
  assertEquals(file.read, 0);
  const [start, end] = [2 * PART - 1, 2 * PART + 1];
  assertEquals(lazy.read(start, end), true);
  assertEquals(lazy.bytes.subarray(start, end), bytes.subarray(start, end));
  assertEquals(file.read, 2 * PART);
  assertEquals(lazy.bytes[0], 0);
  assertEquals(lazy.read(4 * PART + 50, 4 * PART + 100), true);
  assertEquals(lazy.bytes.at(-1), bytes.at(-1));
  assertEquals(file.read, 2 * PART + 100);
});

Deno.test("each part is read once, whatever becomes of the file", () => {
  const { bytes, file, lazy } = open(PART);
  lazy.read(0, 1);
  const [first] = bytes;
  bytes[0] = 0;
  lazy.read(0, PART);
  assertEquals([file.read, lazy.bytes[0]], [PART, first]);
});

Deno.test("nothing is read for nothing", () => {
  const { file, lazy } = open(PART);
  for (const at of [0, PART]) assertEquals(lazy.read(at, at), true);
  assertEquals(file.read, 0);
});

Deno.test("a file that has become shorter is noticed where it is read", () => {
  const { file, lazy } = open(2 * PART);
  file.length = 2 * PART - 1;
  assertEquals([lazy.read(0, 1), lazy.read(PART, PART + 1)], [true, false]);
  assertEquals(lazy.read(PART, PART + 1), false);
});

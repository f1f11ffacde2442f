import { assertEquals, assertStrictEquals } from "@std/assert";
import { Arena } from "../../../lib/bytes/arena.ts";

/** Puts a byte string of one repeated byte into an arena. */
function put(arena: Arena, length: number, byte: number): Uint8Array {
  arena.reserve(length);
  arena.bytes.fill(byte, arena.position, arena.position + length);
  return arena.take(length);
}

Deno.test("byte strings stay as they are, whatever comes behind them", () => {
  const arena = new Arena();
  const lengths = [0, 1, 40_000, 40_000, 0, 70_000, 65_536, 3];
  const taken = lengths.map((length, byte) => put(arena, length, byte));
  taken.forEach((bytes, byte) => {
    assertEquals(bytes.length, lengths[byte]);
    assertEquals(bytes.every((each) => each === byte), true);
  });
});

Deno.test("what was reserved and not taken goes to the next", () => {
  const arena = new Arena();
  arena.reserve(100);
  const first = arena.take(10);
  const second = put(arena, 5, 1);
  assertStrictEquals(second.buffer, first.buffer);
  assertEquals(second.byteOffset, first.byteOffset + 10);
});

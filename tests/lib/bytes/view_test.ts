import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { viewOf } from "../../../lib/bytes/view.ts";

Deno.test("a view of a view", () => {
  const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5);
  const view = viewOf(bytes.subarray(1), 1, 4);
  assertEquals([...view], [2, 3, 4]);
  assertStrictEquals(view.buffer, bytes.buffer);
  assertEquals(viewOf(bytes, 6, 6).length, 0);
});

Deno.test("a view does not reach behind its buffer", () => {
  assertThrows(() => viewOf(new Uint8Array(3), 2, 4), RangeError);
});

import { assertEquals } from "@std/assert";
import { alignUp } from "../../../lib/bytes/align.ts";

Deno.test("alignUp leaves multiples alone and rounds everything else up", () => {
  assertEquals([0, 1, 31, 32, 33].map((value) => alignUp(value, 32)), [0, 32, 32, 32, 64]);
});

Deno.test("alignUp is exact above 32 bits", () => {
  assertEquals(alignUp(2 ** 40 + 1, 4096), 2 ** 40 + 4096);
  assertEquals(alignUp(2 ** 53 - 1, 32), 2 ** 53);
});

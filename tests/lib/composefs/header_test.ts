import { assertEquals } from "@std/assert";
import { COMPOSEFS_HEADER } from "../../../lib/composefs/header.ts";

Deno.test("the header has 32 bytes, four numbers in front", () => {
  assertEquals(COMPOSEFS_HEADER.size, 32);
  const { magic, version, flags, composefsVersion } = COMPOSEFS_HEADER.offsets;
  assertEquals([magic, version, flags, composefsVersion], [0, 4, 8, 12]);
});

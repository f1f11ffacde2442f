import { assertEquals } from "@std/assert";
import { copyBytes } from "../../../lib/bytes/copy.ts";

Deno.test("all of the source and nothing else is written", () => {
  for (const length of [0, 1, 31, 32, 33, 100, 300]) {
    const source = Uint8Array.from({ length }, (_, i) => i + 1);
    const target = new Uint8Array(length + 3);
    copyBytes(target, 2, source);
    assertEquals([...target], [0, 0, ...source, 0]);
    const part = new Uint8Array(length + 1);
    copyBytes(part, 1, source, length >> 1);
    assertEquals([...part.subarray(1)], [...source].fill(0, length >> 1));
  }
});

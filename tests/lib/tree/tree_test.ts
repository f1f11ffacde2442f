import { assert, assertEquals } from "@std/assert";
import { FILE_TYPE_BITS, isWhiteout, kindOfMode } from "../../../lib/tree/tree.ts";
import { inline, special } from "../../kit/trees.ts";

Deno.test("the kind is in four bits of a mode", () => {
  for (const [kind, bits] of Object.entries(FILE_TYPE_BITS)) {
    assertEquals(kindOfMode(bits), kind);
    assertEquals(kindOfMode(bits | 0o7777 | 2 ** 20), kind);
  }
});

Deno.test("nine of sixteen values are no kind", () => {
  const unknown = [...Array(16).keys()].filter((type) => kindOfMode(type << 12) === undefined);
  assertEquals(unknown, [0, 3, 5, 7, 9, 11, 13, 14, 15]);
});

Deno.test("a whiteout is a character device with number 0", () => {
  assert(isWhiteout(special("character", 0)));
  assert(!isWhiteout(special("character", 1)));
  assert(!isWhiteout(special("block", 0)));
  assert(!isWhiteout(inline("")));
});

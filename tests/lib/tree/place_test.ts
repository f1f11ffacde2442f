import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { pathOf, type Place, splitNames } from "../../../lib/tree/place.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the path of a place begins at the root", () => {
  const root: Place = { name: utf8("") };
  const a: Place = { parent: root, name: utf8("a") };
  assertEquals([root, a, { parent: a, name: utf8("bc") }].map((place) => text(pathOf(place))), [
    "/",
    "/a",
    "/a/bc",
  ]);
});

Deno.test("a path is split into names, however many slashes there are", () => {
  const names = (path: string) => splitNames(utf8(path)).map(text);
  assertEquals(names("//a/bc///d/"), ["a", "bc", "d"]);
  assertEquals(names("a"), ["a"]);
  for (const path of ["", "/", "///"]) assertEquals(names(path), []);
});

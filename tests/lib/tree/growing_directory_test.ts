import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { findEntry, GrowingDirectory } from "../../../lib/tree/growing_directory.ts";
import type { Content } from "../../../lib/tree/tree.ts";
import { createRandom } from "../../../scripts/random.ts";
import { inline, stat } from "../../kit/trees.ts";

/** A directory of these names, settled. */
function grown(...names: string[]): GrowingDirectory<Content> {
  const made = new GrowingDirectory<Content>(stat());
  for (const name of names) assert(made.add(utf8(name), inline(name)), name);
  made.settle();
  return made;
}

const namesOf = (directory: GrowingDirectory<Content>) =>
  directory.entries.map(({ name }) => new TextDecoder().decode(name));

Deno.test("entries are in byte order once settled", () => {
  assertEquals(namesOf(grown("a", "b", "c")), ["a", "b", "c"]);
  assertEquals(namesOf(grown("c", "a", "b")), ["a", "b", "c"]);
  assertEquals(namesOf(grown("a", "c", "b", "é", "z")), ["a", "b", "c", "z", "é"]);
});

Deno.test("settling twice, or nothing, changes nothing", () => {
  const made = grown("b", "a");
  made.settle();
  assertEquals(namesOf(made), ["a", "b"]);
  assertEquals(namesOf(grown()), []);
});

Deno.test("a name taken is not added, in order and out of it", () => {
  const made = new GrowingDirectory<Content>(stat());
  for (const name of ["b", "d"]) assert(made.add(utf8(name), inline("first")));
  assert(!made.add(utf8("d"), inline("second")));
  assert(!made.add(utf8("b"), inline("second")));
  assert(made.add(utf8("a"), inline("first")));
  for (const name of ["a", "b", "d"]) assert(!made.add(utf8(name), inline("second")));
  made.settle();
  assertEquals(namesOf(made), ["a", "b", "d"]);
  assertEquals(made.get(utf8("b")), inline("first"));
});

Deno.test("names are found before, between and after", () => {
  const made = new GrowingDirectory<Content>(stat());
  const nodes = new Map(["m", "n", "a", "z"].map((name) => [name, inline(name)]));
  const seen: string[] = [];
  for (const [name, node] of nodes) {
    assertEquals(made.get(utf8(name)), undefined);
    made.add(utf8(name), node);
    seen.push(name);
    for (const each of seen) assertStrictEquals(made.get(utf8(each)), nodes.get(each));
  }
  made.settle();
  for (const [name, node] of nodes) assertStrictEquals(made.get(utf8(name)), node);
  assertEquals(made.get(utf8("mm")), undefined);
});

Deno.test("a size is a property only if there is one", () => {
  assertEquals("size" in new GrowingDirectory(stat()), false);
  assertEquals(new GrowingDirectory(stat(), 5).size, 5);
});

Deno.test("findEntry finds what is there, in directories of every length", () => {
  for (let length = 0; length < 20; length++) {
    const names = Array.from({ length }, (_, i) => String.fromCharCode(98 + i));
    const { entries } = grown(...names);
    for (const name of names) {
      assertEquals(findEntry(entries, utf8(name))?.node, inline(name));
      assertEquals(findEntry(entries, utf8(name + "!")), undefined);
    }
    assertEquals(findEntry(entries, utf8("a")), undefined);
  }
});

Deno.test("200,000 names in random order", () => {
  const names = createRandom(1).shuffle(Array.from({ length: 200_000 }, (_, i) => `f${i}`));
  const made = new GrowingDirectory<Content>(stat());
  const file = inline("");
  const start = performance.now();
  for (const name of names) assert(made.add(utf8(name), file));
  made.settle();
  // Measured: 0.6 s. Looking through the entries for each name would take minutes.
  assert(performance.now() - start < 15_000);
  assertEquals(namesOf(made).join() === names.toSorted().join(), true);
});

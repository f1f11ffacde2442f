import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { findEntry, GrowingDirectory } from "../../../lib/tree/growing_directory.ts";
import { createRandom } from "../../../scripts/random.ts";
import { stat } from "../../kit/trees.ts";

/** An entry; which leaf it leads to matters only to those who look for it again. */
const entry = (name: string, node = 0) => ({ name: utf8(name), node });

/** A directory of these names, settled. */
function grown(...names: string[]): GrowingDirectory {
  const made = new GrowingDirectory(stat());
  for (const [node, name] of names.entries()) assert(made.add(entry(name, node)), name);
  made.settle();
  return made;
}

const namesOf = (directory: GrowingDirectory) =>
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
  const made = new GrowingDirectory(stat());
  for (const name of ["b", "d"]) assert(made.add(entry(name, 1)));
  assert(!made.add(entry("d", 2)));
  assert(!made.add(entry("b", 2)));
  assert(made.add(entry("a", 1)));
  for (const name of ["a", "b", "d"]) assert(!made.add(entry(name, 2)));
  made.settle();
  assertEquals(namesOf(made), ["a", "b", "d"]);
  assertEquals(made.get(utf8("b")), entry("b", 1));
});

Deno.test("names are found before, between and after", () => {
  const made = new GrowingDirectory(stat());
  const entries = new Map(["m", "n", "a", "z"].map((name) => [name, entry(name)]));
  const seen: string[] = [];
  for (const [name, entry] of entries) {
    assertEquals(made.get(utf8(name)), undefined);
    made.add(entry);
    seen.push(name);
    for (const each of seen) assertStrictEquals(made.get(utf8(each)), entries.get(each));
  }
  made.settle();
  for (const [name, entry] of entries) assertStrictEquals(made.get(utf8(name)), entry);
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
    for (const [node, name] of names.entries()) {
      assertEquals(findEntry(entries, utf8(name))?.node, node);
      assertEquals(findEntry(entries, utf8(name + "!")), undefined);
    }
    assertEquals(findEntry(entries, utf8("a")), undefined);
  }
});

Deno.test("200,000 names in random order", () => {
  const names = createRandom(1).shuffle(Array.from({ length: 200_000 }, (_, i) => `f${i}`));
  const made = new GrowingDirectory(stat());
  const start = performance.now();
  for (const name of names) assert(made.add(entry(name)));
  made.settle();
  // Measured: 0.6 s. Looking through the entries for each name would take minutes.
  assert(performance.now() - start < 15_000);
  assertEquals(namesOf(made).join() === names.toSorted().join(), true);
});

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { findHomes, isHome, unusualHomes } from "../../../lib/tree/homes.ts";
import { pathOf } from "../../../lib/tree/place.ts";
import type { Content, Directory, Home, Tree } from "../../../lib/tree/tree.ts";
import { directory, hardLink, inline } from "../../kit/trees.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Paths of the homes by number of the leaf. */
const homesOf = (tree: Tree<Content>) =>
  [...findHomes(tree)].map(([leaf, { place }]) => [leaf, text(pathOf(place))]);

Deno.test("the home of a file is the first name met, or the one that is said", () => {
  const [one, two] = [inline("1"), inline("2")];
  const first = directory({ a: inline(""), b: directory({ c: one }), d: one, e: two, f: two });
  assertEquals(homesOf(first), [[1, "/b/c"], [2, "/e"]]);
  const said = directory({ a: hardLink(two), b: directory({ c: hardLink(one) }), d: one, e: two });
  assertEquals(homesOf(said), [[1, "/d"], [0, "/e"]]);
});

Deno.test("a file with one name needs no home", () => {
  const tree = directory({ a: inline(""), b: directory({ a: inline("") }) });
  assertEquals(homesOf(tree), []);
});

Deno.test("a home is a directory and a name, not a name alone", () => {
  const file = inline("");
  const tree = directory({ a: directory({ f: hardLink(file) }), b: directory({ f: file }) });
  const [home] = tree.form.homes!.values();
  const [a, b] = tree.root.entries.map(({ node }) => node as Directory);
  assert(isHome(home!, b!, utf8("f")));
  assert(!isHome(home!, a!, utf8("f")));
  assert(!isHome(home!, b!, utf8("g")));
});

Deno.test("what is so without being said is left out", () => {
  const file = inline("");
  const tree = directory({ a: file, b: file });
  const home = (name: string): Map<number, Home> =>
    new Map([[0, { directory: tree.root, name: utf8(name) }]]);
  assertEquals(unusualHomes(tree, home("a")), new Map());
  assertEquals(unusualHomes(tree, home("b")), home("b"));
});

import { assertEquals } from "@std/assert";
import { pathOf, walkFiles } from "../../../lib/tree/walk_files.ts";
import { directory, hardLink, inline, symlink } from "../../kit/trees.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the first name met of a file is the file, further ones lead back to it", () => {
  const file = inline("x");
  const link = symlink("y");
  const tree = directory({
    "a": hardLink(file),
    "b": directory({ "c": file, "d": directory({ "e": hardLink(file), "f": link }) }),
    "g": hardLink(link),
    "h": inline("alone"),
  });
  const steps = [...walkFiles(tree)].map(({ node, name, depth, place, linkTo }) => {
    const target = linkTo === undefined ? "" : ` -> ${text(pathOf(linkTo))}`;
    return `${depth} ${text(name)} ${text(pathOf(place))} ${node.kind}${target}`;
  });
  assertEquals(steps, [
    "0  / directory",
    "1 a /a regular",
    "1 b /b directory",
    "2 c /b/c regular -> /a",
    "2 d /b/d directory",
    "3 e /b/d/e regular -> /a",
    "3 f /b/d/f symlink",
    "1 g /g symlink -> /b/d/f",
    "1 h /h regular",
  ]);
});

Deno.test("the path of a step is that of its place", () => {
  const tree = directory({ "a": directory({ "b": directory({ "c": inline("") }) }) });
  for (const { path, place } of walkFiles(tree)) assertEquals(path, pathOf(place));
});

Deno.test("a tree of any depth is walked, and its places take no more room than its names", () => {
  let tree = directory({ "bottom": inline("") });
  for (let depth = 0; depth < 20_000; depth++) tree = directory({ ["n".repeat(200)]: tree });
  const places = [...walkFiles(tree)].map(({ place }) => place);
  assertEquals(places.length, 20_002);
  assertEquals(pathOf(places.at(-1)!).length, 20_000 * 201 + "/bottom".length);
});

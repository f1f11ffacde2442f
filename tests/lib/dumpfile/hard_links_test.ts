import { assertEquals, assertThrows } from "@std/assert";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import type { Content, Leaf } from "../../../lib/tree/tree.ts";
import { entryAt, nodeAt, parse, ROOT } from "../../kit/trees.ts";

const file = (path: string) => `${path} 0 100644 5 0 0 0 0.0 - - -\n`;
const directory = (path: string) => `${path} 0 40755 2 0 0 0 0.0 - - -\n`;
const link = (path: string, target: string) => `${path} 0 @100644 1 0 0 0 0.0 ${target} - -\n`;

function refuse(dump: string, message: string, line: number): void {
  const error = assertThrows(() => parse(ROOT + dump), DumpfileSyntaxError, message);
  assertEquals(error.line, line);
}

/** What the name leads to. */
function target(dump: string, ...names: string[]): Leaf<Content> {
  const node = nodeAt(parse(ROOT + dump), ...names);
  if (node.kind === "directory") throw new TypeError("A directory");
  return node;
}

Deno.test("a link leads to the same leaf, forward and backward", () => {
  for (const dump of [file("/f") + link("/l", "/f"), link("/l", "/f") + file("/f")]) {
    const tree = parse(ROOT + dump);
    assertEquals(tree.leaves.length, 1);
    assertEquals(["f", "l"].map((name) => entryAt(tree, name)), [0, 0]);
  }
});

Deno.test("a target's path may be spelled in any way", () => {
  const dump = directory("/d") + file("/d/f");
  for (const spelling of ["/d/f", "d/f", "//d///f", "/d/f/", "\\x2fd\\x2ff"]) {
    assertEquals(target(dump + link("/l", spelling), "l").stat.nlink, 5);
  }
});

Deno.test("a link's own metadata and kind count for nothing", () => {
  const dump = file("/f") + "/l zz @120777 x x x x x /f \\q zz =\n";
  assertEquals(target(dump, "l").kind, "regular");
});

Deno.test("the link count of the file stays as its line says", () => {
  assertEquals(target(file("/f") + link("/a", "/f") + link("/b", "/f"), "f").stat.nlink, 5);
});

Deno.test("chains lead to the file at their end, in any order of lines", () => {
  const lines = [file("/f"), link("/a", "/f"), link("/b", "/a"), link("/c", "/b")];
  for (const dump of [lines, lines.toReversed(), [2, 0, 3, 1].map((i) => lines[i]!)]) {
    const tree = parse(ROOT + dump.join(""));
    for (const name of ["a", "b", "c"]) {
      assertEquals(entryAt(tree, name), entryAt(tree, "f"));
    }
  }
});

Deno.test("a link to a whiteout", () => {
  assertEquals(target("/w 0 20644 1 0 0 0 0.0 - - -\n" + link("/l", "/w"), "l").kind, "character");
});

Deno.test("a link to itself is refused", () => {
  refuse(link("/l", "/l"), 'self-referential hard link "/l"', 2);
  refuse(link("/l", "l/"), "self-referential", 2);
});

Deno.test("links in a circle are refused, and links that lead into one", () => {
  refuse(link("/a", "/b") + link("/b", "/a"), "circle", 2);
  refuse(link("/c", "/a") + link("/a", "/b") + link("/b", "/a"), "circle", 2);
  refuse(link("/a", "/a") + link("/b", "/a"), "self-referential", 2);
});

Deno.test("a circle of 10,000 links is refused soon", () => {
  const count = 10_000;
  const dump = Array.from({ length: count }, (_, i) => link(`/l${i}`, `/l${(i + 1) % count}`));
  const start = performance.now();
  refuse(dump.join(""), "circle", 2);
  assertEquals(performance.now() - start < 5000, true);
});

Deno.test("a missing target is refused, with the line of the link", () => {
  refuse(file("/f") + link("/l", "/g"), 'no target at "/g" for the hard link "/l"', 3);
  refuse(file("/f") + link("/l", "/f/g"), 'no target at "/f/g"', 3);
  refuse(file("/f") + link("/l", "/../f"), "no target", 3);
  refuse(file("/f") + link("/l", "/./f"), "no target", 3);
});

Deno.test("a link through a link to a directory is refused", () => {
  refuse(directory("/d") + file("/d/f") + link("/a", "/d") + link("/l", "/a/f"), "directory", 4);
});

Deno.test("a directory is no target", () => {
  refuse(directory("/d") + link("/l", "/d"), "leads to a directory", 3);
  refuse(link("/l", "/"), "leads to a directory", 2);
  refuse(link("/a", "/l") + link("/l", "//"), "leads to a directory", 2);
});

Deno.test("a link needs a target", () => {
  refuse(link("/l", "-"), "no target path", 2);
  refuse("/l 0 @100644\n", "leads to a directory", 2);
  refuse(link("/l", "a\\x00b"), "NUL", 2);
});

Deno.test("the home of a file is said where a walk meets another name first", () => {
  const homes = (dump: string) => {
    const { root, leaves, form } = parse(ROOT + dump);
    return [...form?.homes ?? []].map(([leaf, { directory, name }]) => {
      const where = directory === root ? "" : "/d";
      return `${where}/${new TextDecoder().decode(name)} of ${leaf} of ${leaves.length}`;
    });
  };
  assertEquals(homes(file("/f") + link("/g", "/f")), []);
  assertEquals(homes(file("/f") + link("/e", "/f")), ["/f of 0 of 1"]);
  const chain = link("/a", "/b") + link("/b", "/d/f") + directory("/d") + file("/d/f");
  assertEquals(homes(file("/0") + chain), ["/d/f of 1 of 2"]);
  assertEquals(homes(directory("/d") + file("/d/f") + link("/e", "/d/f")), []);
});

import { assertEquals, assertStrictEquals } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { createImageFromDump, encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../../lib/dumpfile/write.ts";
import { changeTree, type TreeChange } from "../../../lib/tree/change_tree.ts";
import { Excludes, parseExclude } from "../../../lib/tree/excludes.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import { isWhiteout } from "../../../lib/tree/tree.ts";
import { ROOT } from "../../kit/trees.ts";

function excluding(...patterns: readonly string[]): TreeChange {
  return { excludes: new Excludes(patterns.map((pattern) => parseExclude(utf8(pattern)))) };
}

function parsed(dump: string): Tree<Content> {
  return parseDumpfile([utf8(dump)]);
}

function dumpOf(tree: Tree<Content>): string {
  return [...writeDumpfile(tree)].map(latin1).join("");
}

/** A dump, changed. */
function changed(dump: string, change: TreeChange): string {
  const tree = changeTree(parsed(dump), change);
  // It is one of which an image can be made: numbers lead to files, homes are names of theirs.
  encodeImage(tree);
  return dumpOf(tree);
}

const DIRECTORY = (path: string) => `${path} 0 40755 2 0 0 0 0.0 - - -\n`;
const FILE = (path: string, nlink = 1) => `${path} 2 100644 ${nlink} 0 0 0 0.0 - hi -\n`;
const LINK = (path: string, target: string) => `${path} 0 @120000 - - - - 0.0 ${target} - -\n`;
const LINES = (dump: string) => dump.split("\n").filter((line) => line !== "");

Deno.test("changeTree() leaves the tree as it was", () => {
  const tree = parsed(ROOT + DIRECTORY("/a") + FILE("/a/f", 2) + FILE("/b"));
  const before = dumpOf(tree);
  const { root } = tree;
  changeTree(tree, { ...excluding("f"), stat: (stat) => ({ ...stat, uid: 7 }) });
  assertEquals(dumpOf(tree), before);
  assertStrictEquals(tree.root, root);
});

Deno.test("changeTree() changes nothing if it is told nothing", () => {
  const dump = ROOT + DIRECTORY("/a") + FILE("/a/f", 2) + LINK("/b", "/a/f");
  assertEquals(changed(dump, {}), dumpOf(parsed(dump)));
});

Deno.test("changeTree() gives the names of a file one metadata", () => {
  const dump = ROOT + FILE("/a", 2) + LINK("/b", "/a");
  let calls = 0;
  const tree = changeTree(parsed(dump), {
    stat: (stat) => {
      calls++;
      return { ...stat, uid: stat.uid + 1 };
    },
  });
  assertEquals(calls, 2);
  assertEquals(tree.leaves.map(({ stat }) => stat.uid), [1]);
  assertEquals(tree.root.entries.map(({ node }) => node), [0, 0]);
});

Deno.test("changeTree() counts the links of what loses a name, and of nothing else", () => {
  const dump = ROOT + DIRECTORY("/a") + DIRECTORY("/b") + FILE("/a/f", 3) + LINK("/b/f", "/a/f") +
    LINK("/c", "/a/f") + FILE("/d", 9);
  const links = (...patterns: string[]) => {
    const tree = changeTree(parsed(dump), excluding(...patterns));
    return tree.leaves.map(({ stat }) => stat.nlink);
  };
  assertEquals(links("/nothing"), [3, 9]);
  assertEquals(links("/c"), [2, 9]);
  assertEquals(links("/b"), [2, 9]);
  assertEquals(links("f"), [1, 9]);
  assertEquals(links("f", "c"), [9]);
  assertEquals(links("*"), []);
});

Deno.test("changeTree() keeps the name that a file lives under, or takes the first that is left", () => {
  // The file lives under /c/f, the last of its names.
  const dump = ROOT + DIRECTORY("/a") + LINK("/a/f", "/c/f") + LINK("/b", "/c/f") +
    DIRECTORY("/c") + FILE("/c/f", 3) + FILE("/d");
  const named = (change: TreeChange) =>
    LINES(changed(dump, change)).map((line) => line.split(" ")).filter(([path]) =>
      path!.length > 2 || path === "/b"
    ).map(([path, , mode]) => `${path} ${mode}`);
  assertEquals(named({}), ["/a/f @100644", "/b @100644", "/c/f 100644"]);
  assertEquals(named(excluding("/b")), ["/a/f @100644", "/c/f 100644"]);
  assertEquals(named(excluding("/c/f")), ["/a/f 100644", "/b @100644"]);
  assertEquals(named(excluding("/c")), ["/a/f 100644", "/b @100644"]);
  assertEquals(named(excluding("/c", "/a")), ["/b 100644"]);
  assertEquals(named(excluding("/b", "/a")), ["/c/f 100644"]);
});

Deno.test("changeTree() numbers files anew, devices of large size too", () => {
  const fifo = (path: string) => `${path} 4294967296 10644 1 0 0 0 0.0 - - -\n`;
  const dump = ROOT + FILE("/a") + fifo("/b") + FILE("/c") + fifo("/d");
  for (const [pattern, left] of [["/a", "/b /c /d"], ["/b", "/a /c /d"], ["/d", "/a /b /c"]]) {
    const lines = LINES(dump).filter((line) => line[1] === " " || left!.includes(line.slice(0, 2)));
    const expected = createImageFromDump([utf8(lines.join("\n") + "\n")]);
    assertEquals(encodeImage(changeTree(parsed(dump), excluding(pattern!))), expected, pattern);
  }
});

Deno.test("changeTree(): what is left decides about the format version", () => {
  const whiteout = "/b 0 20000 1 0 0 0 0.0 - - -\n";
  const tree = parsed(ROOT + FILE("/a") + whiteout);
  const version = (change: TreeChange) => openImage(encodeImage(changeTree(tree, change))).version;
  assertEquals(version({}), 1);
  assertEquals(version(excluding("/a")), 1);
  assertEquals(version(excluding("/b")), 0);
  assertEquals(version({ isLeftOut: isWhiteout }), 0);
});

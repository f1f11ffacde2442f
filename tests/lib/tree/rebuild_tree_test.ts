import { assertEquals } from "@std/assert";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../../lib/dumpfile/write.ts";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { countLinks, dropNameless, rebuildTree } from "../../../lib/tree/rebuild_tree.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";

const DUMP = [
  "/ 4096 40755 4 0 0 0 0.0 - - -",
  "/a 4096 40755 2 0 0 0 0.0 - - -",
  "/a/one 1 100644 2 0 0 0 0.0 - 1 -",
  "/a/two 1 100644 1 0 0 0 0.0 - 2 -",
  "/b 4096 40755 2 0 0 0 0.0 - - -",
  "/b/one 1 @100644 2 0 0 0 0.0 /a/one - -",
].join("\n") + "\n";

function tree(): Tree<Content> {
  return parseDumpfile([utf8(DUMP)]);
}

function names(tree: Tree<Content>): string[] {
  return [...writeDumpfile(tree)].map((chunk) => latin1(chunk)).join("").split("\n")
    .slice(0, -1).map((line) => line.split(" ").filter((_, i) => i === 0 || i === 3).join(" "));
}

Deno.test("rebuild: directories by their names, with the files they keep", () => {
  const seen: string[] = [];
  const emptied = rebuildTree(tree(), {
    stat({ stat }, names) {
      seen.push(names.map(latin1).join("/"));
      return { ...stat, mode: 0o700 };
    },
    entries: ({ entries }, [name]) => name !== undefined && latin1(name) === "a" ? [] : entries,
  });
  assertEquals(seen, ["", "a", "b"]);
  const { root, leaves } = countLinks(dropNameless(emptied));
  assertEquals(leaves.map(({ stat }) => stat.nlink), [1]);
  assertEquals(names({ root, leaves }), ["/ 4", "/a 2", "/b 2", "/b/one 1"]);
});

Deno.test("rebuild: without changes a tree stays as it is", () => {
  assertEquals(names(rebuildTree(tree(), {})), names(tree()));
  assertEquals(names(dropNameless(countLinks(tree()))), names(tree()));
});

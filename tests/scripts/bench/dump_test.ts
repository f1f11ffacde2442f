import { assert, assertEquals } from "@std/assert";
import { dumpLines, smallFileLines } from "../../../scripts/bench/dump.ts";
import { walk } from "../../../lib/tree/walk.ts";
import { parse } from "../../kit/trees.ts";

const text = [...dumpLines(5_000)].join("");

Deno.test("dumpLines() yields as many lines as asked for, always the same", () => {
  for (const entries of [1, 2, 1_000, 1_001, 1_002, 5_000]) {
    assertEquals([...dumpLines(entries)].length, entries);
  }
  assertEquals([...dumpLines(5_000)].join(""), text);
});

Deno.test("dumpLines() is a dump of directories of 1,000 with all kinds of entries", () => {
  const tree = parse(text);
  assertEquals(tree.root.entries.length, 5);
  const nodes = Array.from(walk(tree), ({ node }) => node).slice(1);
  assertEquals(nodes.length, 4_999);
  const count = { inline: 0, external: 0, symlink: 0, xattrs: 0 };
  for (const node of nodes) {
    if (node.kind === "regular" && node.file.kind === "inline") count.inline++;
    if (node.kind === "regular" && node.file.kind === "external") count.external++;
    if (node.kind === "symlink") count.symlink++;
    if (node.stat.xattrs.length > 0) count.xattrs++;
  }
  assert(count.external > 2_800 && count.inline > 1_100, JSON.stringify(count));
  assert(count.symlink > 650 && count.xattrs > 400, JSON.stringify(count));
});

Deno.test("smallFileLines() yields directories of 1,000 with files of 5 bytes", () => {
  const lines = [...smallFileLines()];
  assertEquals([lines.length, new Set(lines).size], [200_001, 200_001]);
  const { root, leaves } = parse(lines.slice(0, 1_001).join(""));
  assertEquals([root.entries.length, leaves.length], [1, 999]);
  for (const leaf of leaves) {
    assertEquals(
      leaf.kind === "regular" && leaf.file.kind === "inline" && leaf.file.bytes.length,
      5,
    );
  }
});

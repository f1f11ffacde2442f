import { assert, assertEquals } from "@std/assert";
import { dumpLines } from "../../../scripts/bench/dump.ts";
import type { Content, Directory, Node } from "../../../lib/tree/tree.ts";
import { parse } from "../../kit/trees.ts";

const text = [...dumpLines(5_000)].join("");

function* below(directory: Directory<Content>): Generator<Node<Content>> {
  for (const { node } of directory.entries) {
    yield node;
    if (node.kind === "directory") yield* below(node);
  }
}

Deno.test("dumpLines() yields as many lines as asked for, always the same", () => {
  for (const entries of [1, 2, 1_000, 1_001, 1_002, 5_000]) {
    assertEquals([...dumpLines(entries)].length, entries);
  }
  assertEquals([...dumpLines(5_000)].join(""), text);
});

Deno.test("dumpLines() is a dump of directories of 1,000 with all kinds of entries", () => {
  const root = parse(text);
  assertEquals(root.entries.length, 5);
  assertEquals([...below(root)].length, 4_999);
  const count = { inline: 0, external: 0, symlink: 0, xattrs: 0 };
  for (const node of below(root)) {
    if (node.kind === "regular" && node.file.kind === "inline") count.inline++;
    if (node.kind === "regular" && node.file.kind === "external") count.external++;
    if (node.kind === "symlink") count.symlink++;
    if (node.kind !== "hardlink" && node.stat.xattrs.length > 0) count.xattrs++;
  }
  assert(count.external > 2_800 && count.inline > 1_100, JSON.stringify(count));
  assert(count.symlink > 650 && count.xattrs > 400, JSON.stringify(count));
});

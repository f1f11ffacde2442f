import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { parseFileContexts } from "../../../lib/selinux/file_contexts.ts";
import { labelTree } from "../../../lib/selinux/label_tree.ts";
import type { Tree } from "../../../lib/tree/tree.ts";
import type { Content } from "../../../lib/tree/tree.ts";
import { walk } from "../../../lib/tree/walk.ts";
import {
  directory,
  dumpText,
  entryAt,
  hardLink,
  inline,
  parse,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const LABEL = "security.selinux";

function label(tree: Tree<Content>, rules: string): Tree<Content> {
  return labelTree(tree, parseFileContexts([{ name: "file_contexts", bytes: utf8(rules) }]));
}

/** `path context names` of each file. */
function labels(tree: Tree<Content>): string[] {
  const decoder = new TextDecoder();
  return [...walk(tree)].length === 0 ? [] : Array.from(walk(tree), ({ path, node, leaf }) => {
    const found = node.stat.xattrs.filter(({ name }) => decoder.decode(name) === LABEL);
    const context = found.map(({ value }) => decoder.decode(value)).join();
    return `${decoder.decode(path)} ${context}${leaf < 0 ? "" : ` ${leaf}x${node.stat.nlink}`}`;
  });
}

Deno.test("every file gets the context of its path and kind", () => {
  const tree = directory({
    d: directory({ f: inline("x", { xattrs: [xattr(LABEL, "old"), xattr("user.a")] }) }),
    l: symlink("d"),
    n: inline("y", { xattrs: [xattr(LABEL, "old")] }),
  }, { xattrs: [xattr(LABEL, "old")] });
  const labelled = label(tree, "/ -d root\n/d(/.*)? d\n/l -l link\n/l -- no\n/n <<none>>\n");
  assertEquals(labels(labelled), ["/ root", "/d d", "/d/f d 0x1", "/l link 1x1", "/n  2x1"]);
  assertEquals(labelled.leaves[0]!.stat.xattrs, [xattr("user.a"), xattr(LABEL, "d")]);
  assertEquals(labels(tree)[0], "/ old");
});

Deno.test("without rules all contexts go", () => {
  const tree = directory({
    d: directory({ f: inline("x", { xattrs: [xattr(LABEL, "old"), xattr("user.a")] }) }, {
      xattrs: [xattr(LABEL, "old")],
    }),
  }, { xattrs: [xattr(LABEL, "old")] });
  const bare = labelTree(tree, undefined);
  assertEquals(labels(bare), ["/ ", "/d ", "/d/f  0x1"]);
  assertEquals(bare.leaves[0]!.stat.xattrs, [xattr("user.a")]);
});

Deno.test("names of a file that get different contexts part; each gets a file of its own", () => {
  const file = inline("x", { nlink: 5 });
  const tree = directory({
    a: file,
    b: hardLink(file),
    c: hardLink(file),
    d: hardLink(file),
    e: hardLink(file),
  });
  assertEquals(labels(label(tree, "/[ad] one\n/[bc] two\n")), [
    "/ ",
    "/a one 0x2",
    "/b two 1x1",
    "/c two 2x1",
    "/d one 0x2",
    "/e  3x1",
  ]);
  assertEquals(
    labels(label(tree, "/. one\n")).slice(1),
    ["a", "b", "c", "d", "e"].map((name) => `/${name} one 0x5`),
  );
});

Deno.test("what decides an image's bytes stays, as far as files are not split", () => {
  const dump = [
    "/ 0 40755 3 0 0 0 0.0 - - -",
    "/a 0 @100644 2 0 0 0 0.0 /d/x - -",
    "/d 0 40755 2 0 0 0 0.0 - - -",
    "/d/x 1 100644 2 0 0 0 0.0 - x -",
    "/p 4294967296 10644 1 0 0 0 0.0 - - -",
    "",
  ].join("\n");
  const tree = parse(dump);
  assert(tree.form?.homes?.size === 1 && tree.form.extended?.size === 1);
  const labelled = label(tree, "/.* one\n");
  assertEquals(dumpText(labelTree(labelled, undefined)), dumpText(tree));
  assertEquals(encodeImage(labelTree(labelled, undefined)), encodeImage(tree));
  const split = label(tree, "/a one\n");
  assertEquals(split.form?.homes?.size, 0);
  assert(entryAt(split, "a") !== entryAt(split, "d", "x"));
});

Deno.test("contexts end with a NUL if that is asked for, and are told apart all the same", () => {
  const file = inline("x", { nlink: 3 });
  const tree = directory({ a: file, b: file, c: file, d: inline("y") });
  const rules = parseFileContexts([{ name: "file_contexts", bytes: utf8("/[ab] one\n/c two\n") }]);
  const labelled = labelTree(tree, rules, { isTerminated: true });
  assertEquals(
    labelled.leaves.map(({ stat: { xattrs, nlink } }) => [xattrs, nlink]),
    [
      [[xattr(LABEL, "one\0")], 2],
      [[], 1],
      [[xattr(LABEL, "two\0")], 1],
    ],
  );
});

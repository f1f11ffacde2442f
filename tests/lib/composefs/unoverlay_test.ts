import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import type { VersionRange } from "../../../lib/composefs/version.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import type { Content, Leaf, Tree } from "../../../lib/tree/tree.ts";
import {
  directory,
  dumpText,
  extended,
  external,
  hardLink,
  inline,
  locate,
  nodeAt,
  patched,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const read = (image: Uint8Array, view: ImageView = "exact") => openImage(image).tree({ view });

/** What is read of a tree's image. */
const reread = (tree: Tree<Content>, view: ImageView = "exact", range: VersionRange = {}) =>
  read(encodeImage(tree, range), view);

/** The lines of a dump without the root's. */
const lines = (tree: Tree<Content>) => dumpText(tree).trimEnd().split("\n").slice(1);

const view = (name: "exact" | "libcomposefs", tree: Tree<Content>, range?: VersionRange) =>
  lines(reread(tree, name, range));

const VIEWS: readonly ImageView[] = ["exact", "libcomposefs"];

Deno.test("files, links and devices come back in both views", () => {
  const digest = new Uint8Array(32).fill(7);
  const nodes = {
    a: external(9, "ab/cd", digest, { uid: 70_000 }),
    b: external(2 ** 53),
    c: external(70, "/x"),
    d: inline(""),
    e: inline("x".repeat(5000)),
    f: symlink("t".repeat(4095)),
    g: special("block", 0),
    h: special("character", 2 ** 32 - 1),
    i: special("fifo"),
    j: special("socket", 0, { mtime: -1, mtimeNsec: 5 }),
  };
  for (const view of VIEWS) {
    const tree = reread(directory(nodes, { mtime: 3 }), view);
    for (const [name, node] of Object.entries(nodes)) assertEquals(nodeAt(tree, name), node, name);
  }
});

Deno.test("directories have the size they take in the image", () => {
  const tree = reread(directory({ d: directory({ abc: inline("") }) }));
  const d = nodeAt(tree, "d");
  assertEquals(tree.root.size, 4096);
  assertEquals(d.kind === "directory" && d.size, 3 * 12 + 1 + 2 + 3);
});

Deno.test("the root's whiteouts are not shown, its own device 0:0 is a whiteout", () => {
  for (const view of VIEWS) {
    const tree = reread(directory({ "00": special("character", 0), "01": inline("") }), view);
    assertEquals(tree.leaves.map(({ kind }) => kind), ["character", "regular"]);
    assertEquals(nodeAt(tree, "00"), special("character", 0));
  }
});

Deno.test("a device 0:0 of the image itself is skipped at any depth", () => {
  const image = encodeImage(directory({ d: directory({ c: special("character", 259) }) }));
  const { inode } = locate(image, "d", "c");
  const hidden = patched(image, (view) => view.setUint32(inode.start + 16, 0, true));
  for (const view of VIEWS) assertEquals(lines(read(hidden, view)).length, 1);
});

Deno.test("xattrs of overlayfs come back as the source had them", () => {
  const xattrs = ["trusted.overlay.opaque", "trusted.overlay.overlay.x", "user.overlay.opaque"]
    .map((name) => xattr(name, "v"));
  const tree = directory({ d: directory({}, { xattrs }) }, { xattrs });
  for (const view of VIEWS) {
    const found = reread(tree, view);
    for (const { stat } of [found.root, nodeAt(found, "d")]) {
      const names = stat.xattrs.map(({ name }) => new TextDecoder().decode(name)).sort();
      assertEquals(names, xattrs.map(({ name }) => new TextDecoder().decode(name)));
    }
  }
});

Deno.test("a whiteout comes back, and the marks of its directory go", () => {
  const gone = special("character", 0, { mode: 0o600, xattrs: [xattr("user.a", "b")] });
  const tree = directory({ d: directory({ gone }) });
  for (const version of [0, 1]) {
    const range = { minVersion: version, maxVersion: version };
    const found = reread(tree, "exact", range);
    assertEquals(nodeAt(found, "d").stat.xattrs, []);
    assertEquals(nodeAt(found, "d", "gone"), gone);
  }
});

Deno.test("composefs-info leaves the opaque marks of version 1 where they are", () => {
  const tree = directory({ d: directory({ gone: special("character", 0) }) });
  const d = (version: number) =>
    view("libcomposefs", tree, { minVersion: version, maxVersion: version })[0]!.split(" - - -")[1];
  assertEquals(d(0), "");
  assertEquals(d(1)!.split(" ").sort(), ["", "trusted.overlay.opaque=x", "user.overlay.opaque=x"]);
});

Deno.test("an empty file that only looks like a whiteout stays a file in the exact view", () => {
  const xattrs = [xattr("trusted.overlay.whiteout"), xattr("user.overlay.whiteout")];
  const tree = directory({ d: directory({ f: inline("", { xattrs }) }) });
  assertEquals(
    view("exact", tree)[1],
    [
      "/d/f 0 100644 1 0 0 0 0.0 - - -",
      "trusted.overlay.whiteout= user.overlay.whiteout=",
    ].join(" "),
  );
  assertEquals(view("libcomposefs", tree)[1], "/d/f 0 20644 1 0 0 0 0.0 - - -");
});

Deno.test("marks of a directory without whiteouts are the source's own", () => {
  const xattrs = ["trusted.overlay.whiteouts", "user.overlay.whiteouts"].map((name) => xattr(name));
  const tree = directory({ d: directory({}, { xattrs }) });
  assertEquals(nodeAt(reread(tree), "d").kind, "directory");
  assertEquals(view("exact", tree)[0]!.split(" - - -")[1]!.split(" ").length, 3);
  assertEquals(view("libcomposefs", tree)[0]!.split(" - - -")[1], "");
});

Deno.test("marks of a directory that holds only a link to a whiteout are the source's own", () => {
  const gone = special("character", 0);
  const xattrs = ["trusted.overlay.whiteouts", "user.overlay.whiteouts"].map((name) => xattr(name));
  const tree = directory({ a: gone, d: directory({ l: hardLink(gone) }, { xattrs }) });
  const d = nodeAt(reread(tree, "exact", { maxVersion: 0 }), "d");
  assertEquals(d.stat.xattrs, xattrs);
});

Deno.test("composefs-info drops the mark of a whiteout from regular files only", () => {
  const given = { xattrs: [xattr("trusted.overlay.whiteout"), xattr("user.overlay.whiteout")] };
  const tree = directory({ d: directory({}, given), f: special("fifo", 0, given) });
  for (const line of view("libcomposefs", tree)) {
    assertEquals(line.split(" - - -")[1], " trusted.overlay.whiteout=");
  }
});

Deno.test("under which name a file has its inode is told apart in the exact view", () => {
  const file = inline("x");
  const tree = directory({ a: hardLink(file), b: file });
  const exact = reread(tree);
  const first = reread(tree, "libcomposefs");
  for (const { root, leaves } of [exact, first]) {
    assertEquals(root.entries.map(({ node }) => node), [0, 0]);
    assertEquals(leaves, [file]);
  }
  assertEquals(exact.form?.homes, new Map([[0, { directory: exact.root, name: utf8("b") }]]));
  assertEquals(first.form, undefined);
});

Deno.test("a link to a whiteout stays a link to it", () => {
  const gone = special("character", 0);
  for (
    const tree of [
      directory({ a: hardLink(gone), b: gone }),
      directory({ a: gone, b: hardLink(gone) }),
    ]
  ) {
    const again = encodeImage(reread(tree));
    assertEquals(again, encodeImage(tree));
  }
});

Deno.test("an inode that is extended without need is known in the exact view", () => {
  const files = { f: special("fifo"), g: special("fifo"), h: special("fifo", 0, { mtime: 1 }) };
  const tree = extended(directory(files), 0);
  assertEquals(reread(tree).form?.extended, new Set([0]));
  assertEquals(reread(tree, "libcomposefs").form, undefined);
});

/** Refuses, in both views, the image of a node `n` after a change to it. */
function refuse(
  node: Leaf<Content>,
  message: string,
  change: (view: DataView, bytes: Uint8Array, start: number) => void,
): void {
  const image = encodeImage(directory({ n: node }));
  const { start } = locate(image, "n").inode;
  const changed = patched(image, (view, bytes) => change(view, bytes, start));
  for (const view of VIEWS) {
    assertThrows(() => read(changed, view), ImageFormatError, message);
  }
}

Deno.test("contents of more than 5000 bytes in the image are refused", () => {
  refuse(
    inline("x".repeat(5000)),
    "inline content of 5001 bytes",
    (view, _, start) => view.setUint32(start + 8, 5001, true),
  );
});

Deno.test("symlinks without a target, or with a NUL in it, are refused", () => {
  const setSize = (size: number) => (view: DataView, _: Uint8Array, start: number) =>
    view.setUint32(start + 8, size, true);
  refuse(symlink("t"), "no target", setSize(0));
  refuse(symlink("t"), "NUL in target", setSize(2));
  refuse(symlink("t".repeat(4095)), "symlink target of 4096 bytes", setSize(4096));
});

Deno.test("a redirect with a NUL is refused", () => {
  refuse(external(9, "abcdef"), "redirect with a NUL", (_, bytes, start) => {
    bytes[bytes.indexOf(0x66, start)] = 0;
  });
});

Deno.test("a redirect without a slash, or empty, is taken as it is", () => {
  const image = encodeImage(directory({ n: external(9, "q") }));
  const { start } = locate(image, "n").inode;
  const at = image.indexOf(0x71, start);
  const changed = patched(image, (_, bytes) => bytes.set([0x70, 0x71], at - 1));
  assertEquals(nodeAt(read(changed), "n"), external(9, "pq"));
});

Deno.test("a file of chunks without a redirect has no backing file", () => {
  assertEquals(nodeAt(reread(directory({ n: external(9) })), "n"), external(9));
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { createImageFromDump, encodeImage } from "../../../lib/composefs/image.ts";
import {
  checkImage,
  hasPath,
  ImageWalk,
  type WalkOptions,
} from "../../../lib/composefs/image_walk.ts";
import { openErofs, openImage } from "../../../lib/composefs/open.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import type { VersionRange } from "../../../lib/composefs/version.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import type { Content, Leaf } from "../../../lib/tree/tree.ts";
import { walk } from "../../../lib/tree/walk.ts";
import {
  directory,
  external,
  hardLink,
  inline,
  locate,
  patched,
  special,
  symlink,
} from "../../kit/trees.ts";
import { VECTORS } from "../../kit/vectors.ts";

const VIEWS: readonly ImageView[] = ["exact", "libcomposefs"];

function check(bytes: Uint8Array, options: Partial<WalkOptions> = {}, paths?: string[]) {
  const { erofs, version } = openErofs(bytes);
  return checkImage(
    erofs,
    { version, view: "exact", ...options },
    paths && (({ path }) => paths.push(latin1(path))),
  );
}

/** Holds a walk against that through the tree; returns how many names there are. */
function compareWalks(bytes: Uint8Array, view: ImageView, rootEntries?: Uint8Array[]): number {
  const visited: string[] = [];
  const image = check(bytes, { view, rootEntries }, visited);
  const names = new ImageWalk(image);
  const leaves = new Map<number, Leaf<Content>>();
  const options = rootEntries === undefined ? { view } : { view, rootEntries };
  const steps: string[] = [];
  for (const { node, depth, path, again } of walk(openImage(bytes).tree(options))) {
    assert(names.next());
    steps.push(latin1(path));
    const { nid, kind } = names.inode;
    assertEquals([names.depth, names.isAgain], [depth, again !== undefined]);
    if (node.kind === "directory") {
      const { entries: _, ...self } = node;
      assertEquals(names.directory(), self);
    } else if (!image.linked.has(nid)) {
      assertEquals([names.leaf(), names.isHome], [node, true]);
    } else if (names.isHome) {
      assertEquals(names.leaf(), node);
      assert(!leaves.has(nid));
      leaves.set(nid, node);
    }
    if (node.kind === "symlink") assertEquals(names.target(), node.target);
    const file = node.kind === "regular" ? node.file : undefined;
    if (kind === "regular") {
      assertEquals(names.objectPath(), file?.kind === "external" ? file.path : undefined);
    }
  }
  assertEquals([names.next(), visited], [false, steps]);
  if (rootEntries === undefined) assertEquals(leaves.size, image.linked.size);
  return steps.length;
}

Deno.test("a walk meets what the tree has, in the images of all vectors", () => {
  let names = 0;
  for (const { dump, versions } of VECTORS) {
    const image = createImageFromDump([dump()], versions as VersionRange);
    for (const view of VIEWS) names += compareWalks(image, view);
  }
  assert(names > 1_000, `${names} names`);
});

const file = inline("hello");
const gone = special("character", 0);
const IMAGE = encodeImage(directory({
  a: directory({ l: hardLink(file), s: symlink("t"), w: gone }),
  b: directory({ far: external(9, "qb/cd"), file, v: hardLink(gone) }),
  c: special("fifo"),
}));

Deno.test("a walk tells a file's home from its other names", () => {
  for (const view of VIEWS) assertEquals(compareWalks(IMAGE, view), 10);
  const homes = new ImageWalk(check(IMAGE));
  const found: Record<string, boolean> = {};
  while (homes.next()) {
    if (homes.inode.kind !== "directory") found[latin1(homes.entry.name)] = homes.isHome;
  }
  assertEquals(found, { c: true, far: true, file: true, l: false, s: true, v: false, w: true });
});

Deno.test("a walk may be limited to some of the root's entries", () => {
  for (const view of VIEWS) {
    assertEquals(compareWalks(IMAGE, view, [utf8("b"), utf8("none")]), 5);
    assertEquals(compareWalks(IMAGE, view, []), 1);
  }
});

Deno.test("an entry of the root is found, a whiteout of an object directory is not", () => {
  const image = check(IMAGE, { rootEntries: [] });
  const names = ["a", "c", "d", "00", ".", ".."];
  assertEquals(names.map((name) => hasPath(image, utf8(name))), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("what files hold is checked", () => {
  const { start } = locate(IMAGE, "b", "far").inode;
  const at = IMAGE.indexOf(0x71, start);
  const nul = patched(IMAGE, (_, bytes) => bytes.fill(0, at, at + 1));
  for (const view of VIEWS) {
    assertThrows(() => check(nul, { view }), ImageFormatError, "redirect with a NUL");
    check(nul, { view, rootEntries: [utf8("a")] });
  }
});

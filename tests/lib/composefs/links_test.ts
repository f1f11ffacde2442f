import { assertEquals } from "@std/assert";
import { findLinks } from "../../../lib/composefs/_links.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { ErofsWalk } from "../../../lib/erofs/walk.ts";
import { directory, hardLink, inline, locate, patched } from "../../kit/trees.ts";

/** The paths that are links, of an image. */
function linksOf(bytes: Uint8Array): string[] | undefined {
  const image = new ErofsImage(bytes);
  const walk = new ErofsWalk(image);
  const paths = new Map<number, string>();
  while (walk.next()) {
    if (walk.depth > 0) paths.set(walk.entry.offset, new TextDecoder().decode(walk.path));
  }
  const links = findLinks(image, walk);
  return links && [...links].map((offset) => paths.get(offset)!);
}

/** Lets a name lead to another inode. */
function redirect(bytes: Uint8Array, name: string, nid: number): Uint8Array<ArrayBuffer> {
  const { offset } = locate(bytes, name).entry!;
  return patched(bytes, (view) => view.setUint32(offset, nid, true));
}

Deno.test("a link is told from a file's own name by the order of the image", () => {
  const file = inline("x");
  const late = inline("y");
  const tree = directory({
    a: directory({ b: hardLink(file), c: late }),
    d: hardLink(late),
    e: directory({ f: directory({ g: file }), h: hardLink(late) }),
  });
  assertEquals(linksOf(encodeImage(tree)), ["/d", "/a/b", "/e/h"]);
});

Deno.test("an image without links has none", () => {
  assertEquals(linksOf(encodeImage(directory({ a: inline("") }))), []);
});

Deno.test("in another order no name is more a file's own than the others", () => {
  const file = inline("x");
  const bytes = encodeImage(
    directory({ a: inline("1"), b: inline("2"), c: file, d: hardLink(file) }),
  );
  const [a, b] = ["a", "b"].map((name) => locate(bytes, name).inode.nid);
  assertEquals(linksOf(bytes), ["/d"]);
  assertEquals(linksOf(redirect(redirect(bytes, "a", b!), "b", a!)), undefined);
});

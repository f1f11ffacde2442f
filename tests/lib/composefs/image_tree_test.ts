import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { collectImage, findLinks } from "../../../lib/composefs/_image_tree.ts";
import { DIRENT, SUPER_BLOCK } from "../../../lib/erofs/format.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { directory, hardLink, inline, locate, patched, symlink } from "../../kit/trees.ts";

/** `/d/e/f`, `/d/g`, `/h` and `/l`, and a link from `/k` to `/h`. */
function image(): Uint8Array<ArrayBuffer> {
  const file = inline("file");
  return encodeImage(directory({
    d: directory({ e: directory({ f: inline("") }), g: inline("") }),
    h: file,
    k: hardLink(file),
    l: symlink("t"),
  }));
}

const collect = (bytes: Uint8Array, rootEntries?: Uint8Array[]) =>
  collectImage(new ErofsImage(bytes), rootEntries);

/** Lets a name lead to another inode. */
function redirect(bytes: Uint8Array<ArrayBuffer>, names: string[], nid: number, fileType?: number) {
  const { offset } = locate(bytes, ...names).entry!;
  return patched(bytes, (view) => {
    view.setUint32(offset, nid, true);
    if (fileType !== undefined) view.setUint8(offset + DIRENT.offsets.fileType, fileType);
  });
}

function refuse(bytes: Uint8Array, message: string): void {
  assertThrows(() => collect(bytes), ImageFormatError, message);
}

const DIRECTORY = 2;
const nid = (...names: string[]) => locate(image(), ...names).inode.nid;

Deno.test("every inode is collected once", () => {
  const tree = collect(image());
  assertEquals(tree.nodes.length, 256 + 7);
  assertEquals([...tree.linked], [nid("h")]);
  assertEquals(tree.root.inode.nid, 36);
});

Deno.test("a directory that leads to one above it is refused", () => {
  refuse(redirect(image(), ["d", "e"], nid("d")), 'directory "e" has a second name');
  refuse(redirect(image(), ["d", "e"], nid()), 'directory "e" has a second name');
  refuse(redirect(image(), ["d", "g"], nid("d"), DIRECTORY), 'directory "g" has a second name');
});

Deno.test("a directory with two names is refused", () => {
  refuse(redirect(image(), ["k"], nid("d"), DIRECTORY), 'directory "k" has a second name');
});

Deno.test("a directory under another parent than its own is refused", () => {
  const moved = redirect(image(), ["d"], nid("d", "e"));
  refuse(moved, '".." leads to nid');
});

Deno.test("a name's file type is its inode's", () => {
  for (const type of [0, 2, 3, 7, 8, 255]) {
    refuse(redirect(image(), ["h"], nid("h"), type), `file type ${type} of "h", expected 1`);
  }
  refuse(redirect(image(), ["k"], nid("h"), 7), 'file type 7 of "k", expected 1');
  refuse(redirect(image(), ["d"], nid("h")), 'file type 2 of "d", expected 1');
});

Deno.test("the root is a directory", () => {
  const bytes = patched(image(), (view) => {
    view.setUint16(1024 + SUPER_BLOCK.offsets.rootNid, nid("h"), true);
  });
  refuse(bytes, "root is a regular, not a directory");
});

Deno.test("a root inside of another directory is refused", () => {
  const bytes = patched(image(), (view) => {
    view.setUint16(1024 + SUPER_BLOCK.offsets.rootNid, nid("d"), true);
  });
  refuse(bytes, '".." leads to nid 36');
});

Deno.test("a name leads to an inode of the image", () => {
  for (const target of [0x80, 0x10000, 0xffffffff]) {
    refuse(redirect(image(), ["h"], target), "Invalid image at offset");
  }
});

Deno.test("there are no more inodes than the superblock counts", () => {
  const inos = 1024 + SUPER_BLOCK.offsets.inos;
  refuse(patched(image(), (view) => view.setUint32(inos, 262, true)), "more inodes than");
  refuse(patched(image(), (view) => view.setUint32(inos, 0, true)), "more inodes than");
  collect(patched(image(), (view) => view.setUint32(inos, 5000, true)));
});

Deno.test("inodes that lie over each other are refused", () => {
  // A file of 64 slots, each made to look like a file of its own that reaches far behind.
  const names = Array.from({ length: 64 }, (_, i) => `x${String(i).padStart(2, "0")}`);
  const slots = new Uint8Array(2048);
  const view = new DataView(slots.buffer);
  for (let at = 0; at < slots.length; at += 32) {
    view.setUint16(at, 2 << 1, true);
    view.setUint16(at + 4, 0o100644, true);
    view.setUint32(at + 8, 4000, true);
  }
  const bytes = encodeImage(directory({
    a: inline(slots),
    ...Object.fromEntries(names.map((name) => [name, inline("")])),
  }));
  const { xattrStart } = locate(bytes, "a").inode;
  let hostile = bytes;
  names.forEach((name, i) => hostile = redirect(hostile, [name], xattrStart / 32 + i));
  refuse(hostile, "inodes overlap");
});

Deno.test("limited to some of the root's entries, the others are not looked at", () => {
  const broken = redirect(image(), ["h"], 0xffffffff);
  assertEquals(collect(broken, [utf8("d")]).nodes.length, 5);
  assertThrows(() => collect(broken, [utf8("h")]), ImageFormatError);
  assertEquals(collect(broken, []).nodes.length, 1);
});

/** The names that are links, of an image. */
function linksOf(bytes: Uint8Array): string[] | undefined {
  const links = findLinks(collect(bytes));
  return links && [...links].map(({ name }) => new TextDecoder().decode(name));
}

Deno.test("a link is told from a file's own name by the order of the image", () => {
  const file = inline("x");
  const late = inline("y");
  const tree = directory({
    a: directory({ b: hardLink(file), c: late }),
    d: hardLink(late),
    e: directory({ f: directory({ g: file }), h: hardLink(late) }),
  });
  assertEquals(linksOf(encodeImage(tree)), ["d", "b", "h"]);
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
  assertEquals(linksOf(bytes), ["d"]);
  assertEquals(linksOf(redirect(redirect(bytes, ["a"], b!), ["b"], a!)), undefined);
});

import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { DIRENT, SUPER_BLOCK } from "../../../lib/erofs/format.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { ErofsWalk } from "../../../lib/erofs/walk.ts";
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

/** Walks to the end. */
function walkAll(bytes: Uint8Array, rootEntries?: Uint8Array[]): ErofsWalk {
  const walk = new ErofsWalk(new ErofsImage(bytes), rootEntries);
  while (walk.next());
  return walk;
}

/** Lets a name lead to another inode. */
function redirect(bytes: Uint8Array<ArrayBuffer>, names: string[], nid: number, fileType?: number) {
  const { offset } = locate(bytes, ...names).entry!;
  return patched(bytes, (view) => {
    view.setUint32(offset, nid, true);
    if (fileType !== undefined) view.setUint8(offset + DIRENT.offsets.fileType, fileType);
  });
}

function refuse(bytes: Uint8Array, message: string): void {
  assertThrows(() => walkAll(bytes), ImageFormatError, message);
}

const DIRECTORY = 2;
const nid = (...names: string[]) => locate(image(), ...names).inode.nid;

Deno.test("every inode is met, each with its name, place and path", () => {
  const walk = new ErofsWalk(new ErofsImage(image()), ["d", "h", "k", "l"].map(utf8));
  const steps: [string, number, boolean, string][] = [];
  while (walk.next()) {
    const { depth, isAgain, inode } = walk;
    steps.push([new TextDecoder().decode(walk.path), depth, isAgain, inode.kind]);
  }
  assertEquals(steps, [
    ["/", 0, false, "directory"],
    ["/d", 1, false, "directory"],
    ["/d/e", 2, false, "directory"],
    ["/d/e/f", 3, false, "regular"],
    ["/d/g", 2, false, "regular"],
    ["/h", 1, false, "regular"],
    ["/k", 1, true, "regular"],
    ["/l", 1, false, "symlink"],
  ]);
  assertEquals(walk.next(), false);
});

Deno.test("what has been met is known, and what has several names", () => {
  const { met, linked } = walkAll(image());
  assertEquals(met.size, 256 + 7);
  assertEquals([...linked], [nid("h")]);
  const nids = [...met];
  assertEquals(nids, nids.toSorted((a, b) => a - b));
  assertEquals([nids.length, nids[0]], [met.size, 36]);
  for (const each of [nid("h"), nid("d", "e")]) assertEquals(met.has(each), true);
  assertEquals(met.has(35), false);
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
  walkAll(patched(image(), (view) => view.setUint32(inos, 5000, true)));
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
  assertEquals(walkAll(broken, [utf8("d")]).met.size, 5);
  assertThrows(() => walkAll(broken, [utf8("h")]), ImageFormatError);
  assertEquals(walkAll(broken, []).met.size, 1);
});

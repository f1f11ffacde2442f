import { assertThrows } from "@std/assert";
import { Extents } from "../../../lib/erofs/extents.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import type { Inode } from "../../../lib/erofs/inode.ts";
import { writeErofs } from "../../../lib/erofs/write.ts";
import { contents, none } from "../../kit/inodes.ts";

/** Takes the first inode of an image of the given ones, as often as is asked for. */
function takeFirst(inodes: readonly Inode[], times: number): void {
  const image = new ErofsImage(writeErofs(inodes, new Uint8Array()));
  const extents = new Extents(image);
  const first = image.inode(image.superBlock.rootNid);
  for (let i = 0; i < times; i++) extents.take(first);
}

Deno.test("an image has room for what is behind its inodes", () => {
  takeFirst([contents(2000)], 1);
  assertThrows(() => takeFirst([contents(2000)], 3), ImageFormatError, "inodes overlap");
});

Deno.test("an image has room for the blocks of its inodes", () => {
  takeFirst([contents(4096)], 1);
  assertThrows(() => takeFirst([contents(4096)], 2), ImageFormatError, "inodes overlap");
});

Deno.test("a device takes nothing but its inode", () => {
  takeFirst([none("character", 5)], 100);
  assertThrows(() => takeFirst([none("character", 5)], 129), ImageFormatError, "inodes overlap");
});

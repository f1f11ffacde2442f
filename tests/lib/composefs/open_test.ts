import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { claimedSize, IMAGE_HEAD_SIZE, openImage } from "../../../lib/composefs/open.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { directory, entryAt, hardLink, inline, nodeAt, patched, xattr } from "../../kit/trees.ts";

const IMAGE = encodeImage(directory({ a: inline("x") }));

function refuse(image: Uint8Array, message: string, offset: number): void {
  const error = assertThrows(() => openImage(image), ImageFormatError, message);
  assertEquals(error.offset, offset);
}

Deno.test("the header tells version and ACLs", () => {
  const opened = openImage(IMAGE);
  assertEquals([opened.version, opened.hasAcl], [0, false]);
  const acl = directory({ a: inline("", { xattrs: [xattr("system.posix_acl_default", "x")] }) });
  const other = openImage(encodeImage(acl, { minVersion: 1 }));
  assertEquals([other.version, other.hasAcl], [1, true]);
});

Deno.test("a file too short to be an image is refused", () => {
  for (const length of [0, 3, 4, 31, 1151]) {
    const message = `truncated: ${length} bytes, expected at least 4096`;
    refuse(IMAGE.slice(0, length), message, length);
  }
  for (const length of [1152, 4095]) {
    const message = `truncated: ${length} bytes, expected ${IMAGE.length}`;
    refuse(IMAGE.slice(0, length), message, length);
  }
});

Deno.test("a short file that begins otherwise is no image", () => {
  refuse(utf8("#!/bin/sh\n"), "expected a composefs image", 0);
});

Deno.test("the head of an image says how long it is", () => {
  assertEquals(claimedSize(IMAGE.subarray(0, IMAGE_HEAD_SIZE)), IMAGE.length);
  const head = (patch: (view: DataView) => void) =>
    claimedSize(patched(IMAGE, patch).subarray(0, IMAGE_HEAD_SIZE));
  assertEquals(head((view) => view.setUint32(1024 + 36, 0xffffffff, true)), 0xffffffff * 4096);
  assertEquals(head((view) => view.setUint32(1024 + 36, 0, true)), 4096);
  assertEquals(head((view) => view.setUint8(0, 0)), undefined);
  assertEquals(head((view) => view.setUint8(1024, 0)), undefined);
  assertEquals(head((view) => view.setUint8(1024 + 12, 200)), undefined);
});

Deno.test("a truncated image is refused when it is opened", () => {
  const { length } = IMAGE;
  refuse(
    IMAGE.slice(0, -4096),
    `truncated: ${length - 4096} bytes, expected ${length}`,
    length - 4096,
  );
});

Deno.test("another magic or header version is refused", () => {
  refuse(patched(IMAGE, (view) => view.setUint8(0, 0)), "expected a composefs image", 0);
  refuse(patched(IMAGE, (view) => view.setUint32(4, 2, true)), "header version 2", 4);
  refuse(patched(IMAGE, (view) => view.setUint32(4, 0, true)), "header version 0", 4);
  refuse(patched(IMAGE, (view) => view.setUint32(1024, 0, true)), "EROFS superblock", 1024);
});

Deno.test("a format version that is not known yet can be read", () => {
  const image = openImage(patched(IMAGE, (view) => view.setUint32(12, 7, true)));
  assertEquals(image.version, 7);
  assertEquals(image.tree().root.entries.length, 1);
});

Deno.test("an image is read where it stands in a larger buffer", () => {
  const buffer = new Uint8Array(IMAGE.length + 9);
  buffer.set(IMAGE, 3);
  const image = openImage(buffer.subarray(3, 3 + IMAGE.length));
  assertEquals(image.tree(), openImage(IMAGE).tree());
});

Deno.test("the tree can be read several times", () => {
  const image = openImage(IMAGE);
  assertEquals(image.tree(), image.tree());
  assertEquals(image.tree({ view: "libcomposefs" }), image.tree());
});

Deno.test("a tree can be limited to entries of the root", () => {
  const file = inline("x");
  const tree = directory({
    a: directory({ b: inline("") }),
    b: file,
    c: directory({ l: hardLink(file) }),
  });
  const image = openImage(encodeImage(tree));
  const limited = (...names: string[]) =>
    image.tree({ rootEntries: names.map((name) => utf8(name)) });
  const names = (...wanted: string[]) =>
    limited(...wanted).root.entries.map(({ name }) => new TextDecoder().decode(name));
  assertEquals(names("c", "a"), ["a", "c"]);
  assertEquals(names("x", "00", ""), []);
  assertEquals(nodeAt(limited("a"), "a", "b"), inline(""));
  // A file is there under any of its names.
  assertEquals(nodeAt(limited("c"), "c", "l"), file);
  const both = limited("b", "c");
  assertEquals(entryAt(both, "c", "l"), entryAt(both, "b"));
  assertEquals(both.leaves, [file]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { findDirent } from "../../../lib/erofs/find_dirent.ts";
import { INODE_COMPACT } from "../../../lib/erofs/format.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { readDirectory } from "../../../lib/erofs/read_directory.ts";
import { writeErofs } from "../../../lib/erofs/write.ts";
import { LazyBytes } from "../../../lib/file/lazy_bytes.ts";
import { inode, none } from "../../kit/inodes.ts";
import { CountingFile } from "../../kit/counting_file.ts";
import { patched } from "../../kit/trees.ts";
const NID = 36;

/** An image of a root with `.`, `..` and these names, which lead to a fifo. */
function imageOf(names: readonly string[]): Uint8Array {
  const all = [".", "..", ...names];
  const root = inode("directory", {
    kind: "entries",
    names: all.map(utf8),
    inodes: all.map((_, i) => i < 2 ? 0 : 1),
  });
  return writeErofs([root, none()], new Uint8Array());
}

/** Where the root's entries are, if they stand behind its inode. */
const TAIL = 1152 + 32;

function withNameoff(index: number, nameoff: number): Uint8Array {
  return patched(imageOf(["aa", "bb"]), (view) => {
    view.setUint16(TAIL + index * 12 + 8, nameoff, true);
  });
}

Deno.test("each name is found, and nothing else, in directories of every size", () => {
  for (const count of [0, 1, 2, 3, 170, 171, 400, 5000]) {
    const names = Array.from({ length: count }, (_, i) => `n${String(2 * i).padStart(6, "0")}`);
    const image = new ErofsImage(imageOf(names));
    const root = image.inode(NID);
    const found = readDirectory(image, root, NID);
    assertEquals(found.length, count);
    for (const entry of found) assertEquals(findDirent(image, root, entry.name), entry);
    for (const absent of ["a", "n", "z", "n000001", `n${String(2 * count).padStart(6, "0")}`]) {
      assertEquals(findDirent(image, root, utf8(absent)), undefined);
    }
  }
});

Deno.test("of a large directory only a few blocks are looked at", () => {
  const names = Array.from({ length: 200_000 }, (_, i) => `n${String(i).padStart(6, "0")}`);
  const bytes = imageOf(names);
  const file = new CountingFile(bytes);
  const image = new ErofsImage(new LazyBytes(file, bytes.length));
  const entry = findDirent(image, image.inode(NID), utf8("n123456"));
  assertEquals(entry?.name, utf8("n123456"));
  assert(file.read < 16 * 65536, `${file.read} of ${bytes.length} bytes`);
});

Deno.test("a block that cannot be looked through is refused", () => {
  for (
    const [image, message] of [
      [withNameoff(0, 13), "first name at 13"],
      [withNameoff(2, 5000), "expected a name"],
    ] as const
  ) {
    const opened = new ErofsImage(image);
    assertThrows(
      () => findDirent(opened, opened.inode(NID), utf8("aa")),
      ImageFormatError,
      message,
    );
  }
});

Deno.test("a directory that ends behind the image is refused before it is looked through", () => {
  const image = patched(imageOf(["aa"]), (view) => {
    view.setUint16(1152, 0, true);
    view.setUint32(1152 + INODE_COMPACT.offsets.size, 0xffffffff, true);
  });
  const opened = new ErofsImage(image);
  assertThrows(
    () => findDirent(opened, opened.inode(NID), utf8("aa")),
    ImageFormatError,
    "data of inode at 1152",
  );
});

import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { readDirectory } from "../../../lib/erofs/read_directory.ts";
import { writeErofs } from "../../../lib/erofs/write.ts";
import { inode, none } from "../../kit/inodes.ts";
import { patched } from "../../kit/trees.ts";

const NID = 36;
/** Where the root's entries are, if they stand behind its inode. */
const TAIL = 1152 + 32;
const DIRENT = 12;

type Change = (view: DataView, image: Uint8Array) => void;

/** An image of a root with these names; `.` and `..` lead to it, all others to a fifo. */
function imageOf(...names: string[]): Uint8Array {
  const root = inode("directory", {
    kind: "entries",
    names: names.map(utf8),
    inodes: names.map((name) => name === "." || name === ".." ? 0 : 1),
  });
  return writeErofs([root, none()], new Uint8Array());
}

function read(image: Uint8Array) {
  const reader = new ErofsImage(image);
  return readDirectory(reader, reader.inode(NID), NID);
}

const namesIn = (image: Uint8Array) =>
  read(image).map(({ name }) => new TextDecoder().decode(name));

/** Refuses the directory of `.`, `..`, `aa` and `bb` after a change. */
function refuse(message: string, change: Change): void {
  const image = patched(imageOf(".", "..", "aa", "bb"), change);
  assertThrows(() => read(image), ImageFormatError, message);
}

const setName = (index: number, name: string): Change => (view, image) => {
  image.set(utf8(name), TAIL + view.getUint16(TAIL + index * DIRENT + 8, true));
};
const setNid = (index: number, nid: number): Change => (view) =>
  view.setUint32(TAIL + index * DIRENT, nid, true);
const setNameoff = (index: number, nameoff: number): Change => (view) =>
  view.setUint16(TAIL + index * DIRENT + 8, nameoff, true);

Deno.test("entries come without . and .., wherever these stand", () => {
  assertEquals(namesIn(imageOf(".", "..", "aa", "bb")), ["aa", "bb"]);
  assertEquals(namesIn(imageOf("!", "-", ".", ".-", "..", "..a", "0")), [
    "!",
    "-",
    ".-",
    "..a",
    "0",
  ]);
  assertEquals(namesIn(imageOf(".", "..")), []);
});

Deno.test("an entry has its nid, type and place", () => {
  const [entry] = read(imageOf(".", "..", "aa"));
  assertEquals([entry!.nid, entry!.fileType, entry!.offset], [39, 5, TAIL + 2 * DIRENT]);
});

Deno.test("a directory of many blocks reads in order", () => {
  const names = Array.from({ length: 500 }, (_, i) => String(i).padStart(40, "0"));
  assertEquals(namesIn(imageOf(".", "..", ...names)), names);
});

Deno.test("the last name of a block may be as long as the block", () => {
  const names = Array.from({ length: 15 }, (_, i) => String.fromCharCode(97 + i).repeat(244));
  names.push("p".repeat(4096 - 15 - 12 * 18 - 15 * 244 + 12));
  assertEquals(namesIn(imageOf(".", "..", ...names)).at(-1), names.at(-1));
});

Deno.test("names ascend, over all blocks, none twice", () => {
  refuse("is not behind", setName(3, "aa"));
  refuse("is not behind", setName(3, "a!"));
  refuse("is not behind", setName(2, "cc"));
});

Deno.test("names are 1 to 255 bytes without NUL and slash", () => {
  refuse("without NUL and slash", setName(2, "a\0"));
  refuse("without NUL and slash", setName(2, "a/"));
  refuse("expected a name", setName(3, "\0\0"));
  refuse("expected a name", setNameoff(3, 51));
  const names = ["c".repeat(200), "d".repeat(200), "e"];
  const image = patched(imageOf(".", "..", ...names), (view) => {
    view.setUint16(TAIL + 3 * DIRENT + 8, 5 * DIRENT + 3 + 256, true);
  });
  assertThrows(() => read(image), ImageFormatError, "expected at most 255 bytes");
});

Deno.test("name offsets ascend and stay in the block", () => {
  refuse("expected a name", setNameoff(2, 0));
  refuse("expected a name", setNameoff(2, 0xffff));
  refuse("expected a name", setNameoff(3, 0xffff));
  refuse("expected a name", setNameoff(3, 49));
});

Deno.test("the first name offset counts the dirents", () => {
  for (const first of [0, 1, 11, 13, 60_000, 600]) {
    refuse("first name at", setNameoff(0, first));
  }
});

Deno.test("a block too short for a dirent is refused", () => {
  for (let size = 1; size < DIRENT; size++) {
    refuse("dirent ends behind", (view) => view.setUint32(1152 + 8, size, true));
  }
});

Deno.test(". leads to the directory and .. to its parent", () => {
  refuse('"." leads to nid 37, expected 36', setNid(0, 37));
  refuse('".." leads to nid 0, expected 36', setNid(1, 0));
  refuse('"." leads to nid 4294967332', (view) => view.setUint32(TAIL + 4, 1, true));
  const reader = new ErofsImage(imageOf(".", ".."));
  assertThrows(() => readDirectory(reader, reader.inode(NID), 99), ImageFormatError, "expected 99");
});

Deno.test("a directory without . or .. is refused", () => {
  for (const names of [["."], [".."], ["a"], [".", "a"]]) {
    assertThrows(() => read(imageOf(...names)), ImageFormatError, "without . or ..");
  }
});

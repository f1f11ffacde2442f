import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { utf8 } from "../../../lib/bytes/text.ts";
import { createImageFromDump, encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import type { ImageEntry } from "../../../lib/composefs/image_entry.ts";
import type { FormatVersion, VersionRange } from "../../../lib/composefs/version.ts";
import { DIRENT, SUPER_BLOCK } from "../../../lib/erofs/format.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { createRandom } from "../../../scripts/random.ts";
import { compareFiles } from "../../kit/compare_files.ts";
import { CountingFile } from "../../kit/counting_file.ts";
import { mutateImage } from "../../kit/mutate.ts";
import { randomDump } from "../../kit/random_dump.ts";
import {
  directory,
  external,
  hardLink,
  inline,
  locate,
  patched,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";
import { VECTORS } from "../../kit/vectors.ts";

const file = inline("hello");
const gone = special("character", 0, { xattrs: [xattr("user.a", "b")] });
const TREE = directory({
  "00": special("character", 0),
  "a": directory({
    "b": directory({ "c": file, "up": symlink("../../f/") }),
    "far": external(9, "ab/cd"),
    "gone": gone,
    "sub": symlink("b"),
  }, { xattrs: [xattr("trusted.overlay.opaque", "y")] }),
  "f": inline("f"),
  "hard": hardLink(file),
  "loop": symlink("loop2"),
  "loop2": symlink("./loop"),
  "p": special("fifo"),
}, { xattrs: [xattr("user.root", "1")] });

const VERSIONS: readonly FormatVersion[] = [0, 1, 2];
const IMAGE = encodeImage(TREE);

Deno.test("files are those of the tree, in memory and in a file, in each format version", () => {
  for (const format of VERSIONS) {
    const bytes = encodeImage(TREE, { format });
    for (const source of [bytes, memoryFile(bytes)]) {
      const image = openImage(source);
      assertEquals(image.version, format);
      assertEquals(compareFiles(image, image.tree()), 13);
      assertEquals(image.tree(), openImage(bytes).tree());
    }
  }
});

Deno.test("files of the images of all vectors are those of the tree", () => {
  for (const { dump, versions } of VECTORS) {
    const image = openImage(memoryFile(createImageFromDump([dump()], versions as VersionRange)));
    compareFiles(image, image.tree());
  }
});

const GOLDEN = new URL("../../golden/", import.meta.url);

Deno.test("files of the images of all goldens are those of the tree", () => {
  const names = readdirSync(GOLDEN).filter((name) => name.endsWith(".dump"));
  assert(names.length > 10);
  for (const name of names) {
    const dump = readFileSync(new URL(name, GOLDEN));
    for (const format of VERSIONS) {
      const image = tryEncode(dump, { format });
      if (image !== undefined) compareFiles(openImage(memoryFile(image)), openImage(image).tree());
    }
  }
});

/** Makes an image, or nothing if the dump is refused. */
function tryEncode(dump: Uint8Array, range: VersionRange): Uint8Array<ArrayBuffer> | undefined {
  try {
    return createImageFromDump([dump], range);
  } catch (error) {
    assert(error instanceof Error && !(error instanceof TypeError), String(error));
    return undefined;
  }
}

Deno.test("files of the images of random dumps are those of the tree", () => {
  let names = 0;
  for (let seed = 4_000_000; seed < 4_000_150; seed++) {
    const { dump, ...range } = randomDump(seed);
    const image = tryEncode(dump, range);
    if (image !== undefined) {
      names += compareFiles(openImage(memoryFile(image)), openImage(image).tree());
    }
  }
  assert(names > 500, `${names} names`);
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const pathsFound = (image: Uint8Array, ...paths: string[]) =>
  paths.map((path) => text(openImage(image).lookup(utf8(path)).path));

Deno.test("a path is followed as in a tree", () => {
  for (const path of ["a/b/c", "/a//b/./c/", "a/sub/c", "../../a/b/../sub/c"]) {
    assertEquals(pathsFound(IMAGE, path), ["/a/b/c"]);
  }
  assertEquals(pathsFound(IMAGE, "a/b/up", "a/sub/up", "hard"), ["/f", "/f", "/hard"]);
  assertEquals(pathsFound(IMAGE, "", "/", "..", "a/../.", "a/sub/"), ["/", "/", "/", "/", "/a/b"]);
  const refuse = (path: string, message: string) =>
    assertThrows(() => openImage(IMAGE).lookup(utf8(path)), TreeError, message);
  refuse("a/none", 'Cannot find "a/none": no such file or directory');
  refuse("loop", "too many levels of symbolic links");
  refuse("f/x", '"f" is not a directory');
  // One of the whiteouts that hide the object directories.
  refuse("01", "no such file or directory");
});

Deno.test("names of one file have one number", () => {
  const { root } = openImage(IMAGE);
  const [a, hard] = ["a", "hard"].map((name) => root.find(utf8(name))!);
  const c = a!.find(utf8("b"))!.find(utf8("c"))!;
  assertEquals([c.nid, c.node], [hard!.nid, hard!.node]);
  assertEquals([root.nid, root.parent], [36, undefined]);
  assertStrictEquals(c.parent!.parent!.parent, root);
});

Deno.test("a whiteout's further name is a whiteout where its directory says that it holds some", () => {
  const kinds = (image: Uint8Array, ...paths: string[]) =>
    paths.map((path) => openImage(image).lookup(utf8(path)).kind);
  const image = encodeImage(directory({
    a: directory({ w: gone }),
    x: directory({ l: hardLink(gone) }),
    y: directory({ l: hardLink(gone), w: special("character", 0) }),
  }));
  assertEquals(kinds(image, "a/w", "x/l", "y/l"), ["character", "regular", "character"]);
});

Deno.test("only directories have entries", () => {
  const f = openImage(IMAGE).lookup(utf8("f"));
  assertThrows(() => [...f.entries()], TypeError, "A regular file has no entries");
  assertThrows(() => f.find(utf8("x")), TypeError, "A regular file has no entries");
  const { root } = openImage(IMAGE);
  for (const name of [".", ".."]) assertEquals(root.find(utf8(name)), undefined);
});

Deno.test("of a large image in a file little is read", () => {
  const names = Array.from({ length: 50_000 }, (_, i) => `n${String(i).padStart(9, "0")}`);
  const bytes = encodeImage(directory({
    d: directory(Object.fromEntries(names.map((name) => [name, inline(name)]))),
  }));
  const counting = new CountingFile(bytes);
  const { node } = openImage(counting).lookup(utf8("/d/n000012345"));
  assertEquals(node.kind === "regular" && node.file, inline("n000012345").file);
  assert(counting.read < bytes.length / 4, `${counting.read} of ${bytes.length} bytes`);
});

Deno.test("what has been read stays as it was, and what has gone is noticed", () => {
  const changing = new CountingFile(IMAGE.slice());
  const image = openImage(changing);
  changing.bytes.fill(0);
  assertEquals(image.tree(), openImage(IMAGE).tree());
  const large = encodeImage(directory({ f: inline(new Uint8Array(5000)), g: symlink("t") }));
  const bytes = new Uint8Array(1 << 20);
  bytes.set(large);
  new DataView(bytes.buffer).setUint32(1024 + SUPER_BLOCK.offsets.blocks, 256, true);
  const shrinking = new CountingFile(bytes);
  const opened = openImage(patchedFar(shrinking));
  shrinking.length = large.length;
  assertThrows(
    () => opened.lookup(utf8("f")).node,
    ImageFormatError,
    "the file has become shorter",
  );
});

/** Lets a file's data lie at the end of a large image. */
function patchedFar(far: CountingFile): CountingFile {
  const { inode } = locate(far.bytes, "f");
  new DataView(far.bytes.buffer).setUint32(inode.start + 16, 255, true);
  return far;
}

Deno.test("what is looked at is checked, and nothing else", () => {
  const { entry } = locate(IMAGE, "p");
  const wrong = patched(IMAGE, (view) => {
    view.setUint8(entry!.offset + DIRENT.offsets.fileType, 1);
  });
  const { root } = openImage(wrong);
  assertEquals(openImage(wrong).lookup(utf8("f")).kind, "regular");
  assertEquals([...root.entries()].length, 7);
  const message = 'file type 1 of "p", expected 5';
  assertThrows(() => root.find(utf8("p"))!.kind, ImageFormatError, message);
  assertThrows(() => openImage(wrong).lookup(utf8("p")), ImageFormatError, message);
  assertThrows(() => openImage(wrong).check(), ImageFormatError, message);
  openImage(IMAGE).check();
});

Deno.test("a root that is no directory is refused where it is looked at", () => {
  const nid = locate(IMAGE, "f").inode.nid;
  const { root, lookup } = openImage(patched(IMAGE, (view) => {
    view.setUint16(1024 + SUPER_BLOCK.offsets.rootNid, nid, true);
  }));
  const message = "root is a regular, not a directory";
  for (
    const look of [
      () => root.kind,
      () => root.node,
      () => root.find(utf8("f")),
      () => lookup(utf8("f")),
    ]
  ) {
    assertThrows(look, ImageFormatError, message);
  }
});

Deno.test("a directory that holds itself is followed as far as a path goes, and no tree", () => {
  const image = encodeImage(directory({ a: directory({ b: directory() }) }));
  const { inode } = locate(image, "a");
  const { entry } = locate(image, "a", "b");
  const cyclic = patched(image, (view) => view.setUint32(entry!.offset, inode.nid, true));
  assertEquals(pathsFound(cyclic, "a/b/b/b/b"), ["/a/b/b/b/b"]);
  assertThrows(() => openImage(cyclic).check(), ImageFormatError, "has a second name");
});

Deno.test("files of damaged images are read or refused", () => {
  const images = VECTORS.map(({ dump, versions }) =>
    createImageFromDump([dump()], versions as VersionRange)
  )
    .filter(({ length }) => length < 100_000);
  let refused = 0;
  for (let seed = 0; seed < 1_500; seed++) {
    const random = createRandom(5_000_000 + seed);
    const damaged = mutateImage(random, random.pick(images), random.pick(images));
    try {
      lookAround(openImage(memoryFile(damaged)).root);
    } catch (error) {
      if (!(error instanceof ImageFormatError)) throw error;
      refused++;
    }
  }
  assert(refused > 100, `${refused} refused`);
});

/** Looks at a number of files, which may lead anywhere. */
function lookAround(root: ImageEntry): void {
  const pending = [root];
  for (let steps = 0; steps < 2_000; steps++) {
    const entry = pending.pop();
    if (entry === undefined) return;
    assert(entry.node.stat.mode <= 0o7777);
    if (entry.kind !== "directory") continue;
    for (const child of entry.entries()) {
      pending.push(child);
      entry.find(child.name);
    }
  }
}

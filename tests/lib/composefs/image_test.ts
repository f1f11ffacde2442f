import { TreeError } from "../../../lib/tree/tree_error.ts";
import { ErofsImage } from "../../../lib/erofs/image.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { createImage, createImageFromDump, encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";
import { MemoryNode, memoryTree } from "../../../lib/tree/memory_tree.ts";
import { directory, dumpText, inline, ROOT, special, xattr } from "../../kit/trees.ts";

const headerOf = (image: Uint8Array) =>
  [...new Uint32Array(image.slice(0, 32).buffer)].map((word) => word.toString(16));

Deno.test("the header in front of the superblock", () => {
  const image = encodeImage(directory());
  assertEquals(headerOf(image), ["d078629a", "1", "0", "0", "0", "0", "0", "0"]);
  assertEquals(image.subarray(32, 1024).every((byte) => byte === 0), true);
});

Deno.test("the header states the version taken", () => {
  const whiteout = directory({ w: special("character", 0) });
  assertEquals(headerOf(encodeImage(whiteout))[3], "1");
  assertEquals(headerOf(encodeImage(whiteout, { maxVersion: 0 }))[3], "0");
  assertEquals(headerOf(encodeImage(directory(), { minVersion: 1 }))[3], "1");
});

Deno.test("the flag of ACLs is for the two exact names", () => {
  const flags = (name: string) =>
    headerOf(encodeImage(directory({ f: inline("", { xattrs: [xattr(name)] }) })))[2];
  assertEquals(flags("system.posix_acl_access"), "1");
  assertEquals(flags("system.posix_acl_default"), "1");
  assertEquals(flags("system.posix_acl_accessZ"), "0");
  assertEquals(flags("user.system.posix_acl_access"), "0");
});

Deno.test("the root alone", () => {
  const image = createImageFromDump([utf8(ROOT)]);
  assertEquals(image.length, 16384);
  assertEquals(
    fsVerityDigest(image).toHex(),
    "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682",
  );
});

Deno.test("a directory, its dump and its image say the same", async () => {
  const source = memoryTree(
    new MemoryNode({
      "small": "inline",
      "large": "x".repeat(100),
      "dir": { "link": new MemoryNode({ target: utf8("../small") }) },
    }, { mtime: 5 }),
  );
  const image = await createImage(source);
  const dump = dumpText(openImage(image).tree());
  assertEquals(createImageFromDump([utf8(dump)]), image);
  assertEquals(dump.split("\n").map((line) => line.split(" ")[0]), [
    "/",
    "/dir",
    "/dir/link",
    "/large",
    "/small",
    "",
  ]);
});

Deno.test("options reach the scan, the contents and the writer", async () => {
  const source = memoryTree({ f: new MemoryNode("x".repeat(100), { mtime: 9 }) });
  const store = new MemoryStore();
  const image = await createImage(source, { store, useEpoch: true, minVersion: 1 });
  const { buildTime } = new ErofsImage(image).superBlock;
  assertEquals([store.size, buildTime, openImage(image).version], [1, 0, 1]);
});

Deno.test("what cannot be made is refused by what it is", async () => {
  assertThrows(() => createImageFromDump([utf8("x")]), DumpfileSyntaxError);
  assertThrows(() => createImageFromDump([utf8(ROOT)], { minVersion: 2 }), RangeError, "version 2");
  assertThrows(() => encodeImage(directory({ b: inline(""), a: inline("") })), TreeError, '"/a"');
  await assertRejects(() => createImage(memoryTree(new MemoryNode("f"))), TreeError, "directory");
  await assertRejects(
    () => createImage(memoryTree({ "a\0": "" })),
    TreeError,
    "Cannot make an image",
  );
});

Deno.test("strict reaches the parser", () => {
  assertThrows(
    () => createImageFromDump([utf8(ROOT.trimEnd())], { strict: true }),
    DumpfileSyntaxError,
    "missing trailing newline",
  );
});

Deno.test("a tree is left alone and gives the same bytes again", () => {
  const tree = directory({ d: directory({ w: special("character", 0) }), f: inline("x") }).made;
  const before = structuredClone(tree);
  assertEquals(encodeImage(tree), encodeImage(tree));
  assertEquals(tree, before);
});

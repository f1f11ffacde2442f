import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { type File, memoryFile } from "../../../lib/file/file.ts";
import {
  completeContent,
  ContentMaker,
  type ContentsOptions,
  type FileReader,
  INLINE_THRESHOLD,
  resolveContents,
} from "../../../lib/composefs/contents.ts";
import { createImage } from "../../../lib/composefs/image.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";
import type { ObjectStore } from "../../../lib/objects/object_store.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { MemoryNode, memoryTree } from "../../../lib/tree/memory_tree.ts";
import { scanTree, type Source } from "../../../lib/tree/scan.ts";
import type { SourceTree } from "../../../lib/tree/source.ts";
import type { Content } from "../../../lib/tree/tree.ts";
import { directory, entryAt, external, hardLink, inline, nodeAt } from "../../kit/trees.ts";

const MEBIBYTE = 2 ** 20;
const bytes = (length: number) => new Uint8Array(length).fill(0x61);

/** What becomes of a file with these contents. */
async function contentOf(contents: Uint8Array, options: ContentsOptions = {}): Promise<Content> {
  const source = memoryTree({ f: contents });
  const node = nodeAt(await resolveContents(scanTree(source), source, options), "f");
  if (node.kind !== "regular") throw new TypeError("No regular file");
  return node.file;
}

/** A source of one file `f` that is opened as something else than what was scanned. */
function changing(scanned: number, opened: File): SourceTree {
  const source = memoryTree({ f: bytes(scanned) });
  return {
    root: (xattrs) => source.root(xattrs),
    list: (path, options) => source.list(path, options),
    open: () => opened,
  };
}

async function refuseChanged(
  scanned: number,
  opened: File,
  store = new MemoryStore(),
): Promise<void> {
  const source = changing(scanned, opened);
  await assertRejects(
    () => resolveContents(scanTree(source), source, { store }),
    RangeError,
    'Cannot digest "f": it changed while it was read',
  );
  assertEquals(store.size, 0);
}

Deno.test("files of up to 64 bytes are kept in the image", async () => {
  assertEquals(INLINE_THRESHOLD, 64);
  for (const length of [0, 1, 64]) {
    assertEquals(await contentOf(bytes(length)), { kind: "inline", bytes: bytes(length) });
  }
});

Deno.test("files from 65 bytes on are named by their digest", async () => {
  for (const length of [65, 4096, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE]) {
    const contents = bytes(length);
    const digest = fsVerityDigest(contents);
    assertEquals(await contentOf(contents), {
      kind: "external",
      size: length,
      path: utf8(objectPath(digest)),
      digest,
    });
  }
});

Deno.test("inline contents are a copy of their own", async () => {
  const source = memoryTree({ a: "first", b: "second" });
  const tree = await resolveContents(scanTree(source), source);
  assertEquals(nodeAt(tree, "a"), inline("first"));
  assertEquals(nodeAt(tree, "b"), inline("second"));
});

Deno.test("the store gets large files, each contents once", async () => {
  const store = new MemoryStore();
  const large = bytes(MEBIBYTE + 5);
  const source = memoryTree({ a: bytes(65), b: bytes(65), c: bytes(64), d: large });
  await resolveContents(scanTree(source), source, { store });
  assertEquals(store.size, 2);
  assertEquals(store.has(fsVerityDigest(bytes(65)), 65), true);
  assertEquals(store.has(fsVerityDigest(large), large.length), true);
});

Deno.test("what the store has is not put again", async () => {
  const store = new MemoryStore();
  const contents = bytes(100);
  store.put(fsVerityDigest(contents), 100, contents);
  const puts: number[] = [];
  const watched: ObjectStore = {
    has: (digest, size) => store.has(digest, size),
    open: (digest) => store.open(digest),
    put: (_, size) => void puts.push(size),
  };
  await contentOf(contents, { store: watched });
  assertEquals(puts, []);
});

Deno.test("an error of the store comes through as it is", async () => {
  for (const failing of ["has", "put"] as const) {
    const error = new Error("No space");
    const store: ObjectStore = { has: () => false, put: () => {}, open: () => undefined };
    store[failing] = () => {
      throw error;
    };
    assertStrictEquals(await assertRejects(() => contentOf(bytes(65), { store })), error);
    assertEquals((await contentOf(bytes(64), { store })).kind, "inline");
  }
});

Deno.test("a file that has shrunk or grown is refused", async () => {
  for (const scanned of [1, 64, 65, 5000, MEBIBYTE, MEBIBYTE + 1]) {
    await refuseChanged(scanned, memoryFile(bytes(scanned - 1)));
    await refuseChanged(scanned, memoryFile(bytes(scanned + 1)));
    await refuseChanged(scanned, memoryFile(bytes(scanned + 3 * MEBIBYTE)));
  }
});

Deno.test("an empty file is not opened", async () => {
  const source = changing(0, memoryFile(bytes(5)));
  const tree = await resolveContents(scanTree(source), source);
  assertEquals(nodeAt(tree, "f"), inline(""));
});

Deno.test("a large file that changes between digest and store is refused by the store", async () => {
  let reads = 0;
  const file: File = {
    size: 2 * MEBIBYTE,
    readAt(into, position) {
      const whole = bytes(2 * MEBIBYTE);
      if (reads++ > 2) whole[0] = 0;
      const part = whole.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    [Symbol.dispose]() {},
  };
  const source = changing(2 * MEBIBYTE, file);
  const store = new MemoryStore();
  await assertRejects(
    () => resolveContents(scanTree(source), source, { store }),
    IntegrityError,
    "contents have changed",
  );
});

Deno.test("files are closed, also when reading fails", async () => {
  let closed = 0;
  const file = (size: number): File => ({
    ...memoryFile(bytes(size)),
    [Symbol.dispose]() {
      closed++;
    },
  });
  const source = changing(5, file(5));
  await resolveContents(scanTree(source), source);
  assertEquals(closed, 1);
  await refuseChanged(5, file(6));
  assertEquals(closed, 2);
});

Deno.test("hard links lead to the one file", async () => {
  const file = {
    kind: "regular" as const,
    stat: inline("").stat,
    file: { size: 5, path: utf8("d/f") },
  };
  const tree = directory<Source>({
    a: hardLink<Source>(file),
    d: directory<Source>({ f: file }),
    z: hardLink<Source>(file),
  });
  const resolved = await resolveContents(tree, memoryTree({ d: { f: "hello" } }));
  assertEquals(resolved.leaves, [inline("hello")]);
  for (const names of [["a"], ["d", "f"], ["z"]]) assertEquals(entryAt(resolved, ...names), 0);
});

Deno.test("everything but contents stays as it was", async () => {
  const source = memoryTree(
    new MemoryNode({ d: new MemoryNode({ l: new MemoryNode({ target: utf8("t") }) }) }, { uid: 9 }),
  );
  const tree = scanTree(source);
  assertEquals(await resolveContents(tree, source) as unknown, tree);
});

Deno.test("a reader of one's own is given all files, and its contents are taken", async () => {
  const source = memoryTree({ a: bytes(70), d: { b: "" } });
  const file = external(70, "elsewhere").file;
  const seen: string[] = [];
  const reader: FileReader = {
    add(source) {
      seen.push(new TextDecoder().decode(source.path));
      return file;
    },
    finish: () => Promise.resolve(),
  };
  const tree = await resolveContents(scanTree(source), source, { reader });
  assertEquals(seen, ["a", "d/b"]);
  assertEquals(nodeAt(tree, "a"), external(70, "elsewhere"));
});

Deno.test("progress adds up to all bytes", async () => {
  const source = memoryTree({ a: bytes(100), b: "", c: bytes(10) });
  const progress: [number, number][] = [];
  await resolveContents(scanTree(source), source, {
    onRead: (done, total) => progress.push([done, total]),
  });
  // Here files are read as they are added, so that no more is known of than is done.
  assertEquals(progress, [[100, 100], [100, 100], [110, 110]]);
});

Deno.test("5,000 levels need no stack", async () => {
  const file = {
    kind: "regular" as const,
    stat: inline("").stat,
    file: { size: 0, path: utf8("") },
  };
  let tree = directory<Source>({ f: file, l: hardLink<Source>(file) });
  for (let level = 0; level < 5000; level++) tree = directory<Source>({ d: tree });
  const resolved = await resolveContents(tree, memoryTree({}));
  assertEquals(resolved.leaves, [inline("")]);
  const levels = Array(5000).fill("d");
  for (const name of ["f", "l"]) assertEquals(entryAt(resolved, ...levels, name), 0);
});

Deno.test("pending contents become those of a file that was read", () => {
  for (const size of [1, 64, 65, 5000]) {
    const content = new ContentMaker().pending(size);
    const whole = bytes(size);
    const isInline = content.kind === "inline";
    assertEquals(isInline, size <= INLINE_THRESHOLD);
    completeContent(content, isInline ? whole : fsVerityDigest(whole).bytes);
    assertEquals(
      content,
      isInline
        ? { kind: "inline", bytes: whole }
        : new ContentMaker().external(size, fsVerityDigest(whole)),
    );
  }
});

Deno.test("an image does not wait for bytes to be in place before it is drafted", async () => {
  const source = memoryTree({ a: "x".repeat(64), b: "y".repeat(65), d: { c: "y".repeat(65) } });
  const pending: [Content, Source][] = [];
  const reader: FileReader = {
    add(file) {
      const content = new ContentMaker().pending(file.size);
      pending.push([content, file]);
      return content;
    },
    async finish() {
      await new Promise((resolve) => setTimeout(resolve));
      for (const [content, file] of pending) {
        const bytes = new Uint8Array(file.size).fill(file.size === 64 ? 0x78 : 0x79);
        completeContent(content, content.kind === "inline" ? bytes : fsVerityDigest(bytes).bytes);
      }
    },
  };
  assertEquals(await createImage(source, { reader }), await createImage(source));
});

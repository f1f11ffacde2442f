import { putObject } from "../../../lib/objects/object_store.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { type File, memoryFile } from "../../../lib/file/file.ts";
import { ContentTable, INLINE_THRESHOLD } from "../../../lib/composefs/contents.ts";
import {
  type FileReader,
  type ReadFilesOptions,
  SequentialReader,
} from "../../../lib/composefs/file_reader.ts";
import { encodeImage, encodeSource, readSource } from "../../../lib/composefs/image.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { memoryTree } from "../../../lib/tree/memory_tree.ts";
import type { SourceTree } from "../../../lib/tree/source.ts";
import type { Content } from "../../../lib/tree/tree.ts";
import { directory, external, inline, nodeAt } from "../../kit/trees.ts";

const MEBIBYTE = 2 ** 20;
const bytes = (length: number) => new Uint8Array(length).fill(0x61);

/** What becomes of a file of a source. */
async function contentAt(
  source: SourceTree,
  name: string,
  options: ReadFilesOptions = {},
): Promise<Content> {
  const { tree, contents } = await readSource(source, options);
  const node = nodeAt(tree, name);
  if (node.kind !== "regular") throw new TypeError("No regular file");
  return contents.content(node.file, contents.algorithms[0]!);
}

/** What becomes of a file with these contents. */
function contentOf(contents: Uint8Array, options: ReadFilesOptions = {}): Promise<Content> {
  return contentAt(memoryTree({ f: contents }), "f", options);
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
    () => readSource(source, { store }),
    IntegrityError,
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
  assertEquals(await contentAt(source, "a"), inline("first").file);
  assertEquals(await contentAt(source, "b"), inline("second").file);
});

Deno.test("the store gets large files, each contents once", async () => {
  const store = new MemoryStore();
  const large = bytes(MEBIBYTE + 5);
  const source = memoryTree({ a: bytes(65), b: bytes(65), c: bytes(64), d: large });
  await readSource(source, { store });
  assertEquals(store.size, 2);
  assertEquals(store.has(fsVerityDigest(bytes(65)), 65), true);
  assertEquals(store.has(fsVerityDigest(large), large.length), true);
});

Deno.test("what the store has is not put again", async () => {
  const store = new MemoryStore();
  const contents = bytes(100);
  putObject(store, fsVerityDigest(contents), 100, contents);
  store.draft = () => {
    throw new Error("It is there");
  };
  await contentOf(contents, { store });
  assertEquals(store.size, 1);
});

Deno.test("an error of the store comes through as it is", async () => {
  for (const failing of ["has", "draft"] as const) {
    const error = new Error("No space");
    const store = new MemoryStore();
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
  assertEquals(await contentAt(source, "f"), inline("").file);
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
    () => readSource(source, { store }),
    IntegrityError,
    "the file it was made of changed",
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
  await readSource(source);
  assertEquals(closed, 1);
  await refuseChanged(5, file(6));
  assertEquals(closed, 2);
});

Deno.test("a file with several names is read once", async () => {
  const source = memoryTree({ a: "hello", b: "" });
  let opened = 0;
  const linked: SourceTree = {
    root: (xattrs) => source.root(xattrs),
    open(path) {
      opened++;
      return source.open(path);
    },
    list: (path, options) =>
      source.list(path, options).map((entry) => ({ ...entry, size: 5, fileId: "1" })),
  };
  for (const hardLinks of [false, true]) {
    opened = 0;
    await readSource(linked, { hardLinks });
    assertEquals(opened, 1);
  }
});

Deno.test("a reader of one's own is given all files, and what it makes of them is taken", async () => {
  const source = memoryTree({ a: bytes(70), d: { b: "" } });
  const seen: string[] = [];
  const table = new ContentTable(["sha512"]);
  const digest = fsVerityDigest(bytes(9), { algorithm: "sha512" });
  const reader: FileReader = {
    add({ name, size }, directory) {
      seen.push(`${new TextDecoder().decode(directory)}:${new TextDecoder().decode(name)}`);
      const row = table.add(size);
      if (size > 0) table.fill(row, digest.bytes);
      return row;
    },
    finish: () => Promise.resolve(table.complete()),
  };
  const { contents } = await readSource(source, { reader });
  assertEquals(seen, [":a", "d:b"]);
  assertEquals(contents.content(0, "sha512"), {
    kind: "external",
    size: 70,
    path: utf8(objectPath(digest)),
    digest,
  });
  assertEquals(contents.content(1, "sha512"), inline("").file);
});

Deno.test("files are digested by several algorithms at once", async () => {
  const large = bytes(MEBIBYTE + 5);
  const source = memoryTree({ a: bytes(65), b: large, c: bytes(64) });
  const algorithms = ["sha256", "sha512"] as const;
  const { contents } = await readSource(source, { algorithms });
  for (const algorithm of algorithms) {
    for (const [row, file] of [bytes(65), large].entries()) {
      const { bytes } = fsVerityDigest(file, { algorithm });
      assertEquals(contents.digestBytes(row, algorithm), bytes);
    }
  }
  assertEquals(contents.inline(2), bytes(64));
});

Deno.test("several digests and a store do not go together", () => {
  const algorithms = ["sha256", "sha512"] as const;
  const store = new MemoryStore();
  assertThrows(() => new SequentialReader(memoryTree({}), { algorithms, store }), TypeError);
  assertThrows(() => new SequentialReader(memoryTree({}), { algorithms: [] }), TypeError);
});

Deno.test("progress adds up to all bytes", async () => {
  const source = memoryTree({ a: bytes(100), b: "", c: bytes(10) });
  const progress: unknown[] = [];
  await readSource(source, {
    onRead: (done, total) => progress.push([done, total]),
  });
  // Files are read as they are found here, so the total is known once all is done.
  assertEquals(progress, [[100, undefined], [100, undefined], [110, undefined], [110, 110]]);
});

Deno.test("an image is that of the tree with its contents", async () => {
  const source = memoryTree({ a: "x".repeat(64), b: "y".repeat(65), d: { c: "y".repeat(65) } });
  const read = await readSource(source);
  const tree = directory({
    a: inline("x".repeat(64), { mode: 0o644 }),
    b: stored("y".repeat(65)),
    d: directory({ c: stored("y".repeat(65)) }, { mode: 0o755 }),
  }, { mode: 0o755 });
  assertEquals(encodeSource(read), encodeImage(tree));
});

function stored(contents: string) {
  const digest = fsVerityDigest(utf8(contents));
  return external(contents.length, objectPath(digest), digest, { mode: 0o644 });
}

Deno.test("a store is flushed once all that goes there has been put", async () => {
  const sizes: number[] = [];
  class CountingStore extends MemoryStore {
    override flush(): void {
      sizes.push(this.size);
    }
  }
  await readSource(memoryTree({ f: bytes(100), g: bytes(200) }), { store: new CountingStore() });
  assertEquals(sizes, [2]);
});

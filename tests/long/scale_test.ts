/** Trees and images of sizes and shapes that nobody means well with: time and memory stay in proportion. */

import { ErofsImage } from "../../lib/erofs/image.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { equalBytes } from "../../lib/bytes/compare.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { createImageFromDump, encodeImage } from "../../lib/composefs/image.ts";
import { openImage } from "../../lib/composefs/open.ts";
import { parseDumpfile } from "../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../lib/dumpfile/write.ts";
import { ImageFormatError } from "../../lib/erofs/image_format_error.ts";
import type { Content, Tree } from "../../lib/tree/tree.ts";
import { nameCounts } from "../../lib/tree/walk.ts";
import { longTest } from "../../scripts/test/effort.ts";
import { createRandom } from "../../scripts/random.ts";
import {
  directory,
  dumpBytes,
  hardLink,
  inline,
  listing,
  locate,
  patched,
  ROOT,
  xattr,
} from "../kit/trees.ts";

/** Runs something that takes less than `seconds`: many times what it takes in practice. */
function within<T>(seconds: number, run: () => T): T {
  const start = performance.now();
  const result = run();
  const elapsed = (performance.now() - start) / 1000;
  assert(elapsed < seconds, `took ${elapsed} s, expected less than ${seconds}`);
  return result;
}

/** Bytes of memory that are in use while `run` holds its result. */
function memoryOf(run: () => unknown): number {
  const before = Deno.memoryUsage();
  const kept = run();
  const after = Deno.memoryUsage();
  assert(kept !== undefined);
  return after.heapUsed + after.external - before.heapUsed - before.external;
}

function nested(levels: number): Tree<Content> {
  let tree = directory();
  for (let level = 0; level < levels; level++) tree = directory({ d: tree });
  return tree;
}

/** How many directories stand in one another. */
function depthOf(tree: Tree<Content>): number {
  let depth = 0;
  for (let node = tree.root.entries[0]?.node; typeof node === "object"; depth++) {
    node = node.entries[0]?.node;
  }
  return depth;
}

/** Length of a tree's dump, up to a limit at which writing is given up. */
function dumpLength(tree: Tree<Content>, limit = Infinity): number {
  let length = 0;
  for (const chunk of writeDumpfile(tree)) {
    length += chunk.length;
    if (length > limit) break;
  }
  return length;
}

Deno.test("3,000 levels go through dump and image and back", () => {
  within(10, () => {
    const image = encodeImage(nested(3000));
    for (const view of ["exact", "libcomposefs"] as const) {
      const tree = openImage(image).tree({ view });
      assertEquals(depthOf(tree), 3000);
      const dump = dumpBytes(tree);
      assertEquals(depthOf(parseDumpfile([dump])), 3000);
      assertEquals(createImageFromDump([dump]).length, image.length);
    }
  });
});

longTest("100,000 levels need no stack", () => {
  within(20, () => {
    const image = encodeImage(nested(100_000));
    const tree = openImage(image).tree();
    assertEquals(depthOf(tree), 100_000);
    // The whole dump would take 10 GB.
    assert(dumpLength(tree, 1e8) > 1e8);
    assertEquals(encodeImage(tree).length, image.length);
  });
});

longTest("a directory of 200,000 entries in random order", () => {
  const lines = Array.from({ length: 200_000 }, (_, i) => `/f${i} 0 100644 1 0 0 0 0.0 - - -\n`);
  const shuffled = utf8(ROOT + createRandom(1).shuffle(lines).join(""));
  const sorted = utf8(ROOT + lines.sort().join(""));
  within(60, () => {
    const image = createImageFromDump([shuffled]);
    const other = createImageFromDump([sorted]);
    assert(equalBytes(image, other));
    assertEquals(openImage(image).tree().root.entries.length, 200_000);
  });
});

longTest("100,000 hard links to one file", () => {
  const links = Array.from(
    { length: 100_000 },
    (_, i) => `/l${i} 0 @100644 1 0 0 0 0.0 /d/f - -\n`,
  );
  const dump = `${ROOT}/d 0 40755 2 0 0 0 0.0 - - -\n/d/f 0 100644 9 0 0 0 0.0 - - -\n`;
  within(20, () => {
    const image = createImageFromDump([utf8(dump + links.join(""))]);
    assertEquals(new ErofsImage(image).superBlock.inos, 1 + 256 + 2);
    const tree = openImage(image).tree();
    assertEquals(tree.leaves.length, 1);
    assertEquals(nameCounts(tree), Uint32Array.of(100_001));
    assertEquals(createImageFromDump([dumpBytes(tree)]).length, image.length);
  });
});

Deno.test("a chain of 100,000 hard links, named from its far end", () => {
  const count = 100_000;
  const links = Array.from(
    { length: count },
    (_, i) => `/l${i} 0 @100644 1 0 0 0 0.0 /l${i + 1} - -\n`,
  );
  const dump = utf8(`${ROOT}${links.join("")}/l${count} 0 100644 1 0 0 0 0.0 - - -\n`);
  const tree = within(20, () => parseDumpfile([dump]));
  assertEquals(tree.leaves.length, 1);
  assertEquals(nameCounts(tree), Uint32Array.of(count + 1));
});

Deno.test("an image that repeats a large xattr is handled in its own size", () => {
  const large = [xattr("user.a", new Uint8Array(32_000).fill(0x76))];
  const files = Array.from(
    { length: 16_000 },
    (_, i) => [utf8(`f${String(i).padStart(5, "0")}`), inline("", { xattrs: large })] as const,
  );
  const image = encodeImage(listing(...files));
  // Written out, the xattrs are 512 MB.
  assert(image.length < 2 * 2 ** 20, `${image.length} bytes`);
  for (const view of ["exact", "libcomposefs"] as const) {
    const used = memoryOf(() => {
      const tree = within(5, () => openImage(image).tree({ view }));
      assertEquals(within(5, () => encodeImage(tree)).length, image.length);
      assert(dumpLength(tree, 1e7) > 1e7);
      return tree;
    });
    assert(used < 128 * 2 ** 20, `${used} bytes`);
  }
});

Deno.test("references to every place of an xattr area are refused or decoded in its own size", () => {
  // 120 references on each of 100 files, to places four bytes apart inside of one long value, each of
  // which holds what reads as an entry of its own.
  const value = new Uint8Array(29_000);
  const view = new DataView(value.buffer);
  for (let at = 0; at < value.length; at += 4) view.setUint32(at, 0x00000101, true);
  const names = Array.from({ length: 120 }, (_, i) => xattr(`user.${i + 1000}`));
  const files = Array.from(
    { length: 100 },
    (_, i) => [`f${1000 + i}`, inline("", { xattrs: [...names, xattr("user.v", value)] })] as const,
  );
  const image = encodeImage(directory(Object.fromEntries(files)));
  const valueAt = image.indexOf(1, new ErofsImage(image).superBlock.xattrBlkaddr * 4096);
  const hostile = patched(image, (bytes) => {
    files.forEach(([name], file) => {
      const { xattrStart } = locate(image, name).inode;
      for (let i = 0; i < 120; i++) {
        const target = (valueAt + 4 * (file * 120 + i) % 28_000) / 4;
        bytes.setUint32(xattrStart + 12 + 4 * i, Math.floor(target), true);
      }
    });
  });
  within(2, () => assertThrows(() => openImage(hostile).tree(), ImageFormatError));
});

Deno.test("files that all claim the same data are refused", () => {
  const files = Array.from({ length: 300 }, (_, i) => [`f${1000 + i}`, inline("")] as const);
  const image = encodeImage(
    directory({ data: inline("x".repeat(4096)), ...Object.fromEntries(files) }),
  );
  const { inode } = locate(image, "data");
  const hostile = patched(image, (view) => {
    for (const [name] of files) {
      const { start } = locate(image, name).inode;
      view.setUint32(start + 8, 4096, true);
      view.setUint32(start + 16, inode.u, true);
    }
  });
  const used = memoryOf(() => {
    for (const view of ["exact", "libcomposefs"] as const) {
      assertThrows(() => openImage(hostile).tree({ view }), ImageFormatError, "inodes overlap");
    }
    return hostile;
  });
  assert(used < 32 * 2 ** 20, `${used} bytes`);
});

Deno.test("a hard link to each of many files deep down costs their names", () => {
  let tree = directory();
  for (let level = 0; level < 5000; level++) {
    const file = inline("");
    tree = directory({ d: tree, f: file, g: hardLink(file) });
  }
  const image = encodeImage(tree);
  within(10, () => assert(dumpLength(openImage(image).tree()) > 5e7));
});

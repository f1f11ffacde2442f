import { TreeError } from "../../../lib/tree/tree_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { LAYOUT } from "../../../lib/erofs/format.ts";
import type { Inode } from "../../../lib/erofs/inode.ts";
import { emptyPlan, type InodePlan } from "../../../lib/erofs/_inode_plans.ts";
import {
  chunkBits,
  dataLayout,
  type ImagePlan,
  planImage,
  xattrIcount,
} from "../../../lib/erofs/_plan.ts";
import type { Stat } from "../../../lib/tree/tree.ts";
import { contents, entries, holes, none, target } from "../../kit/inodes.ts";
import { xattr } from "../../kit/trees.ts";

/** Where the first inode starts: behind the superblock. */
const FIRST = 1152;

/** The plan of an inode that stands first. */
function first(inode: Inode): InodePlan {
  return planOf(planImage([inode]), 0);
}

function planOf({ inodes }: ImagePlan, ino: number): InodePlan {
  const plan = emptyPlan();
  inodes.read(ino, plan);
  return plan;
}

function plansOf(plan: ImagePlan): InodePlan[] {
  return Array.from({ length: plan.inodes.count }, (_, ino) => planOf(plan, ino));
}

/** Blocks and tail of an inode that stands first. */
const split = (inode: Inode) => [first(inode).blocks, first(inode).tail];

/**
 * The plan of an inode of which the first place tried is `offset` bytes into its block: inodes and
 * data fill the image up to there.
 */
function planAt(offset: number, inode: Inode): InodePlan {
  const until = offset > FIRST ? offset : 4096 + offset;
  const filler: Inode[] = [];
  let position = FIRST;
  while (position < until) {
    const size = Math.min(until - position - 32, 1504);
    filler.push(contents(Math.max(size, 0)));
    position += 32 + Math.max(size, 0);
  }
  const plan = planOf(planImage([...filler, inode]), filler.length);
  return { ...plan, start: plan.start - (until - offset) };
}

/** Where it starts, counted from the same block as `offset`, and its blocks and tail. */
function placed(offset: number, inode: Inode): number[] {
  const { start, blocks, tail } = planAt(offset, inode);
  return [start, blocks, tail];
}

// --- data sizes

Deno.test("contents: up to half a block of rest stays behind the inode", () => {
  assertEquals(
    [0, 1, 2048, 2049, 4096, 4097, 5000].map((size) => split(contents(size))),
    [[0, 0], [0, 1], [0, 2048], [1, 0], [1, 0], [1, 1], [1, 904]],
  );
});

Deno.test("directories: up to half a block of rest stays behind the inode", () => {
  // 12 bytes of dirent for each name.
  assertEquals(split(entries(1, 2)), [0, 27]);
  assertEquals(split(entries(...Array(7).fill(244), 244)), [0, 2048]);
  assertEquals(split(entries(...Array(7).fill(244), 245)), [1, 0]);
  assertEquals(split(entries(...Array(16).fill(244))), [1, 0]);
  assertEquals(split(entries(...Array(16).fill(244), 1)), [1, 13]);
});

Deno.test("external files: a power of two makes them one chunk, from 2^12 to 2^43", () => {
  assertEquals(
    [1, 4096, 4097, 2 ** 20, 2 ** 20 + 1, 2 ** 43, 2 ** 43 + 1, 2 ** 53].map(chunkBits),
    [12, 12, 13, 20, 21, 43, 43, 43],
  );
  assertEquals(
    [2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, 2 ** 42 + 1].map(chunkBits),
    [31, 32, 32, 33, 43],
  );
});

Deno.test("external files: the map has four bytes for each chunk", () => {
  assertEquals(split(holes(1)), [0, 4]);
  assertEquals(split(holes(2 ** 43)), [0, 4]);
  assertEquals(split(holes(2 ** 43 + 1)), [0, 8]);
  assertEquals(split(holes(1017 * 2 ** 43)), [0, 4068]);
});

Deno.test("special files have no data", () => {
  assertEquals(split(none("character", 5)), [0, 0]);
});

// --- compact or extended

Deno.test("an inode is compact unless something of it does not fit", () => {
  const limits: [Partial<Stat>, Partial<Stat>][] = [
    [{ uid: 65535 }, { uid: 65536 }],
    [{ gid: 65535 }, { gid: 65536 }],
    [{ nlink: 65535 }, { nlink: 65536 }],
  ];
  for (const [fits, exceeds] of limits) {
    assertEquals(first(none("fifo", 0, fits)).extended, false);
    assertEquals(first(none("fifo", 0, exceeds)).extended, true);
  }
  assertEquals(first(holes(2 ** 32 - 1)).extended, false);
  assertEquals(first(holes(2 ** 32)).extended, true);
});

Deno.test("an inode is extended if that is asked for", () => {
  assertEquals(first(none("fifo", 0, {}, true)).extended, true);
});

Deno.test("device numbers and xattrs do not make an inode extended", () => {
  assertEquals(first(none("block", 2 ** 32 - 1)).extended, false);
  assertEquals(first(none("fifo", 0, { xattrs: [xattr("user.a", "b")] })).extended, false);
});

Deno.test("only inodes of the earliest time, to the nanosecond, are compact", () => {
  const times = [[5, 1], [5, 0], [6, 0], [5, 0]] as const;
  const plan = planImage(times.map(([mtime, mtimeNsec]) => none("fifo", 0, { mtime, mtimeNsec })));
  assertEquals([plan.buildTime, plan.buildTimeNsec], [5, 0]);
  assertEquals(plansOf(plan).map(({ extended }) => extended), [true, false, true, false]);
});

Deno.test("the earliest time may be negative, or too far for a number", () => {
  for (const earliest of [-5, -(2n ** 63n)]) {
    const plan = planImage([none(), none("fifo", 0, { mtime: earliest, mtimeNsec: 9 })]);
    assertEquals([plan.buildTime, plan.buildTimeNsec], [earliest, 9]);
  }
  assertEquals(planImage([none("fifo", 0, { mtime: 2n ** 60n }), none()]).buildTime, 0);
});

// --- places

Deno.test("inodes stand one behind the other in slots of 32 bytes", () => {
  const plan = planImage([contents(1), none(), contents(32), none()]);
  assertEquals(plansOf(plan).map(({ start }) => start), [1152, 1216, 1248, 1312]);
  assertEquals(plan.inodesEnd, 1344);
});

Deno.test("an inode without data may cross a block boundary", () => {
  const extended = none("fifo", 0, { uid: 70_000 });
  assertEquals(placed(4064, extended), [4064, 0, 0]);
});

Deno.test("a tail that ends with its block stays", () => {
  assertEquals(placed(3040, contents(1024)), [3040, 0, 1024]);
  assertEquals(placed(3072, contents(992)), [3072, 0, 992]);
});

Deno.test("a tail that would cross its block pushes the inode by the room, in slots", () => {
  // 32 bytes of inode at 3072 leave 992, the next slots are behind the boundary.
  assertEquals(placed(3072, contents(993)), [3072 + 992, 0, 993]);
  // With an extended inode at 4000 the tail starts at 4064: 32 bytes of room.
  assertEquals(placed(4000, contents(33, { uid: 70_000 })), [4032, 0, 33]);
});

Deno.test("a tail that starts a block has all of it", () => {
  assertEquals(placed(4064, contents(2048)), [4064, 0, 2048]);
});

Deno.test("xattrs count to the inode when the tail is placed", () => {
  // 12 bytes of header and 12 of entry: the tail starts at 4000 + 32 + 24, with 40 bytes of room.
  const xattrs = [xattr("user.abcd", "efgh")];
  assertEquals(placed(4000, contents(40, { xattrs })), [4000, 0, 40]);
  assertEquals(placed(4000, contents(41, { xattrs })), [4064, 0, 41]);
});

Deno.test("a chunk map that fits nowhere takes a block, and its inode starts one", () => {
  // With 20 bytes of xattrs the head is 84 bytes: pushed, the map finds 4076 at most.
  const xattrs = [xattr("user.a", "1")];
  const map = (chunks: number) => placed(FIRST, holes(chunks * 2 ** 43, { xattrs }));
  assertEquals(map(1019), [4032, 0, 4076]);
  assertEquals(map(1020), [4096, 1, 0]);
});

Deno.test("a chunk map of 4068 bytes stands behind its inode wherever that is", () => {
  for (const length of [1, 5, 9, 13, 17, 21, 25, 29]) {
    const xattrs = [xattr("user.a", "v".repeat(length))];
    for (const offset of [1152, 2048, 4032, 4064]) {
      assertEquals(planAt(offset, holes(1017 * 2 ** 43, { xattrs })).blocks, 0);
    }
  }
});

Deno.test("a symlink and its target stand in one block", () => {
  assertEquals(placed(4000, target(64)), [4000, 0, 64]);
  assertEquals(placed(4000, target(65)), [4096, 0, 65]);
  assertEquals(placed(3968, target(96)), [3968, 0, 96]);
  assertEquals(placed(3968, target(97)), [4096, 0, 97]);
});

Deno.test("a symlink that would take a block's worth has its target elsewhere", () => {
  assertEquals(placed(FIRST, target(4063)), [4096, 0, 4063]);
  assertEquals(placed(FIRST, target(4064)), [4096, 1, 0]);
  assertEquals(placed(0, target(4064)), [0, 1, 0]);
  assertEquals(placed(0, target(4063)), [0, 0, 4063]);
});

// --- blocks, xattrs, layouts

Deno.test("data blocks follow in the order of inodes, behind inodes and shared xattrs", () => {
  const plan = planImage([contents(5000), none(), contents(4096), target(4090)]);
  assertEquals(plansOf(plan).map(({ blkaddr }) => blkaddr), [2, 0, 3, 4]);
  assertEquals(plan.blocks, 5);
});

Deno.test("without data blocks the image ends with the block of its inodes", () => {
  assertEquals(planImage([none()]).blocks, 1);
  assertEquals(planImage(Array(93).fill(none())).blocks, 2);
  assertEquals(planImage(Array(92).fill(none())).blocks, 1);
});

Deno.test("the shared xattrs count to what stands before the blocks", () => {
  const xattrs = [xattr("user.a", "v".repeat(3000))];
  const plan = planImage([
    none("fifo", 0, { xattrs }),
    none("fifo", 0, { xattrs }),
    contents(4096),
  ]);
  assertEquals(planOf(plan, 2).blkaddr, 2);
  assertEquals(planOf(plan, 0).sharedCount, 1);
  assertEquals([...plan.sharedXattrs.places], [0, 0]);
});

Deno.test("from the 129th on, shared xattrs stay with the inode", () => {
  const xattrs = Array.from({ length: 130 }, (_, i) => xattr(`user.${String(i).padStart(3, "0")}`));
  const plan = planImage([none("fifo", 0, { xattrs }), none("fifo", 0, { xattrs })]);
  for (const { sharedCount, xattrSize } of plansOf(plan)) {
    assertEquals([sharedCount, xattrSize], [128, 12 + 4 * 128 + 2 * 8]);
  }
  // The table descends, in entries of two words.
  const places = xattrs.map((_, i) => i < 128 ? 2 * (129 - i) : -1);
  assertEquals([...plan.sharedXattrs.places], [...places, ...places]);
});

Deno.test("i_xattr_icount counts words from one on", () => {
  assertEquals([0, 12, 16, 28].map(xattrIcount), [0, 1, 2, 5]);
});

Deno.test("more xattrs than an inode's count can tell are refused", () => {
  const xattrs = Array.from({ length: 5 }, (_, i) => xattr(`user.${i}`, "v".repeat(65_000)));
  assertThrows(() => first(none("fifo", 0, { xattrs })), TreeError, "Cannot lay out xattrs");
});

Deno.test("the layout follows from data and place", () => {
  const layout = (inode: Inode) => dataLayout(inode, first(inode));
  assertEquals(layout(contents(0)), LAYOUT.flatPlain);
  assertEquals(layout(contents(4096)), LAYOUT.flatPlain);
  assertEquals(layout(contents(4097)), LAYOUT.flatInline);
  assertEquals(layout(target(1)), LAYOUT.flatInline);
  assertEquals(layout(target(4064)), LAYOUT.flatPlain);
  assertEquals(layout(holes(1)), LAYOUT.chunkBased);
  assertEquals(layout(holes(2 ** 53)), LAYOUT.chunkBased);
});

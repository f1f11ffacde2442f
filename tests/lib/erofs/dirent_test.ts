import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { direntGroupEnd, direntGroupSize, DirentWriter } from "../../../lib/erofs/_dirent.ts";

/** Start, end and size of the groups of entries whose dirents and names take these sizes. */
function groups(...sizes: number[]): number[][] {
  const names = sizes.map((size) => utf8("n".repeat(size - 12)));
  const found: number[][] = [];
  for (let start = 0; start < names.length;) {
    const end = direntGroupEnd(names, start);
    found.push([start, end, direntGroupSize(names, start, end)]);
    start = end;
  }
  return found;
}

/** Inodes as the writer asks for them. */
function byPosition(inodes: readonly { readonly start: number; readonly mode: number }[]) {
  return { start: (i: number) => inodes[i]!.start, mode: (i: number) => inodes[i]!.mode };
}

Deno.test("entries share a block as long as they fit", () => {
  assertEquals(groups(13, 14), [[0, 2, 27]]);
  assertEquals([direntGroupEnd([], 0), direntGroupSize([], 0, 0)], [0, 0]);
});

Deno.test("a block of exactly 4096 bytes is full", () => {
  const full = Array(16).fill(256);
  assertEquals(groups(...full), [[0, 16, 4096]]);
  assertEquals(groups(...full, 13), [[0, 16, 4096], [16, 17, 13]]);
});

Deno.test("an entry that would exceed the block starts the next", () => {
  const almost = [...Array(15).fill(256), 250];
  assertEquals(groups(...almost, 6 + 13), [[0, 16, 4090], [16, 17, 19]]);
  assertEquals(groups(...Array(15).fill(256), 243, 14), [[0, 16, 4083], [16, 17, 14]]);
  assertEquals(groups(...Array(15).fill(256), 243, 13), [[0, 17, 4096]]);
});

Deno.test("later entries do not fill the gaps of earlier blocks", () => {
  const many = Array(40).fill(267);
  assertEquals(groups(...many, 13), [[0, 15, 4005], [15, 30, 4005], [30, 41, 2683]]);
});

Deno.test("dirents come first, then the names without terminators", () => {
  const image = new Uint8Array(64);
  const entries = { names: [utf8("."), utf8("abc")], inodes: [1, 0] };
  const targets = [{ start: 0x1234 * 32, mode: 0o120777 }, { start: 7 * 32, mode: 0o041755 }];
  new DirentWriter(image, byPosition(targets)).write(8, entries, 0, 2);
  assertEquals([...image.subarray(8, 20)], [7, 0, 0, 0, 0, 0, 0, 0, 24, 0, 2, 0]);
  assertEquals([...image.subarray(20, 32)], [0x34, 0x12, 0, 0, 0, 0, 0, 0, 25, 0, 7, 0]);
  assertEquals(new TextDecoder().decode(image.subarray(32, 36)), ".abc");
  assertEquals(image.subarray(36).every((byte) => byte === 0), true);
});

Deno.test("only the group's own entries are written, from the start of its block", () => {
  const image = new Uint8Array(32);
  const entries = { names: [utf8("a"), utf8("b")], inodes: [0, 0] };
  new DirentWriter(image, byPosition([{ start: 3 * 32, mode: 0o010644 }])).write(0, entries, 1, 2);
  assertEquals([...image.subarray(0, 14)], [3, 0, 0, 0, 0, 0, 0, 0, 12, 0, 5, 0, 0x62, 0]);
});

Deno.test("a nid may take more than 32 bits", () => {
  const image = new Uint8Array(16);
  const entries = { names: [utf8("a")], inodes: [0] };
  new DirentWriter(image, byPosition([{ start: 32 * (3 * 2 ** 32 + 1), mode: 0o010644 }])).write(
    0,
    entries,
    0,
    1,
  );
  assertEquals([...image.subarray(0, 8)], [1, 0, 0, 0, 3, 0, 0, 0]);
});

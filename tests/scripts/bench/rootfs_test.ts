import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { posix } from "node:path";
import { pickHundredth, planRootfs } from "../../../scripts/bench/rootfs.ts";
import { median } from "../../../scripts/bench/statistics.ts";

const plan = planRootfs();
const sizes = plan.files.map(({ size }) => size);

Deno.test("planRootfs() always plans the same tree", () => {
  assertEquals(planRootfs(), plan);
});

Deno.test("planRootfs() plans as much as is in the root file system of a Debian desktop", () => {
  const entries = 1 + plan.directories.length + plan.files.length + plan.symlinks.length;
  assertEquals([entries, plan.files.length], [33_001, 26_000]);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  assert(bytes > 900e6 && bytes < 960e6, `${bytes} bytes`);
  const objects = new Set(
    plan.files.filter(({ size }) => size > 64).map(({ size, seed }) => `${size} ${seed}`),
  );
  assert(objects.size > 24_300 && objects.size < 24_700, `${objects.size} objects`);
});

Deno.test("planRootfs() plans files from empty to 60 MB, most of them small", () => {
  assertEquals(Math.min(...sizes), 0);
  assert(Math.max(...sizes) > 55e6 && Math.max(...sizes) < 2 ** 26);
  assert(median(sizes) > 2_000 && median(sizes) < 2_600, `${median(sizes)} bytes in the middle`);
  for (const [size, seed] of plan.files.map(({ size, seed }) => [size, seed])) {
    if (size === 0) assertEquals(seed, 0);
  }
});

Deno.test("planRootfs() names everything once, after the directory that it is in", () => {
  const paths = new Set([""]);
  for (
    const path of [
      ...plan.directories,
      ...plan.files.map(({ path }) => path),
      ...plan.symlinks.map(({ path }) => path),
    ]
  ) {
    const parent = posix.dirname(path);
    assert(paths.has(parent === "." ? "" : parent), path);
    assert(!paths.has(path), path);
    paths.add(path);
  }
  for (const { path } of plan.files) assert(!plan.directories.includes(path));
});

Deno.test("planRootfs() has directories of hundreds of entries, and most of a few", () => {
  const counts = new Map<string, number>();
  for (const { path } of plan.files) {
    const parent = posix.dirname(path);
    counts.set(parent, (counts.get(parent) ?? 0) + 1);
  }
  const sorted = [...counts.values()].sort((a, b) => b - a);
  assert(sorted[0]! > 1_000 && sorted[8]! > 200, sorted.slice(0, 9).join());
  assert(median(sorted) <= 5, `${median(sorted)} files in the middle`);
  const depths = plan.files.map(({ path }) => path.split("/").length);
  assertEquals([Math.min(...depths), Math.max(...depths)], [2, 11]);
});

Deno.test("pickHundredth() picks the same for a seed, other files for another, none that is empty", () => {
  const picked = pickHundredth(plan.files, 1);
  assertEquals(pickHundredth(plan.files, 1), picked);
  assertEquals([picked.length, new Set(picked).size], [260, 260]);
  assert(picked.every(({ size }) => size > 0));
  assertNotEquals(pickHundredth(plan.files, 2), picked);
});

import { assert, assertEquals } from "@std/assert";
import { Fd } from "../../ffi/fd.ts";
import { Fingerprinter } from "../../ffi/fingerprint.ts";
import type { Linux } from "../../ffi/linux.ts";
import { isLocal } from "../../ffi/sync.ts";
import { O_PATH, STATX, STATX_SIZE } from "../../ffi/uapi.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import type { Fingerprints } from "../../lib/tree/source.ts";
import { openFaulty, test } from "./harness.ts";

const NOW = 1_700_000_000;

interface Facts {
  readonly ctime?: number;
  readonly nsec?: number;
  readonly size?: number;
  readonly device: { readonly major: number; readonly minor: number };
}

/** What statx(2) would write about a file, in words. */
function statOf({ ctime = NOW - 1000, nsec = 5, size = 1, device }: Facts): Uint32Array {
  const statx = new Uint32Array(STATX_SIZE / 4);
  const at = STATX.offsets;
  statx[at.ctimeSec / 4] = ctime;
  statx[at.ctimeNsec / 4] = nsec;
  statx[at.size / 4] = size;
  statx[at.devMajor / 4] = device.major;
  statx[at.devMinor / 4] = device.minor;
  return statx;
}

/** Gives each fingerprint the next number. */
function counter(): Fingerprints & { readonly seen: string[] } {
  const seen: string[] = [];
  return { seen, note: (words) => seen.push(words.join()) - 1 };
}

function openDirectory(linux: Linux, directory: string): Fd {
  return Fd.open(linux, utf8(directory), { flags: O_PATH });
}

test("fingerprint: files that were changed lately have none", ({ linux, directory }) => {
  using opened = openDirectory(linux, directory);
  assert(isLocal(opened));
  const device = opened.device();
  const fingerprinter = new Fingerprinter();
  // The last moment of a second: what was changed in it may have been changed just now.
  fingerprinter.enter(opened, NOW * 1000 + 999);
  const has = (age: number, nsec: number) =>
    fingerprinter.of(statOf({ ctime: NOW - age, nsec, device }), counter()) === 0;
  assertEquals([-5, 0, 1, 2, 3, 4].map((age) => has(age, 1)), [
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
  // Where the file system may keep whole seconds only, or two at a time.
  assertEquals([0, 1, 2, 3, 4].map((age) => has(age, 0)), [false, false, false, false, true]);
});

test("fingerprint: files that differ have different ones", ({ linux, directory }) => {
  using opened = openDirectory(linux, directory);
  const device = opened.device();
  const fingerprinter = new Fingerprinter();
  fingerprinter.enter(opened, NOW * 1000);
  const fingerprints = counter();
  for (const facts of [{}, { size: 2 }, { nsec: 6 }, { ctime: NOW - 999 }, {}]) {
    fingerprinter.of(statOf({ ...facts, device }), fingerprints);
  }
  const { seen } = fingerprints;
  assertEquals([seen.length, new Set(seen).size, seen[0] === seen[4]], [5, 4, true]);
});

test("fingerprint: files of another file system have none, wherever they come", ({ linux, directory }) => {
  using opened = openDirectory(linux, directory);
  const device = opened.device();
  const other = { major: device.major, minor: device.minor + 1 };
  for (const order of [[other, device, other], [device, other, device]]) {
    const fingerprinter = new Fingerprinter();
    fingerprinter.enter(opened, NOW * 1000);
    const found = order.map((each) => fingerprinter.of(statOf({ device: each }), counter()));
    assertEquals(found, order.map((each) => each === device ? 0 : undefined));
  }
});

test("fingerprint: files of network file systems have none", async ({ directory }) => {
  const strange = await openFaulty({ fstatfs: () => 38 });
  using opened = openDirectory(strange, directory);
  const fingerprinter = new Fingerprinter();
  fingerprinter.enter(opened, NOW * 1000);
  assertEquals(fingerprinter.of(statOf({ device: opened.device() }), counter()), undefined);
});

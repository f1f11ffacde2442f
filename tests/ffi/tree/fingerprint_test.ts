import { assertEquals } from "@std/assert";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { ERRNO } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { Fingerprinter } from "../../../ffi/tree/_fingerprint.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { O_RDONLY, STATX, STATX_SIZE } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import type { Fingerprints } from "../../../lib/tree/source.ts";
import { openAnswering } from "../answering.ts";
import { openFaulty, test } from "../harness.ts";

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
function counter(isKnown = false): Fingerprints & { readonly seen: string[] } {
  const seen: string[] = [];
  return { seen, numberOf: (words) => seen.push(words.join()) - 1, isKnown: () => isKnown };
}

const EXT4 = 0xef53;

/** A kernel whose file systems are all on disks, wherever tests have their directories. */
function openOnDisk(syncfs: () => number = () => 0): Promise<Linux> {
  return openAnswering({
    syncfs,
    fstatfs: (_, buffer) => {
      new DataView((buffer as Uint8Array).buffer).setUint32(0, EXT4, true);
      return 0;
    },
  });
}

function openDirectory(linux: Linux, directory: string): Fd {
  return Fd.open(linux, utf8(directory), { flags: O_RDONLY });
}

test("fingerprint: files that were changed lately have none", async ({ directory }) => {
  const linux = await openOnDisk();
  using opened = openDirectory(linux, directory);
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

test("fingerprint: files that differ have different ones", async ({ directory }) => {
  const linux = await openOnDisk();
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

test("fingerprint: files of another file system have none, wherever they come", async ({ directory }) => {
  const linux = await openOnDisk();
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

/** A file system in memory, if there is one. */
const MEMORY = "/dev/shm";

test("fingerprint: files of file systems in memory have none", ({ linux }) => {
  const directory = mkdtempSync(`${MEMORY}/composefs-`);
  try {
    using opened = openDirectory(linux, directory);
    const fingerprinter = new Fingerprinter();
    fingerprinter.enter(opened, NOW * 1000);
    assertEquals(fingerprinter.of(statOf({ device: opened.device() }), counter()), undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
}, { when: !existsSync(MEMORY), reason: `no ${MEMORY}` });

test("fingerprint: before a file is read that is not known, all is written back, once", async ({ directory }) => {
  let calls = 0;
  const linux = await openOnDisk(() => {
    calls++;
    return 0;
  });
  using opened = openDirectory(linux, directory);
  const device = opened.device();
  const fingerprinter = new Fingerprinter();
  const of = (age: number, isKnown: boolean) =>
    fingerprinter.of(statOf({ ctime: NOW - age, device }), counter(isKnown)) === 0;
  fingerprinter.enter(opened, NOW * 1000);
  assertEquals([of(1000, true), calls], [true, 0]);
  assertEquals([of(1000, false), calls], [true, 1]);
  // Much later in the same run: what was changed since it was written back may be in a mapping.
  fingerprinter.enter(opened, (NOW + 500) * 1000);
  assertEquals([of(2, false), of(-200, false), of(-200, true), calls], [true, false, true, 1]);
});

test("fingerprint: where nothing can be written back, only known files have one", async ({ directory }) => {
  const linux = await openOnDisk(() => -ERRNO.EIO);
  using opened = openDirectory(linux, directory);
  const device = opened.device();
  const fingerprinter = new Fingerprinter();
  fingerprinter.enter(opened, NOW * 1000);
  assertEquals(fingerprinter.of(statOf({ device }), counter()), undefined);
  assertEquals(fingerprinter.of(statOf({ device }), counter(true)), 0);
});

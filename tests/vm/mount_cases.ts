/**
 * Cases about mounted images: what is read through a mount when objects are right, wrong or missing,
 * and which images `digest=` lets through.
 *
 * Each runs with our mount.composefs and with Debian's, so that a case that expects the wrong thing
 * does not pass for a fault of ours.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  type Disk,
  errorCode,
  type Guest,
  missingPrograms,
  type Program,
  succeed,
  type VmCase,
} from "./case.ts";
import { BAR, type Example, FOO, IMAGE_DIGEST, makeExample, SHORT } from "./example.ts";
import { corrupt, enable } from "./object_cases.ts";

/** {@linkcode FOO} as somebody changed it. */
const CHANGED = FOO.replace("foo", "FOO");

const NO_VERITY = "Image has no fs-verity";
const WRONG_VERITY = "Image has wrong fs-verity";

/** The cases on one disk. */
export function mountCases(disk: Disk): VmCase[] {
  const skip = missingPrograms("mount.composefs", "mkcomposefs");
  return [
    ...casesOf("ours", disk, (guest) => guest.ours, { ...CHECKS, ...OUR_CHECKS }),
    ...casesOf("Debian's", disk, (guest) => guest.peer, { ...CHECKS, ...THEIR_CHECKS }, skip),
  ];
}

/** A fresh example and the program to mount it with. */
interface Bench {
  readonly guest: Guest;
  readonly disk: Disk;
  readonly example: Example;
  readonly program: Program;
}

type Check = (bench: Bench) => Promise<void> | void;

type Checks = { readonly [name: string]: Check };

function casesOf(
  whose: string,
  disk: Disk,
  program: (guest: Guest) => Program,
  checks: Checks,
  skip?: string,
): VmCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    name: `mount.composefs, ${whose}: ${name}`,
    skip,
    async run(guest) {
      const example = await makeExample(guest.directory(disk), guest.ours);
      await check({ guest, disk, example, program: program(guest) });
    },
  }));
}

const CHECKS: Checks = {
  "a plain mount shows the tree, of which the same image comes again": (bench) =>
    mounted(bench, "", async ({ mountPoint }) => {
      assertEquals(readdirSync(mountPoint).sort(), ["foo.txt", "subdir", "testfile"]);
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertEquals(read(mountPoint, "subdir/bar.txt"), BAR);
      assertEquals(read(mountPoint, "testfile"), SHORT);
      const { guest, program } = bench;
      // Not within this process, which keeps a tree open that it has scanned.
      const mkcomposefs = program === guest.ours ? guest.process : program;
      const args = ["--print-digest-only", mountPoint];
      assertEquals(await succeed(mkcomposefs, "mkcomposefs", args), `${IMAGE_DIGEST}\n`);
    }),
  "nothing can be written": (bench) =>
    mounted(bench, "", ({ mountPoint }) => {
      assertEquals(errorCode(() => writeFileSync(join(mountPoint, "new"), "")), "EROFS");
      assertEquals(errorCode(() => writeFileSync(join(mountPoint, "foo.txt"), "")), "EROFS");
    }),
  "verity reads objects that are right": (bench) =>
    mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
  "tryverity is verity where the kernel has it": (bench) =>
    mounted(bench, ",tryverity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
  "without verity a changed object shows": async (bench) => {
    replace(bench.example.foo, CHANGED);
    await mounted(bench, "", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), CHANGED);
    });
  },
  "with verity a changed object reads EIO, and the others well": async (bench) => {
    replace(bench.example.foo, CHANGED);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
      assertEquals(read(mountPoint, "subdir/bar.txt"), BAR);
      assertEquals(read(mountPoint, "testfile"), SHORT);
    });
  },
  "with verity a changed object that has fs-verity reads EIO": async (bench) => {
    replace(bench.example.foo, CHANGED);
    enable(bench.guest, bench.example.foo);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
    });
  },
  "with verity a right object reads EIO until it has fs-verity": async (bench) => {
    replace(bench.example.foo, FOO);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
    });
    enable(bench.guest, bench.example.foo);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
    });
  },
  "with verity an object that the disk has lost reads EIO": async (bench) => {
    await corrupt(bench.guest, bench.disk, bench.example.foo);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
      assertEquals(read(mountPoint, "testfile"), SHORT);
    });
  },
  "a missing object is listed and cannot be opened": async (bench) => {
    rmSync(bench.example.foo);
    await mounted(bench, "", ({ mountPoint }) => {
      assertEquals(statSync(join(mountPoint, "foo.txt")).size, FOO.length);
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "ENOENT");
    });
  },
  "the image with fs-verity has the digest that mkcomposefs prints": ({ guest, example }) => {
    enable(guest, example.image);
    assertEquals(guest.measure(example.image), IMAGE_DIGEST);
  },
  "the right digest mounts, in small letters and capitals": async (bench) => {
    enable(bench.guest, bench.example.image);
    for (const digest of [IMAGE_DIGEST, IMAGE_DIGEST.toUpperCase()]) {
      await mounted(bench, `,digest=${digest}`, ({ mountPoint }) => {
        assertEquals(read(mountPoint, "foo.txt"), FOO);
        assertStringIncludes(mountOptions(mountPoint), "verity=require");
      });
    }
  },
  "a wrong digest is refused": async (bench) => {
    enable(bench.guest, bench.example.image);
    await refused(bench, `,digest=${"a".repeat(64)}`, WRONG_VERITY);
  },
  "an image without fs-verity is refused, be it a copy of a right one": async (bench) => {
    await refused(bench, `,digest=${IMAGE_DIGEST}`, NO_VERITY);
    enable(bench.guest, bench.example.image);
    const image = `${bench.example.image}-copy`;
    copyFileSync(bench.example.image, image);
    const example = { ...bench.example, image };
    await refused({ ...bench, example }, `,digest=${IMAGE_DIGEST}`, NO_VERITY);
  },
  "with upper directories it can be written": async (bench) => {
    const [upper, work] = ["up", "wk"].map((name) => `${bench.example.mountPoint}-${name}`);
    for (const path of [upper, work]) mkdirSync(path ?? "");
    await mounted(bench, `,verity,upperdir=${upper},workdir=${work}`, ({ mountPoint }) => {
      writeFileSync(join(mountPoint, "foo.txt"), "more\n", { flag: "a" });
      rmSync(join(mountPoint, "testfile"));
      assertEquals(read(mountPoint, "foo.txt"), `${FOO}more\n`);
      assertEquals(readdirSync(mountPoint).sort(), ["foo.txt", "subdir"]);
    });
    assertEquals(read(upper ?? "", "foo.txt"), `${FOO}more\n`);
  },
};

const OUR_CHECKS: Checks = {
  "what is no digest is refused": async (bench) => {
    enable(bench.guest, bench.example.image);
    for (const digest of ["", "abc", `sha256:${IMAGE_DIGEST}`]) {
      await refused(bench, `,digest=${digest}`, "expected 64 hexadecimal digits");
    }
  },
  "userverity mounts a right image that has no fs-verity": (bench) =>
    mounted(bench, `,userverity,digest=${IMAGE_DIGEST}`, ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
  "userverity refuses a wrong image": async (bench) => {
    const { image } = bench.example;
    const contents = readFileSync(image);
    const last = contents.length - 1;
    contents[last] = (contents[last] ?? 0) ^ 1;
    writeFileSync(image, contents);
    await refused(bench, `,userverity,digest=${IMAGE_DIGEST}`, WRONG_VERITY);
  },
};

const THEIR_CHECKS: Checks = {
  "what is no digest is refused": async (bench) => {
    enable(bench.guest, bench.example.image);
    for (const digest of ["abc", `sha256:${IMAGE_DIGEST}`]) {
      await refused(bench, `,digest=${digest}`, "Invalid argument");
    }
  },
  "an empty digest asks for verity and does not look at the image": (bench) =>
    mounted(bench, ",digest=", ({ mountPoint }) => {
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
};

/** Mounts the example, checks it and unmounts it. `options` follow `basedir`. */
async function mounted(
  { guest, example, program }: Bench,
  options: string,
  check: (example: Example) => Promise<void> | void,
): Promise<void> {
  const { objects, image, mountPoint } = example;
  const device = statSync(mountPoint).dev;
  await succeed(program, "mount.composefs", [
    "-o",
    `basedir=${objects}${options}`,
    image,
    mountPoint,
  ]);
  assert(statSync(mountPoint).dev !== device, "nothing is mounted");
  try {
    await check(example);
  } finally {
    guest.unmount(mountPoint);
  }
}

async function refused(
  { example: { objects, image, mountPoint }, program }: Bench,
  options: string,
  message: string,
): Promise<void> {
  const args = ["-o", `basedir=${objects}${options}`, image, mountPoint];
  const { status, stderr } = await program("mount.composefs", args);
  assertEquals(status, 1);
  assertStringIncludes(stderr, message);
  assertEquals(readdirSync(mountPoint), []);
}

function read(directory: string, name: string): string {
  return readFileSync(join(directory, name), "utf8");
}

/** A new file in place of another: an object itself cannot be written. */
function replace(path: string, contents: string): void {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}

/** What the kernel says of the mount on a directory. */
function mountOptions(mountPoint: string): string {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const line = lines.find((line) => line.split(" ")[4] === mountPoint);
  if (line === undefined) throw new Error(`Cannot find the mount on "${mountPoint}"`);
  return line;
}

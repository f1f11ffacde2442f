/**
 * Cases about objects that have fs-verity by other block sizes and salts than those of composefs. The kernel compares
 * what it has measured with the digest in the image, whatever that is; names of objects are digests by blocks of 4096
 * bytes without a salt.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Disk, errorCode, type Guest, missingPrograms, succeed, type VmCase } from "./case.ts";

const SALTED: readonly (readonly string[])[] = [
  ["--salt=00ff"],
  ["--hash-alg=sha512", `--salt=${"5a".repeat(32)}`],
];

/** Blocks that ext4 takes since Linux 6.3, and btrfs only where they are its own. */
const SMALL_BLOCKS: readonly (readonly string[])[] = [
  ["--block-size=1024", "--salt=abcdef"],
  ["--block-size=2048", "--hash-alg=sha512"],
];

/** Text of one block and less, of a tree with two levels, and of one that is read in pieces. */
const CONTENTS = [100, 200_000, 1_100_001].map((size) =>
  "Only text comes back from a program here. ".repeat(size / 42 + 1).slice(0, size)
);

/** Puts objects into a store by the peer's `fsverity enable`; gives lines of a dump with their digests. */
async function makeStore(
  guest: Guest,
  store: string,
  parameters: readonly string[],
): Promise<string[]> {
  mkdirSync(join(store, "ab"), { recursive: true });
  const lines: string[] = [];
  for (const [i, contents] of CONTENTS.entries()) {
    const path = join(store, "ab", `${i}`);
    writeFileSync(path, contents);
    // Where it is no file with fs-verity yet, nothing but arithmetic says what it will be measured by.
    const expected = await succeed(guest.peer, "fsverity", ["digest", ...parameters, path]);
    assertEquals(await succeed(guest.ours, "fsverity", ["digest", ...parameters, path]), expected);
    await succeed(guest.peer, "fsverity", ["enable", ...parameters, path]);
    for (const program of [guest.peer, guest.ours]) {
      assertEquals(await succeed(program, "fsverity", ["measure", path]), expected);
    }
    const digest = /:([0-9a-f]+) /.exec(expected)![1]!;
    // By SHA-512 the kernel has no digest of the kind that this prints.
    if (digest.length === 64) {
      assertEquals(await succeed(guest.ours, "composefs", ["digest", path]), `${digest}\n`);
    }
    lines.push(`/${i} ${contents.length} 100644 1 0 0 0 0.0 ab/${i} - ${digest}\n`);
  }
  return lines;
}

/** Makes an image of lines of a dump; gives its path. */
async function makeImage(guest: Guest, directory: string, lines: readonly string[]) {
  const [dump, image] = [join(directory, "dump"), join(directory, "image")];
  writeFileSync(dump, ["/ 0 40755 2 0 0 0 0.0 - - -\n", ...lines].join(""));
  rmSync(image, { force: true });
  await succeed(guest.ours, "composefs", ["create", `dump:${dump}`, image]);
  return image;
}

/** The cases on a disk that hands out descriptors, which is where block size and salt stand; or not, as btrfs. */
export function parameterCases(disk: Disk): VmCase[] {
  const named = (name: string, run: VmCase["run"]): VmCase => ({
    name: `parameters, ${disk.kind}: ${name}`,
    skip: missingPrograms("fsverity"),
    run,
  });
  const handsOut = disk.kind === "ext4";
  return [
    named("objects are verified and read by the digests that the kernel has", async (guest) => {
      for (const parameters of handsOut ? [...SALTED, ...SMALL_BLOCKS] : SALTED) {
        const directory = guest.directory(disk);
        const store = join(directory, "store");
        const image = await makeImage(guest, directory, await makeStore(guest, store, parameters));
        const options = [`--store=${store}`];
        // The algorithm is told by the digest.
        const told = parameters.filter((option) => !option.startsWith("--hash-alg"));
        for (const more of handsOut ? [[], told] : [told]) {
          const all = [...options, ...more, image];
          const verified = await succeed(guest.ours, "composefs", ["verify", ...all]);
          assert(verified.startsWith("Nothing is wrong: 3 files, 3 objects"), verified);
          const cat = ["cat", ...all, "/0", "/1", "/2"];
          assertEquals(await succeed(guest.ours, "composefs", cat), CONTENTS.join(""));
        }
        if (!handsOut) {
          const { status, stdout } = await guest.ours("composefs", ["verify", ...options, image]);
          assertEquals(status, 1);
          assertStringIncludes(stdout, "/1: object ab/1: fs-verity digest ");
          const cat = await guest.ours("composefs", ["cat", ...options, image, "/1"]);
          assertEquals([cat.status, cat.stdout], [1, ""]);
        }
      }
    }),
    named("create --enable-verity replaces objects with other parameters", async (guest) => {
      const directory = guest.directory(disk);
      const [tree, store, image] = ["tree", "store", "image"].map((name) => join(directory, name));
      mkdirSync(tree!);
      writeFileSync(join(tree!, "file"), CONTENTS[1]!);
      const create = ["create", `--store=${store}`, tree!, image!];
      await succeed(guest.ours, "composefs", create);
      const object = await succeed(guest.ours, "composefs", ["objects", image!]);
      const path = join(store!, object.trim());
      const name = object.trim().replace("/", "");
      rmSync(path);
      writeFileSync(path, CONTENTS[1]!);
      await succeed(guest.peer, "fsverity", ["enable", "--salt=00ff", path]);
      const salted = guest.measure(path);
      assert(salted !== name);
      // It has the contents of its name, which is all that is asked for.
      await succeed(guest.ours, "composefs", ["create", "--verify-objects", ...create.slice(1)]);
      assertEquals(guest.measure(path), salted);
      const sealing = ["create", "--enable-verity", "--force", ...create.slice(1)];
      const { status, stderr } = await guest.ours("composefs", sealing);
      assertEquals(status, 0, stderr);
      assertStringIncludes(stderr, `replaced "${path}"`);
      assertEquals(guest.measure(path), name);
    }),
    ...(handsOut ? readingCases(named, disk) : []),
  ];
}

/** Cases that are the same on every disk. */
function readingCases(named: (name: string, run: VmCase["run"]) => VmCase, disk: Disk): VmCase[] {
  return [
    named("objects with the digest of others are refused, sealed or not", async (guest) => {
      const directory = guest.directory(disk);
      const store = join(directory, "store");
      const lines = await makeStore(guest, store, ["--salt=00ff"]);
      const image = await makeImage(guest, directory, lines);
      for (const [i, contents] of CONTENTS.entries()) {
        const path = join(store, "ab", `${i}`);
        rmSync(path);
        writeFileSync(path, contents.replace(/.$/, "!"));
        if (i > 0) await succeed(guest.peer, "fsverity", ["enable", "--salt=00ff", path]);
        const args = [`--store=${store}`, "--salt=00ff", image];
        const { status, stdout } = await guest.ours("composefs", ["verify", ...args]);
        assertEquals(status, 1);
        assertStringIncludes(stdout, `/${i}: object ab/${i}: fs-verity digest `);
        const cat = await guest.ours("composefs", ["cat", ...args, `/${i}`]);
        assertEquals(cat.status, 1);
        assertStringIncludes(cat.stderr, "fs-verity digest ");
      }
    }),
    named(
      "a mount reads objects by the digests that the kernel has, and by no other",
      async (guest) => {
        const directory = guest.directory(disk);
        const [store, mountPoint] = [join(directory, "store"), join(directory, "mnt")];
        mkdirSync(mountPoint);
        const lines = await makeStore(guest, store, ["--salt=00ff"]);
        const usual = await Promise.all(CONTENTS.map(async (contents, i) => {
          const path = join(directory, `${i}`);
          writeFileSync(path, contents);
          const digest = (await succeed(guest.ours, "composefs", ["digest", path])).trim();
          return lines[i]!.replace(/[0-9a-f]{64}\n$/, `${digest}\n`);
        }));
        for (const [which, error] of [[lines, undefined], [usual, "EIO"]] as const) {
          const image = await makeImage(guest, directory, which);
          const mount = ["-o", `basedir=${store},verity`, image, mountPoint];
          await succeed(guest.ours, "mount.composefs", mount);
          try {
            for (const [i, contents] of CONTENTS.entries()) {
              const read = () =>
                assertEquals(readFileSync(join(mountPoint, `${i}`), "utf8"), contents);
              assertEquals(errorCode(read), error, `file ${i}`);
            }
          } finally {
            guest.unmount(mountPoint);
          }
          // It goes by contents, and these are right: the kernel alone goes by what it has measured.
          const args = ["verify", `--store=${store}`, "--salt=00ff", image];
          const verified = await succeed(guest.ours, "composefs", args);
          assert(verified.startsWith("Nothing is wrong: 3 files, 3 objects"), verified);
        }
      },
    ),
  ];
}

/**
 * Cases about fs-verity itself: the digests that the kernel computes, and objects that carry it.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { enableVerity, measureVerity } from "../../ffi/files/fsverity.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { type Disk, errorCode, type Guest, missingPrograms, succeed, type VmCase } from "./case.ts";
import { BAR, FOO, IMAGE_DIGEST, makeExample, writeTree } from "./example.ts";

/** Around the edges of a block and of a Merkle tree's level: 128 blocks fill one block of digests. */
const SIZES = [0, 1, 4095, 4096, 4097, 128 * 4096, 128 * 4096 + 1, 129 * 4096];

/** The cases on one disk. */
export function objectCases(disk: Disk): VmCase[] {
  const named = (name: string, run: VmCase["run"], ...programs: string[]): VmCase => ({
    name: `${disk.kind}: ${name}`,
    skip: missingPrograms(...programs),
    run,
  });
  return [
    named("the kernel's digest is ours, at every edge of the tree", (guest) => {
      const directory = guest.directory(disk);
      for (const size of SIZES) {
        const path = join(directory, String(size));
        const contents = pattern(size);
        writeFileSync(path, contents);
        enable(guest, path);
        assertEquals(guest.measure(path), fsVerityDigest(contents).toHex(), `${size} bytes`);
      }
    }),
    named("a file without fs-verity has no digest", (guest) => {
      const path = join(guest.directory(disk), "plain");
      writeFileSync(path, FOO);
      assertEquals(guest.measure(path), undefined);
    }),
    named("fs-verity cannot be enabled twice, nor under a writer", (guest) => {
      const path = join(guest.directory(disk), "file");
      writeFileSync(path, FOO);
      const writer = openSync(path, "r+");
      assertEquals(errorCode(() => enable(guest, path)), "ETXTBSY");
      closeSync(writer);
      enable(guest, path);
      assertEquals(errorCode(() => enable(guest, path)), "EEXIST");
    }),
    named("mkcomposefs --digest-store names objects as the kernel measures them", async (guest) => {
      const { objects, image } = await makeExample(guest.directory(disk), guest.ours);
      const paths = objectPaths(objects);
      assertEquals(paths.length, 2);
      for (const path of paths) {
        assertEquals(guest.measure(join(objects, path)), path.replace("/", ""));
      }
      assertEquals(guest.measure(image), undefined);
    }),
    named("Debian's fsverity measures the objects as we do", async (guest) => {
      const { objects } = await makeExample(guest.directory(disk), guest.ours);
      const paths = objectPaths(objects);
      const files = paths.map((path) => join(objects, path));
      const expected = files.map((file, i) => `sha256:${paths[i]?.replace("/", "")} ${file}\n`);
      assertEquals(await succeed(guest.peer, "fsverity", ["measure", ...files]), expected.join(""));
    }, "fsverity"),
    named("an object cannot be written", async (guest) => {
      const { foo } = await makeExample(guest.directory(disk), guest.ours);
      assertEquals(errorCode(() => openSync(foo, "r+")), "EPERM");
      assertEquals(readFileSync(foo, "utf8"), FOO);
    }),
    named("a second run keeps the objects that are there", async (guest) => {
      const { tree, objects, image, foo } = await makeExample(guest.directory(disk), guest.ours);
      const before = statSync(foo, { bigint: true });
      const args = ["--print-digest", `--digest-store=${objects}`, tree, `${image}2`];
      assertEquals(await succeed(guest.ours, "mkcomposefs", args), `${IMAGE_DIGEST}\n`);
      assertEquals(statSync(foo, { bigint: true }).ino, before.ino);
    }),
    named("the stores of ours and of Debian's mkcomposefs are alike", async (guest) => {
      const directory = guest.directory(disk);
      const { tree, objects, image } = await makeExample(directory, guest.ours);
      const theirs = join(directory, "theirs");
      const args = [`--digest-store=${theirs}`, tree, `${image}2`];
      await succeed(guest.peer, "mkcomposefs", args);
      assertEquals(objectPaths(theirs), objectPaths(objects));
      for (const path of objectPaths(theirs)) {
        assertEquals(guest.measure(join(theirs, path)), guest.measure(join(objects, path)));
        assertEquals(statSync(join(theirs, path)).mode, statSync(join(objects, path)).mode);
      }
      assertEquals(readFileSync(`${image}2`), readFileSync(image));
    }, "mkcomposefs"),
    named("measure-file gives the kernel's digest, salt and all", async (guest) => {
      const path = join(guest.directory(disk), "salted");
      writeFileSync(path, FOO);
      await succeed(guest.peer, "fsverity", ["enable", "--salt=abcd", path]);
      const measured = guest.measure(path);
      assert(measured !== fsVerityDigest(new TextEncoder().encode(FOO)).toHex());
      assertEquals(
        await succeed(guest.ours, "composefs-info", ["measure-file", path]),
        `${measured}\n`,
      );
    }, "fsverity"),
  ];
}

/** Cases in which the disk changes below a file; on a file system without checksums of its own. */
export function corruptionCases(disk: Disk): VmCase[] {
  const skip = missingPrograms("filefrag");
  return [
    {
      name: `${disk.kind}: an object that the disk has lost reads EIO`,
      skip,
      async run(guest) {
        const { foo } = await makeExample(guest.directory(disk), guest.ours);
        await corrupt(guest, disk, foo);
        assertEquals(errorCode(() => readFileSync(foo)), "EIO");
      },
    },
    {
      name: `${disk.kind}: mkcomposefs makes no image of a file that reads EIO`,
      skip,
      async run(guest) {
        const directory = guest.directory(disk);
        const tree = writeTree(directory);
        const bar = join(tree, "subdir", "bar.txt");
        enable(guest, bar);
        await corrupt(guest, disk, bar);
        const image = join(directory, "image.cfs");
        const store = `--digest-store=${join(directory, "objects")}`;
        const { status, stderr } = await guest.ours("mkcomposefs", [store, tree, image]);
        assertEquals(status, 1);
        assertStringIncludes(stderr, "EIO");
        assert(!existsSync(image));
        const bare = new TextEncoder().encode(BAR);
        const lost = fsVerityDigest(bare).toHex();
        assert(!existsSync(join(directory, "objects", lost.slice(0, 2), lost.slice(2))));
      },
    },
  ];
}

/** Turns fs-verity on. */
export function enable(guest: Guest, path: string): void {
  using file = guest.open(path);
  enableVerity(file);
  assert(measureVerity(file) !== undefined);
}

/** Overwrites the start of a file on the disk that it is on, behind the file system's back. */
export async function corrupt(guest: Guest, disk: Disk, path: string): Promise<void> {
  await succeed(guest.peer, "sync", [disk.path]);
  const report = await succeed(guest.peer, "filefrag", ["-v", "-b4096", path]);
  // "   0:        0..       0:      33312..     33312:      1:             last,eof"
  const block = /^\s+0:\s+0\.\.\s*\d+:\s+(\d+)\.\./m.exec(report)?.[1];
  if (block === undefined) throw new Error(`Cannot find the first block of "${path}": ${report}`);
  guest.dropCaches();
  const device = openSync(disk.device, "r+");
  // Bytes, as Deno 2.9 ignores the position that comes with a string.
  writeSync(device, new TextEncoder().encode("FOO"), 0, 3, Number(block) * 4096);
  fsyncSync(device);
  closeSync(device);
  guest.dropCaches();
}

function objectPaths(objects: string): string[] {
  return readdirSync(objects).sort().flatMap((first) =>
    readdirSync(join(objects, first)).sort().map((rest) => `${first}/${rest}`)
  );
}

/** Bytes without a period that a block could hide. */
function pattern(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 12) * 7) & 255);
}

/**
 * Cases about the commands of `fsverity` that need a kernel with fs-verity, held against Debian's; and
 * about `doctor`, where there is fs-verity to be found.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readVerityMetadata, type VerityMetadataType } from "../../ffi/files/verity_metadata.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import { type Disk, type Guest, missingPrograms, succeed, type VmCase } from "./case.ts";
import { FOO, FOO_DIGEST } from "./example.ts";

/** Sizes with no block, one, several, and two levels of the tree at 1024 bytes a block. */
const SIZES = [0, 1, 5000, 200_000];

const TREES: readonly (readonly string[])[] = [
  [],
  ["--hash-alg=sha512"],
  ["--salt=abcd"],
  ["--hash-alg=sha512", "--salt=" + "5a".repeat(32)],
];

/** Blocks that ext4 takes since Linux 6.3, and btrfs only where they are its own. */
const SMALL_BLOCKS: readonly (readonly string[])[] = [
  ["--block-size=1024"],
  ["--block-size=2048", "--salt=00", "--hash-alg=sha512"],
];

const TYPES: readonly VerityMetadataType[] = ["merkle_tree", "descriptor"];

function caseOn(
  disk: Disk,
  name: string,
  run: VmCase["run"],
  ...programs: readonly string[]
): VmCase {
  return { name: `fsverity, ${disk.kind}: ${name}`, skip: missingPrograms(...programs), run };
}

/** The cases on one disk. */
export function fsverityCases(disk: Disk): VmCase[] {
  const trees = disk.kind === "ext4" ? [...TREES, ...SMALL_BLOCKS] : TREES;
  return [
    caseOn(disk, "enable builds the tree that its options ask for", async (guest) => {
      const directory = guest.directory(disk);
      const digests: string[] = [];
      const paths: string[] = [];
      for (const [i, tree] of trees.entries()) {
        for (const size of SIZES) {
          const path = write(directory, `${i}-${size}`, size);
          paths.push(path);
          digests.push(await succeed(guest.ours, "fsverity", ["digest", ...tree, path]));
          assertEquals(await succeed(guest.ours, "fsverity", ["enable", ...tree, path]), "");
        }
      }
      const measure = ["measure", ...paths];
      assertEquals(await succeed(guest.ours, "fsverity", measure), digests.join(""));
      assertEquals(await succeed(guest.peer, "fsverity", measure), digests.join(""));
    }, "fsverity"),
    caseOn(
      disk,
      "create seals an image and its objects, and replaces neither unasked",
      async (guest) => {
        const directory = guest.directory(disk);
        const [tree, store, image] = ["tree", "store", "image"].map((name) =>
          join(directory, name)
        );
        mkdirSync(tree!);
        write(tree!, "one", 5000);
        write(tree!, "two", 3_000_000);
        const args = [`--digest-store=${store}`, tree!, image!];
        await succeed(guest.ours, "mkcomposefs", args);
        const object = await succeed(guest.ours, "composefs-info", ["objects", image!]);
        const objects = object.trim().split("\n").map((name) => join(store!, name));
        // One that lost its fs-verity, as in a copy, and one that is another file by now.
        const copy = readFileSync(objects[0]!);
        rmSync(objects[0]!);
        writeFileSync(objects[0]!, copy);
        rmSync(objects[1]!);
        writeFileSync(objects[1]!, "other");
        const sealing = ["create", "--enable-verity", ...args];
        const { status, stderr } = await guest.ours("composefs", sealing);
        assertEquals(status, 0, stderr);
        assertStringIncludes(stderr, `replaced "${objects[1]}"`);
        const digest = await succeed(guest.ours, "composefs-info", ["measure-file", image!]);
        const names = objects.map((path) => path.slice(store!.length + 1).replace("/", ""));
        const measured = await succeed(guest.ours, "fsverity", ["measure", image!, ...objects]);
        const expected = [digest.trim(), ...names];
        assertEquals(measured.trim().split("\n").map((line) => line.slice(7, 71)), expected);
        for (const [program, more] of [["composefs", ["create"]], ["mkcomposefs", []]] as const) {
          const refused = await guest.ours(program, [...more, ...args]);
          assertEquals(refused.status, 1);
          assertStringIncludes(refused.stderr, "it has fs-verity, so it may be in use");
          assertEquals(await succeed(guest.ours, program, [...more, "--force", ...args]), "");
          await succeed(guest.ours, "composefs", [...sealing]);
        }
        assertEquals((await guest.ours("composefs-dump", [image!, image!])).status, 1);
      },
    ),
    caseOn(disk, "what is not there is said in words", async (guest) => {
      const directory = guest.directory(disk);
      const plain = write(directory, "plain", 10);
      const path = write(directory, "file", 10);
      await succeed(guest.ours, "fsverity", ["enable", path]);
      const off = "fs-verity is not enabled on it";
      const cases: readonly (readonly [string, readonly string[]])[] = [
        [`${off} (ENODATA)`, ["measure", plain]],
        ["it is enabled already (EEXIST)", ["enable", path]],
        ["blocks of 256 bytes (EINVAL)", ["enable", "--block-size=256", plain]],
        ["(EISDIR)", ["enable", directory]],
      ];
      for (const [words, args] of cases) {
        const { status, stdout, stderr } = await guest.ours("fsverity", args);
        assertEquals([status, stdout], [1, ""], args.join(" "));
        assert(stderr.endsWith(`${words}\n`), `${args.join(" ")}: ${stderr}`);
      }
      const writer = openSync(plain, "r+");
      const { stderr } = await guest.ours("fsverity", ["enable", plain]);
      assertStringIncludes(stderr, "file is open for writing (ETXTBSY)");
      closeSync(writer);
    }),
    caseOn(disk, "doctor finds fs-verity", async (guest) => {
      const directory = guest.directory(disk);
      const stdout = await succeed(guest.ours, "composefs", ["doctor", "--json", directory]);
      const { fileSystem, verdict, findings } = JSON.parse(stdout);
      assertEquals([fileSystem.type, verdict.works, verdict.verity], [disk.kind, true, true]);
      const answer = (name: string) =>
        findings.find(({ question }: { question: string }) => question === name).answer;
      assertEquals(answer("placeVerity"), "yes");
      assertEquals(answer("kernelVerity"), "yes");
    }),
  ];
}

/** Cases about reading metadata, on one disk. btrfs has no call for that. */
export function metadataCases(disk: Disk): VmCase[] {
  return [
    caseOn(disk, "metadata is what Debian's reads, whole and in parts", async (guest) => {
      const directory = guest.directory(disk);
      const path = write(directory, "file", 3_000_000);
      await succeed(guest.ours, "fsverity", ["enable", "--salt=1234", path]);
      for (const type of TYPES) {
        const whole = peerMetadata(type, path);
        assert(whole.length > 0);
        assertEquals(read(guest, path, type), whole);
        for (const [offset, length] of [[0, 1], [100, 156], [4095, 5000], [0, 2 ** 30]] as const) {
          const part = peerMetadata(type, path, `--offset=${offset}`, `--length=${length}`);
          assertEquals(read(guest, path, type, { offset, length }), part, `${type} ${offset}`);
        }
      }
    }, "fsverity"),
    caseOn(disk, "metadata is what digest computes", async (guest) => {
      const directory = guest.directory(disk);
      const path = write(directory, "file", 200_000);
      const out = [`--out-merkle-tree=${path}.tree`, `--out-descriptor=${path}.descriptor`];
      await succeed(guest.ours, "fsverity", ["digest", ...out, path]);
      await succeed(guest.ours, "fsverity", ["enable", path]);
      assertEquals(read(guest, path, "merkle_tree"), new Uint8Array(readFileSync(`${path}.tree`)));
      const descriptor = new Uint8Array(readFileSync(`${path}.descriptor`));
      assertEquals(read(guest, path, "descriptor"), descriptor);
    }),
    caseOn(disk, "dump_metadata writes it to standard output", async (guest) => {
      const path = write(guest.directory(disk), "file", 200_000);
      await succeed(guest.ours, "fsverity", ["enable", path]);
      const args = ["dump_metadata", "descriptor", path];
      const { status, stdout } = await guest.ours("fsverity", args);
      // The case gets a program's output decoded as text, so what is expected has to be decoded too.
      assertEquals([status, stdout], [
        0,
        new TextDecoder().decode(read(guest, path, "descriptor")),
      ]);
    }),
    caseOn(disk, "metadata that is not there is said to be missing", async (guest) => {
      const directory = guest.directory(disk);
      const plain = write(directory, "plain", 10);
      const path = write(directory, "file", 10);
      await succeed(guest.ours, "fsverity", ["enable", path]);
      const off = "fs-verity is not enabled on it";
      for (
        const [words, type, file] of [
          [`${off} (ENODATA)`, "descriptor", plain],
          [`${off}, or without a signature (ENODATA)`, "signature", path],
        ] as const
      ) {
        const { status, stderr } = await guest.ours("fsverity", ["dump_metadata", type, file]);
        assertEquals(status, 1);
        assert(stderr.endsWith(`${words}\n`), stderr);
      }
    }),
  ];
}

/** Cases about a signature that the kernel keeps. They may not run while it asks for one. */
export function keptSignatureCases(disk: Disk): VmCase[] {
  return [{
    name: `fsverity, ${disk.kind}: a signature comes back as it went in`,
    skip: missingPrograms("fsverity", "openssl"),
    async run(guest) {
      const path = join(guest.directory(disk), "file");
      writeFileSync(path, FOO);
      const key = join(process.env.VM_RESULTS ?? "", "trusted");
      const keys = [`--key=${key}.pem`, `--cert=${key}.crt`];
      await succeed(guest.ours, "fsverity", ["sign", path, `${path}.sig`, ...keys]);
      await succeed(guest.ours, "fsverity", ["enable", `--signature=${path}.sig`, path]);
      assertEquals(guest.measure(path), FOO_DIGEST);
      const signature = new Uint8Array(readFileSync(`${path}.sig`));
      assertEquals(read(guest, path, "signature"), signature);
      assertEquals(peerMetadata("signature", path), signature);
    },
  }];
}

function write(directory: string, name: string, size: number): string {
  const path = join(directory, name);
  writeFileSync(path, Uint8Array.from({ length: size }, (_, i) => i * 31 + (i >> 12) * 7));
  return path;
}

function read(
  guest: Guest,
  path: string,
  type: VerityMetadataType,
  range?: { offset: number; length: number },
): Uint8Array<ArrayBuffer> {
  using file = guest.open(path);
  const chunks: Uint8Array[] = [];
  for (const chunk of readVerityMetadata(file, type, range)) chunks.push(chunk.slice());
  return concatBytes(...chunks);
}

function peerMetadata(
  type: VerityMetadataType,
  path: string,
  ...range: string[]
): Uint8Array<ArrayBuffer> {
  const args = ["dump_metadata", type, path, ...range];
  const { status, stdout, stderr } = spawnSync("fsverity", args, { maxBuffer: 2 ** 26 });
  if (status === 0) return new Uint8Array(stdout);
  throw new Error(`Cannot run "fsverity ${args.join(" ")}": status ${status}, ${stderr}`);
}

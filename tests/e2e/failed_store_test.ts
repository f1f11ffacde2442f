/**
 * Stores that layers were to go into: what is left of a run that failed, and what is said of stores that cannot be
 * read.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRandom } from "../../scripts/random.ts";
import { AS_NOBODY, NOBODY, runAsNobody } from "./as_nobody.ts";
import { addImage, layoutOf, makeTree, PACKED, place, tarOf } from "./container_layouts.ts";
import { MemoryLayout } from "../kit/oci_layout.ts";
import { type Subject, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const DIGEST_ONLY = ["create", "--print-digest-only"];

/** Bytes of each of the files, which no compression makes less. */
const FILE_SIZE = 100_000;
const FILES = 30;

/** Archives of files whose contents are random. */
function makeLayers({ path }: Subject): Uint8Array[] {
  const random = createRandom(17);
  return ["lower", "upper"].map((name) => {
    const make = new TreeMaker(path(name));
    mkdirSync(path(name));
    for (let i = 0; i < FILES; i++) make.file(`${name}-${i}`, random.bytes(FILE_SIZE));
    return tarOf(path(name));
  });
}

/** Ways to damage the upper of two layers, whose blobs have the digests that they should have. */
const DAMAGE: readonly (readonly [string, (blob: Uint8Array) => Uint8Array, RegExp])[] = [
  ["another byte", (blob) => blob.with(2_000_000, blob[2_000_000]! ^ 1), /digest/],
  ["a truncated archive", (blob) => blob.subarray(0, 2_000_000), /Invalid archive/],
];

/** Runs what fails, looks at the store, and lets a sound image complete it. */
testEach("failed stores: damage leaves whole objects, which the next run takes", {}, (subject) => {
  const { composefs, path } = subject;
  const tars = makeLayers(subject);
  const sound = place(layoutOf(tars, ""), path("sound"));
  const digest = textOutput(composefs, [...DIGEST_ONLY, sound]);
  for (const [name, damage, message] of DAMAGE) {
    const blobs = [tars[0]!, damage(tars[1]!)].map((bytes) => ({ suffix: "", bytes }) as const);
    const layout = new MemoryLayout();
    layout.list(addImage(layout, blobs, tars), "v1");
    const reference = place(layout, path(name));
    const create = ["create", "--quiet", `--store=${path(`${name}.store`)}`];
    const { code, stdout, stderr } = run(composefs, [...create, reference, path(name + ".cfs")]);
    assertEquals([code, stdout.length], [1, 0], stderr);
    assert(/^composefs: Cannot read layer [^\n]*\n$/.test(stderr) && message.test(stderr), stderr);
    assertCompletes(subject, {
      store: path(`${name}.store`),
      image: path(`${name}.cfs`),
      sound,
      digest,
    });
  }
});

/** What a run has left, and what is to be made of it. */
interface Left {
  readonly store: string;
  readonly image: string;
  readonly sound: string;
  readonly digest: string;
}

/** Asserts that a store has whole objects only and no image has been made, and that a sound one can be. */
function assertCompletes({ composefs }: Subject, { store, image, sound, digest }: Left): void {
  assert(!existsSync(image));
  if (existsSync(store)) assertEquals(storeFaults(store), []);
  output(composefs, ["create", "--quiet", `--store=${store}`, sound, image]);
  assertEquals(textOutput(composefs, ["digest", image]), digest);
  const verified = textOutput(composefs, ["verify", `--store=${store}`, image]);
  assert(verified.startsWith("Nothing is wrong"), verified);
  assertEquals(storeFaults(store), []);
}

/** Arguments: a directory to be a small disk, where to copy what it holds in the end, the command. */
const ON_SMALL_DISK = `disk=$1 kept=$2; shift 2
  mount -t tmpfs -o size=2m none "$disk"
  "$@"; status=$?
  cp -a "$disk" "$kept"; exit $status`;

testEach(
  "failed stores: a full disk leaves whole objects, which the next run takes",
  { root: true, tools: ["unshare"], once: true },
  (subject) => {
    const { composefs, path } = subject;
    const sound = place(layoutOf(makeLayers(subject), "+gzip"), path("layout"));
    const digest = textOutput(composefs, [...DIGEST_ONLY, sound]);
    mkdirSync(path("disk"));
    const create = [
      "create",
      "--quiet",
      `--store=${path("disk/store")}`,
      sound,
      path("disk/image"),
    ];
    const script = ["-m", "--propagation", "private", "sh", "-c", ON_SMALL_DISK, "sh"];
    const { code, stdout, stderr } = run(
      ["unshare", ...script, path("disk"), path("kept")],
      [...composefs, ...create],
    );
    assertEquals([code, stdout.length], [1, 0], stderr);
    assert(/^composefs: Cannot [^\n]*No space left on device \(ENOSPC\)\n$/.test(stderr), stderr);
    assertEquals(readdirSync(path("kept")), ["store"]);
    const objects = listFiles(path("kept/store")).filter((line) => line.endsWith(` ${FILE_SIZE}`));
    assert(objects.length >= 5 && objects.length < 2 * FILES, `${objects.length} objects kept`);
    assertCompletes(subject, { store: path("kept/store"), image: path("image"), sound, digest });
  },
);

/** Arguments: a directory that is to be read-only, the command. */
const READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';

testEach(
  "failed stores: one that cannot be written serves if it has all, as root",
  { root: true, tools: ["unshare"], once: true },
  (subject) => {
    const { composefs, path } = subject;
    mkdirSync(path("tree"));
    makeTree(path("tree"));
    const create = (tar: Uint8Array, name: string) => [
      ...composefs,
      "create",
      "--quiet",
      `--store=${path("store")}`,
      place(layoutOf([tar], "+gzip"), path(name)),
      path(`${name}.cfs`),
    ];
    const tar = tarOf(path("tree"));
    output(create(tar, "one"), []);
    const script = ["-m", "--propagation", "private", "sh", "-c", READ_ONLY, "sh", path("store")];
    output(["unshare", ...script], create(tar, "two"));
    assertEquals(readFileSync(path("two.cfs")), readFileSync(path("one.cfs")));
    // Of a size that comes in pieces, and of one that does not.
    for (const [name, size] of [["small", 1000], ["large", 3_000_000]] as const) {
      writeFileSync(path(`tree/${name}`), new Uint8Array(size).fill(7));
      const { code, stderr } = run(["unshare", ...script], create(tarOf(path("tree")), name));
      assertEquals(code, 1);
      assert(
        /^composefs: Cannot create "[^\n]*Read-only file system \(EROFS\)\n$/.test(stderr),
        stderr,
      );
      assert(!existsSync(path(`${name}.cfs`)));
    }
  },
);

testEach(
  "failed stores: one that cannot be read is told of in a line, root to become nobody",
  { ...AS_NOBODY, once: true },
  (subject) => {
    const { composefs, directory, path } = subject;
    Deno.chownSync(directory, NOBODY, NOBODY);
    mkdirSync(path("tree"));
    makeTree(path("tree"));
    const reference = place(layoutOf([tarOf(path("tree"))], "+gzip"), path("layout"));
    output(composefs, ["create", "--quiet", `--store=${path("closed")}`, reference, path("image")]);
    mkdirSync(path("m"));
    writeFileSync(path("file"), PACKED["+gzip"](new Uint8Array(10)));
    const commands = [
      ["create", "STORE", reference, path("new")],
      ["verify", "STORE", path("image")],
      ["verify", "STORE", reference],
      ["cat", "STORE", path("image"), "/usr/large"],
      ["extract", "STORE", path("image"), path("out")],
      ["missing-objects", "STORE", path("image")],
      ["mount", "STORE", path("image"), path("m")],
      ["mount", "STORE", reference, path("m")],
    ];
    const stores = [
      ["closed", 0, "Permission denied"],
      // Its objects may be listed, and not be looked at.
      ["closed", 0o444, "Permission denied"],
      ["file", 0o644, "Not a directory"],
    ] as const;
    for (const [store, mode, message] of stores) {
      chmodSync(path(store), mode);
      for (const command of commands) {
        const args = command.map((word) => word === "STORE" ? `--store=${path(store)}` : word);
        const { code, stdout, stderr } = runAsNobody(subject, [...composefs, ...args]);
        assertEquals([code, stdout.length], [1, 0], `${args.join(" ")}: ${stderr}`);
        assert(/^composefs: Cannot [^\n]*\n$/.test(stderr), stderr);
        // Whoever may not mount need not be told more.
        if (command[0] === "mount" && stderr.includes("run as root")) continue;
        assertStringIncludes(stderr, message);
        assertStringIncludes(stderr, path(store));
        for (const name of ["new", "out"]) assert(!existsSync(path(name)));
      }
    }
  },
);

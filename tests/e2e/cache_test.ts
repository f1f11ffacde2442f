/**
 * `--cache`: what has changed is read again, whatever is done to hide it, and nothing else is.
 */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { isOnDisk, moduleWorkspace, type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Longer than a file must have been left alone for its digest to be kept. */
const QUIET_MILLISECONDS = 4500;

const WORKSPACE = moduleWorkspace();
const CONTENTS = "some contents of a file ".repeat(20);
const OTHER = CONTENTS.toUpperCase();

const NOT_ON_DISK = "temporary files are not on a disk";

/** A tree for each form of the program, made at once so that the wait is for all of them. */
let made = 0;
function makeTree(): string {
  const name = `tree-${made++}`;
  const make = new TreeMaker(WORKSPACE);
  make.directory(name);
  for (const file of ["a", "b", "c", "d"]) make.file(`${name}/${file}`, `${file} ${CONTENTS}`);
  make.file(`${name}/small`, "inline");
  make.file(`${name}/large`, new Uint8Array(5 * 2 ** 20).fill(7));
  return `${WORKSPACE}/${name}`;
}

const TREES = Array.from({ length: 36 }, makeTree);
const READY = new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));

let taken = 0;
async function quietTree(): Promise<string> {
  await READY;
  return TREES[taken++]!;
}

interface Digest {
  readonly digest: string;
  readonly stderr: string;
}

function digestOf(subject: Subject, tree: string, ...options: string[]): Digest {
  const args = [...options, "--print-digest-only", tree];
  const { code, stdout, stderr } = run(subject.tool("mkcomposefs"), args);
  assertEquals(code, 0, stderr);
  return { digest: new TextDecoder().decode(stdout).trim(), stderr };
}

/** What the image must be, found out without a cache. */
function assertTrue(subject: Subject, tree: string, cache: string): void {
  const { digest, stderr } = digestOf(subject, tree, `--cache=${cache}`);
  assertEquals(digest, digestOf(subject, tree).digest);
  assertEquals(stderr, "");
}

/** Files that a run opens for reading below the tree. */
function filesRead(subject: Subject, tree: string, cache: string): string[] {
  const trace = subject.path("trace");
  const command = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=openat,openat2"];
  const args = [...subject.tool("mkcomposefs"), `--cache=${cache}`, "--print-digest-only", tree];
  assertEquals(run(command, args).code, 0);
  return [
    ...readFileSync(trace, "utf8").matchAll(
      /"([a-z]+)", (?:O_RDONLY|\{flags=O_RDONLY)\|O_NONBLOCK/g,
    ),
  ]
    .map(([, name]) => name!).sort();
}

testEach(
  "cache: reads only what has changed",
  { tools: ["strace"], long: true, skip: isOnDisk(WORKSPACE) ? "" : NOT_ON_DISK },
  async (subject) => {
    const tree = await quietTree();
    const cache = subject.path("cache");
    assertEquals(filesRead(subject, tree, cache), ["a", "b", "c", "d", "large", "small"]);
    // Only digests are cached; `small` is kept in the image, so it is read each time.
    assertEquals(filesRead(subject, tree, cache), ["small"]);
    writeFileSync(`${tree}/b`, OTHER);
    assertEquals(filesRead(subject, tree, cache), ["b", "small"]);
    // It was changed a moment ago, so its digest was not kept.
    assertEquals(filesRead(subject, tree, cache), ["b", "small"]);
  },
);

testEach("cache: cannot be fooled", { long: true }, async (subject) => {
  const tree = await quietTree();
  const cache = subject.path("cache");
  assertTrue(subject, tree, cache);
  const before = digestOf(subject, tree).digest;

  // Rewritten in place: the same size, and the modification time put back.
  const { atimeMs, mtimeMs } = statSync(`${tree}/a`);
  writeFileSync(`${tree}/a`, `a ${OTHER}`);
  utimesSync(`${tree}/a`, atimeMs / 1000, mtimeMs / 1000);
  assertEquals(statSync(`${tree}/a`).mtimeMs, mtimeMs);
  assertTrue(subject, tree, cache);
  assertNotEquals(digestOf(subject, tree).digest, before);

  // Again and again within the same tick of the clock.
  for (let i = 0; i < 20; i++) {
    writeFileSync(`${tree}/c`, `${i % 10} ${CONTENTS}`);
    utimesSync(`${tree}/c`, atimeMs / 1000, mtimeMs / 1000);
    if (i % 5 === 0) assertTrue(subject, tree, cache);
  }
  assertTrue(subject, tree, cache);

  // Another file in its place, with the same times.
  writeFileSync(`${tree}/new`, `d ${OTHER}`);
  const old = statSync(`${tree}/d`);
  utimesSync(`${tree}/new`, old.atimeMs / 1000, old.mtimeMs / 1000);
  renameSync(`${tree}/new`, `${tree}/d`);
  assertTrue(subject, tree, cache);

  // Changed through another name, and two files that take each other's.
  renameSync(`${tree}/a`, `${tree}/x`);
  renameSync(`${tree}/b`, `${tree}/a`);
  renameSync(`${tree}/x`, `${tree}/b`);
  assertTrue(subject, tree, cache);
  truncateSync(`${tree}/large`, 5 * 2 ** 20 - 1);
  assertTrue(subject, tree, cache);
});

testEach("cache: a store that lacks an object gets it", {}, async (subject) => {
  const tree = await quietTree();
  const cache = subject.path("cache");
  digestOf(subject, tree, `--cache=${cache}`);
  for (const store of ["one", "two"].map((name) => subject.path(name))) {
    textOutput(subject.tool("mkcomposefs"), [
      `--cache=${cache}`,
      `--digest-store=${store}`,
      tree,
      subject.path("image"),
    ]);
    textOutput(subject.tool("verify"), [`--basedir=${store}`, subject.path("image")]);
  }
});

testEach(
  "cache: a damaged one is replaced with a note, another file never",
  {},
  async (subject) => {
    const tree = await quietTree();
    const cache = subject.path("cache");
    const { digest } = digestOf(subject, tree, `--cache=${cache}`);
    const whole = readFileSync(cache);
    whole[whole.length >> 1]! ^= 1;
    for (const damaged of [whole, whole.subarray(0, 40), whole.subarray(0, whole.length - 1)]) {
      writeFileSync(cache, damaged);
      const run = digestOf(subject, tree, `--cache=${cache}`);
      assertEquals(run.digest, digest);
      assertStringIncludes(run.stderr, `note: Cannot use "${cache}" as a cache: `);
      assertEquals(digestOf(subject, tree, `--cache=${cache}`), { digest, stderr: "" });
    }
    const foreign = subject.path("letter");
    writeFileSync(foreign, "Dear reader");
    const refused = digestOf(subject, tree, `--cache=${foreign}`);
    assertEquals(refused.digest, digest);
    assertStringIncludes(refused.stderr, "another kind of file; going on without");
    assertEquals(readFileSync(foreign, "utf8"), "Dear reader");
    const lost = digestOf(subject, tree, `--cache=${subject.path("none/cache")}`);
    assertEquals(lost.digest, digest);
    assertStringIncludes(lost.stderr, "the cache is not kept");
    assert(!existsSync(subject.path("none")));
  },
);
testEach("cache: --verify-objects reads the source again", {
  skip: isOnDisk(WORKSPACE) ? "" : NOT_ON_DISK,
}, async (subject) => {
  const tree = await quietTree();
  const cache = subject.path("cache");
  const { digest } = digestOf(subject, tree, `--cache=${cache}`);
  // A cache that lies, in which two files have each other's digest.
  const bytes = readFileSync(cache);
  const digestOfFile = (path: string) =>
    Uint8Array.fromHex(textOutput(subject.tool("digest"), [path]).trim());
  const found = ["a", "b"].map((name) => digestOfFile(`${tree}/${name}`));
  const places = found.map((each) => bytes.indexOf(each));
  assert(places.every((place) => place > 0), "its digests stand in the cache as they are");
  bytes.set(found[0]!, places[1]);
  bytes.set(found[1]!, places[0]);
  writeFileSync(cache, bytes.subarray(0, -32));
  bytes.set(digestOfFile(cache), bytes.length - 32);
  writeFileSync(cache, bytes);
  assertNotEquals(digestOf(subject, tree, `--cache=${cache}`).digest, digest);
  const options = [`--cache=${cache}`, `--digest-store=${subject.path("store")}`];
  assertEquals(digestOf(subject, tree, ...options, "--verify-objects").digest, digest);
  assertEquals(digestOf(subject, tree, `--cache=${cache}`), { digest, stderr: "" });
});

/** Keeps a page of a file mapped, writes a letter for each line of input, and answers each. */
const MAPPER = `
import mmap, os, sys
with mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 4096) as memory:
    for place, line in enumerate(sys.stdin):
        memory[place] = ord("x")
        print(place, flush=True)
`;

/** Digests a tree while one of its files is changed through a mapping that stays open. */
async function checkMapped(subject: Subject, parent: string): Promise<void> {
  const tree = `${parent}/tree`;
  mkdirSync(tree);
  writeFileSync(`${tree}/mapped`, new Uint8Array(8192).fill(1));
  const child = new Deno.Command("python3", {
    args: ["-c", MAPPER, `${tree}/mapped`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [writer, reader] = [child.stdin.getWriter(), child.stdout.getReader()];
  const change = async () => {
    await writer.write(new TextEncoder().encode("\n"));
    await reader.read();
  };
  try {
    await change();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));
    const cache = subject.path("cache");
    const seen = new Set<string>();
    // The first run would note the digest, each other one take it for that of what has changed since.
    for (let i = 0; i < 3; i++) {
      assertTrue(subject, tree, cache);
      seen.add(digestOf(subject, tree).digest);
      await change();
    }
    assertEquals(seen.size, 3);
  } finally {
    await writer.close();
    while (!(await reader.read()).done);
    await child.status;
  }
}

testEach(
  "cache: sees what is changed through a mapping",
  { long: true, tools: ["python3", "mkfs.ext4"], root: true, once: true },
  async (subject) => {
    // On a file system of its own nothing but this test causes pages to be written back.
    const disk = subject.path("disk");
    writeFileSync(disk, "");
    truncateSync(disk, 2 ** 26);
    textOutput(["mkfs.ext4"], ["-q", disk]);
    const mountPoint = subject.path("mounted");
    mkdirSync(mountPoint);
    textOutput(["mount"], ["-o", "loop", disk, mountPoint]);
    try {
      await checkMapped(subject, mountPoint);
    } finally {
      textOutput(["umount"], [mountPoint]);
    }
  },
);

testEach("cache: sees what is changed through a mapping in memory", {
  long: true,
  tools: ["python3"],
  once: true,
  skip: existsSync("/dev/shm") ? "" : "no /dev/shm",
}, async (subject) => {
  const parent = mkdtempSync("/dev/shm/composefs-e2e-");
  try {
    await checkMapped(subject, parent);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

testEach("cache: only our own file is believed, or written", { long: true }, async (subject) => {
  const tree = await quietTree();
  const { digest } = digestOf(subject, tree);
  const target = subject.path("target");
  // With umask 0 new files are open to all, so the mode of the cache has to be set.
  const made = run(["sh", "-c", 'umask 0; exec "$@"', "sh", ...subject.tool("mkcomposefs")], [
    `--cache=${target}`,
    "--print-digest-only",
    tree,
  ]);
  assertEquals([made.code, statSync(target).mode & 0o777], [0, 0o644]);
  const before = readFileSync(target);
  const refuse = (path: string, state: string) => {
    const { digest: found, stderr } = digestOf(subject, tree, `--cache=${path}`);
    assertEquals(found, digest);
    assertStringIncludes(stderr, `note: Cannot use "${path}" as a cache: ${state}`);
    assertStringIncludes(stderr, "; going on without\n");
  };
  const link = subject.path("link");
  symlinkSync("target", link);
  refuse(link, "a symlink file, expected a regular one");
  const fifo = subject.path("fifo");
  textOutput(["mkfifo"], [fifo]);
  refuse(fifo, "a fifo file, expected a regular one");
  refuse("/dev/zero", "a character file, expected a regular one");
  refuse(subject.directory, "a directory file, expected a regular one");
  for (const mode of [0o620, 0o602]) {
    chmodSync(target, mode);
    refuse(target, `others than its owner may write to it (mode 0${mode.toString(8)})`);
  }
  chmodSync(target, 0o644);
  assertEquals(readFileSync(target), before);
  // A file that says it is enormous is not read to the end.
  const sparse = subject.path("sparse");
  writeFileSync(sparse, before.subarray(0, 32));
  truncateSync(sparse, 2 ** 40);
  const { digest: found, stderr } = digestOf(subject, tree, `--cache=${sparse}`);
  assertEquals(found, digest);
  assertStringIncludes(stderr, `${2 ** 40} bytes, expected `);
});

testEach("cache: another user's is not believed", { root: true }, async (subject) => {
  const tree = await quietTree();
  const cache = subject.path("cache");
  const { digest } = digestOf(subject, tree, `--cache=${cache}`);
  chownSync(cache, 4711, 4711);
  const { mtimeMs } = statSync(cache);
  const { digest: found, stderr } = digestOf(subject, tree, `--cache=${cache}`);
  assertEquals(found, digest);
  assertStringIncludes(stderr, "it belongs to user 4711, expected 0; going on without\n");
  assertEquals([statSync(cache).uid, statSync(cache).mtimeMs], [4711, mtimeMs]);
});

import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { moduleWorkspace, type Subject, testEach } from "./each_program.ts";
import { output, run } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";
import { createRandom } from "../../scripts/random.ts";

const WORKSPACE = moduleWorkspace();

/** A directory of many files that all go into the store, so that filling it takes a while. */
function manyObjects(): string {
  const root = `${WORKSPACE}/many`;
  try {
    mkdirSync(root);
  } catch {
    return root; // Another test has made it.
  }
  const make = new TreeMaker(root);
  for (let d = 0; d < 10; d++) {
    make.directory(`${d}`);
    for (let i = 0; i < 40; i++) make.file(`${d}/${i}`, `file ${d} ${i} `.repeat(40 + i));
  }
  make.file("big", createRandom(7).bytes(3 * 2 ** 20));
  return root;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** Starts a program; with a signal, sends it after some milliseconds. */
function start(
  command: readonly string[],
  signal?: NodeJS.Signals,
  milliseconds?: number,
): Promise<Ended> {
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => stderr += chunk);
  const timer = signal && setTimeout(() => child.kill(signal), milliseconds);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, ended) => {
      clearTimeout(timer);
      resolve({ code, signal: ended, stderr });
    });
  });
}

/** What a finished build leaves, to compare others with. */
function wholeBuild(subject: Subject): { objects: string[]; image: Uint8Array } {
  const store = subject.path("whole");
  const image = output(subject.tool("mkcomposefs"), [
    `--digest-store=${store}`,
    manyObjects(),
    "-",
  ]);
  const objects = listFiles(store);
  rmSync(store, { recursive: true });
  return { objects, image };
}

testEach("store: two builds fill one store at once", { long: true }, async (subject) => {
  const expected = wholeBuild(subject);
  const store = subject.path("store");
  const builds = ["one", "two"].map((name) =>
    start([
      ...subject.tool("mkcomposefs"),
      `--digest-store=${store}`,
      manyObjects(),
      subject.path(name),
    ])
  );
  for (const ended of await Promise.all(builds)) {
    assertEquals(ended, { code: 0, signal: null, stderr: "" });
  }
  assertEquals(listFiles(store), expected.objects);
  assertEquals(storeFaults(store), []);
  for (const name of ["one", "two"]) {
    assertEquals(new Uint8Array(readFileSync(subject.path(name))), expected.image);
  }
});

/** Sends a signal to builds into one store, 20 times, and lets the last build finish. */
async function interruptBuilds(
  subject: Subject,
  signals: readonly NodeJS.Signals[],
  leftover: RegExp | undefined,
): Promise<void> {
  const expected = wholeBuild(subject);
  const random = createRandom(99);
  const store = subject.path("store");
  const out = subject.path("out");
  const image = `${out}/image`;
  mkdirSync(out);
  writeFileSync(image, "old");
  const build = [...subject.tool("mkcomposefs"), `--digest-store=${store}`, manyObjects(), image];
  const began = performance.now();
  await start([...build.slice(0, -3), "--print-digest-only", manyObjects()]);
  const span = Math.round(performance.now() - began);
  const faults = () => storeFaults(store).filter((fault) => !leftover?.test(fault));
  let interrupted = 0;
  for (let i = 0; i < 20; i++) {
    const ended = await start(build, signals[i % signals.length], random.int(1, 2 * span));
    if (ended.signal !== null || ended.code !== 0) interrupted++;
    const written = readFileSync(image);
    const old = new TextDecoder().decode(written) === "old";
    assert(old || written.equals(expected.image), "the image is neither the old nor the new one");
    const others = listFiles(out).filter((line) => !line.startsWith("image "));
    assert(leftover !== undefined || others.length === 0, others.join());
    if (ended.code === 0 && ended.signal === null) {
      // This build came to its end: without its store removed, later ones would have nothing to do.
      assertEquals(faults(), []);
      rmSync(store, { recursive: true });
      writeFileSync(image, "old");
    }
  }
  assert(interrupted >= 3, `only ${interrupted} of 20 builds were interrupted`);
  if (existsSync(store)) assertEquals(faults(), []);
  assertEquals(await start(build), { code: 0, signal: null, stderr: "" });
  assertEquals(new Uint8Array(readFileSync(image)), expected.image);
  const objects = listFiles(store).filter((line) => !leftover?.test(line));
  assertEquals(objects, expected.objects);
}

testEach(
  "store: builds killed at any time leave whole objects only",
  { long: true },
  async (subject) => {
    await interruptBuilds(subject, ["SIGKILL"], /^\.tmp[^/]* 100600 \d+$/);
  },
);

testEach(
  "store: SIGINT, SIGTERM and SIGHUP leave no temporary file either",
  { long: true },
  async (subject) => {
    await interruptBuilds(subject, ["SIGINT", "SIGTERM", "SIGHUP"], undefined);
  },
);

const CONTENTS = "what is kept in a store because it is longer than sixty-four bytes, this file";

/** A store with one object, whose path is returned. */
function oneObject(subject: Subject): { store: string; object: string; args: string[] } {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  make.file("tree/file", CONTENTS);
  const store = subject.path("store");
  const args = [`--digest-store=${store}`, subject.path("tree"), subject.path("image")];
  output(subject.tool("mkcomposefs"), args);
  const [, line] = listFiles(store);
  return { store, object: `${store}/${line!.split(" ")[0]}`, args };
}

/** Asserts that a run puts an object right, and says so. */
function assertRepairs(subject: Subject, object: string, args: readonly string[]): void {
  const image = readFileSync(subject.path("image"));
  const { code, stderr } = run(subject.tool("mkcomposefs"), args);
  assertEquals(code, 0, stderr);
  const words = `mkcomposefs: note: replaced "${object}", which was no object of that name: `;
  assert(stderr.startsWith(words) && stderr.trim().split("\n").length === 1, stderr);
  assertEquals(readFileSync(object, "utf8"), CONTENTS);
  assertEquals(readFileSync(subject.path("image")), image);
  assertEquals(run(subject.tool("mkcomposefs"), args).stderr, "");
}

testEach("store: what is no object of its name is replaced, and told of", {}, (subject) => {
  const { object, args } = oneObject(subject);
  for (const contents of ["", CONTENTS + "!"]) {
    writeFileSync(object, contents);
    assertRepairs(subject, object, args);
  }
  rmSync(object);
  symlinkSync("/etc/passwd", object);
  assertRepairs(subject, object, args);
});

testEach("store: a directory in an object's place is an error", {}, (subject) => {
  const { object, args } = oneObject(subject);
  rmSync(object);
  mkdirSync(object);
  const { code, stderr } = run(subject.tool("mkcomposefs"), args);
  assertEquals(code, 1);
  assert(/^mkcomposefs: Cannot [^\n]*\n$/.test(stderr), stderr);
});

testEach("store: other contents of the right size: kept, or replaced if asked", {}, (subject) => {
  const { object, args } = oneObject(subject);
  output(subject.tool("mkcomposefs"), ["--verify-objects", ...args]);
  const other = CONTENTS.toUpperCase();
  writeFileSync(object, other);
  assertEquals(run(subject.tool("mkcomposefs"), args).stderr, "");
  assertEquals(readFileSync(object, "utf8"), other);
  assertRepairs(subject, object, ["--verify-objects", ...args]);
});

testEach("store: a large object is repaired as well", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  const contents = createRandom(11).bytes(5 * 2 ** 20);
  make.directory("tree");
  make.file("tree/big", contents);
  const store = subject.path("store");
  const args = [`--digest-store=${store}`, subject.path("tree"), subject.path("image")];
  output(subject.tool("mkcomposefs"), args);
  const object = `${store}/${listFiles(store)[1]!.split(" ")[0]}`;
  truncateSync(object, 100);
  assert(run(subject.tool("mkcomposefs"), args).stderr.includes("100 bytes where"));
  assertEquals(new Uint8Array(readFileSync(object)), contents);
});

testEach("store: one that cannot be written serves if it has all", { root: true }, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  make.file("tree/small", CONTENTS);
  make.file("tree/middle", "x".repeat(100_000));
  make.file("tree/big", createRandom(12).bytes(5 * 2 ** 20));
  const [store, tree, image] = ["store", "tree", "image"].map((name) => subject.path(name));
  output(subject.tool("mkcomposefs"), [`--digest-store=${store}`, tree!, image!]);
  const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
  const command = [...subject.tool("mkcomposefs"), `--digest-store=${store}`, tree!, image!];
  const args = ["--mount", "sh", "-c", script, "sh", store!, ...command];
  assertEquals(run(["unshare"], args), { code: 0, stdout: new Uint8Array(), stderr: "" });
  make.file("tree/more", CONTENTS + "more");
  const { code, stderr } = run(["unshare"], args);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `mkcomposefs: Cannot create "${store}/new object": Read-only file system (EROFS)\n`,
  );
});

testEach("store: a full disk keeps the objects that were complete", { root: true }, (subject) => {
  const make = new TreeMaker(subject.directory);
  const random = createRandom(13);
  make.directory("tree");
  for (let i = 0; i < 40; i++) make.file(`tree/${i}`, random.bytes(100_000));
  make.directory("disk");
  const [store, tree, image] = ["disk/store", "tree", "image"].map((name) => subject.path(name));
  const command = [...subject.tool("mkcomposefs"), `--digest-store=${store}`, tree!, image!];
  const script = 'mount -t tmpfs -o size=2m none "$1" && shift && { "$@"; status=$?; ' +
    'find "$STORE" -type f -size 100000c | wc -l; exit $status; }';
  const { code, stdout, stderr } = run(
    ["unshare"],
    [
      "--mount",
      "env",
      `STORE=${store}`,
      "sh",
      "-c",
      script,
      "sh",
      subject.path("disk"),
      ...command,
    ],
  );
  assertEquals(code, 1);
  assert(stderr.includes("No space left on device (ENOSPC)"), stderr);
  const kept = Number(new TextDecoder().decode(stdout));
  assert(kept >= 10 && kept <= 20, `${kept} objects kept`);
});

testEach(
  "store: umask does not reach the objects, existing objects stay the same files",
  {},
  (subject) => {
    const make = new TreeMaker(subject.directory);
    make.directory("tree");
    make.file("tree/file", CONTENTS, 0o7777);
    const store = subject.path("store");
    const args = [`--digest-store=${store}`, subject.path("tree"), subject.path("image")];
    const strict = ["sh", "-c", 'umask 077; exec "$@"', "sh"];
    output([...strict, ...subject.tool("mkcomposefs")], args);
    const [directory, object] = listFiles(store);
    assert(
      directory!.endsWith(" 40700") && object!.endsWith(" 100644 77"),
      `${directory} ${object}`,
    );
    const path = `${store}/${object!.split(" ")[0]}`;
    const { ino, mtime } = Deno.statSync(path);
    output(subject.tool("mkcomposefs"), args);
    assertEquals([Deno.statSync(path).ino, Deno.statSync(path).mtime], [ino, mtime]);
  },
);

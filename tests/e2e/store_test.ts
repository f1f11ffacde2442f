import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { moduleWorkspace, type Subject, testEach } from "./each_program.ts";
import { output, run } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";
import { createRandom } from "../support/random.ts";

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

testEach("store: two builds fill one store at once", {}, async (subject) => {
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
      // Begin anew, or every later build would find its work done.
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

testEach("store: an object of another size is an error, kept as it is", {}, (subject) => {
  const { object, args } = oneObject(subject);
  const image = readFileSync(subject.path("image"));
  for (const contents of ["", CONTENTS + "!"]) {
    writeFileSync(object, contents);
    const { code, stderr } = run(subject.tool("mkcomposefs"), args);
    assertEquals(code, 1);
    assert(/^mkcomposefs: Cannot [^\n]*\n$/.test(stderr) && stderr.includes("77"), stderr);
    assertEquals(readFileSync(object, "utf8"), contents);
    assertEquals(readFileSync(subject.path("image")), image);
  }
});

testEach("store: an object that is no regular file is an error", {}, (subject) => {
  const { object, args } = oneObject(subject);
  rmSync(object);
  mkdirSync(object);
  const { code, stderr } = run(subject.tool("mkcomposefs"), args);
  assertEquals(code, 1);
  assert(/^mkcomposefs: Cannot [^\n]*\n$/.test(stderr), stderr);
});

testEach("store: other contents of the right size: kept, or refused if asked", {}, (subject) => {
  const { object, args } = oneObject(subject);
  output(subject.tool("mkcomposefs"), ["--verify-objects", ...args]);
  const other = CONTENTS.toUpperCase();
  writeFileSync(object, other);
  output(subject.tool("mkcomposefs"), args);
  const { code, stderr } = run(subject.tool("mkcomposefs"), ["--verify-objects", ...args]);
  assertEquals(code, 1);
  assert(/^mkcomposefs: Cannot [^\n]*contents[^\n]*\n$/.test(stderr), stderr);
  assertEquals(readFileSync(object, "utf8"), other);
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

/**
 * Ends programs early by signals, and looks at what they leave behind.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { concatBytes } from "../../lib/bytes/text.ts";
import { PROGRAM_NAMES } from "../../scripts/test/program_names.ts";
import { END, file, header } from "../kit/tar_archive.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import { containerCommand, makeRoot, NEEDS_PROC, ownLibraries, WORK } from "./container.ts";
import { type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Starts a program with no signal ignored, whatever the test's own parents do. */
function start(command: readonly string[], args: readonly string[], cwd: string): ChildProcess {
  const words = ["--default-signal=INT,TERM,HUP,QUIT,XCPU", ...command, ...args];
  return spawn("env", words, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

/** Waits until something is there, and fails if the process ends before. */
async function waitFor(child: ChildProcess, isThere: () => boolean): Promise<void> {
  while (!isThere()) {
    if (child.exitCode !== null) throw new Error(`Cannot wait: it has ended, ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Sends a signal and tells by which one the process ended. */
async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<string | null> {
  const ended = new Promise<string | null>((resolve) => {
    child.once("close", (_, by) => resolve(by));
  });
  child.kill(signal);
  return await ended;
}

function hasHidden(directory: string): boolean {
  return existsSync(directory) &&
    readdirSync(directory, { recursive: true }).some((name) => String(name).includes(".tmp-"));
}

/**
 * Makes an image of small files, and a directory to extract it into. To extract a thousand takes 30 milliseconds
 * and more: long after the first is there, they are not all.
 */
function makeManyFiles(subject: Subject, count: number): void {
  const lines = Array.from(
    { length: count },
    (_, i) => `/file-${i} 1 100644 1 0 0 0 0.0 - x -\n`,
  );
  writeFileSync(subject.path("dump"), ["/ 0 40755 2 0 0 0 0.0 - - -\n", ...lines].join(""));
  textOutput(subject.tool("mkcomposefs"), ["--from-file", "dump", "image"], {
    cwd: subject.directory,
  });
  new TreeMaker(subject.directory).directory("out");
}

/** Waits until the directory that is extracted is there, under the name that it has until it is whole. */
async function waitForExtraction(child: ChildProcess, subject: Subject): Promise<void> {
  await waitFor(child, () => readdirSync(subject.path("out")).length > 0);
  assertMatch(readdirSync(subject.path("out"))[0]!, /\.tmp-/);
}

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU"] as const;

testEach("signal: extract leaves nothing behind", {}, async (subject) => {
  makeManyFiles(subject, 20_000);
  for (const signal of SIGNALS) {
    const child = start(subject.tool("extract"), ["image", "out/tree"], subject.directory);
    await waitForExtraction(child, subject);
    assertEquals(await stop(child, signal), signal);
    assertEquals(readdirSync(subject.path("out")), []);
  }
});

testEach(
  "signal: what a killed run has left goes with the next",
  { long: true, once: true },
  async (subject) => {
    makeManyFiles(subject, 5000);
    const args = ["image", "out/tree"];
    const child = start(subject.tool("extract"), args, subject.directory);
    await waitForExtraction(child, subject);
    assertEquals(await stop(child, "SIGKILL"), "SIGKILL");
    assertMatch(readdirSync(subject.path("out"))[0]!, /\.tmp-/);
    textOutput(subject.tool("extract"), args, { cwd: subject.directory });
    assertEquals(readdirSync(subject.path("out")), ["tree"]);
  },
);

/** Starts a command that keeps contents of an archive while it reads it, and waits for the rest of it in vain. */
async function startReading(subject: Subject, command: string, ...rest: readonly string[]) {
  const words = ["--default-signal=INT,TERM,HUP", ...subject.tool(command), "tar:-", ...rest];
  const env = { ...process.env, TMPDIR: subject.path("tmp") };
  const child = spawn("env", words, {
    cwd: subject.directory,
    env,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const contents = new Uint8Array(2 ** 20).fill(7);
  child.stdin.write(concatBytes(header({ size: 2 * contents.length }), contents));
  await waitFor(child, () => readdirSync(subject.path("tmp")).length > 0);
  assertMatch(readdirSync(subject.path("tmp"))[0]!, /^\.tmp-/);
  return child;
}

testEach(
  "signal: contents of layers are kept no longer than they are read",
  {},
  async (subject) => {
    const make = new TreeMaker(subject.directory);
    make.directory("tmp");
    make.file("layer", concatBytes(file({}, "contents"), END));
    const commands = [
      ["SIGTERM", "cat", "/file"],
      ["SIGINT", "extract", "out"],
      ["SIGHUP", "verify"],
    ] as const;
    for (const [signal, command, ...rest] of commands) {
      const child = await startReading(subject, command, ...rest);
      assertEquals(await stop(child, signal), signal);
      assertEquals(readdirSync(subject.directory).sort(), ["layer", "tmp"]);
      assertEquals(readdirSync(subject.path("tmp")), []);
    }
    const child = await startReading(subject, "cat", "/file");
    assertEquals(await stop(child, "SIGKILL"), "SIGKILL");
    assertEquals(readdirSync(subject.path("tmp")).length, 1);
    const args = [`tar:${subject.path("layer")}`, "/file"];
    const env = { TMPDIR: subject.path("tmp") };
    assertEquals(textOutput(subject.tool("cat"), args, { env }), "contents");
    assertEquals(readdirSync(subject.path("tmp")), []);
  },
);

testEach("signal: mkcomposefs leaves whole objects only", { long: true }, async (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  for (let i = 0; i < 8; i++) make.sparse(`tree/file-${i}`, 64 * 2 ** 20 + i);
  for (const signal of SIGNALS) {
    const args = ["--digest-store=objects", "tree", "image"];
    const child = start(subject.tool("mkcomposefs"), args, subject.directory);
    await waitFor(child, () => existsSync(subject.path("objects")));
    assertEquals(await stop(child, signal), signal);
    assertEquals(readdirSync(subject.directory).sort(), ["objects", "tree"]);
    assertEquals(storeFaults(subject.path("objects")), []);
    assert(!hasHidden(subject.path("objects")));
    rmSync(subject.path("objects"), { recursive: true });
  }
});

testEach("signal: ends what waits for standard input at once", { long: true }, async (subject) => {
  const script = 'sleep 20 | "$@" --from-file - image';
  const child = start(
    ["setsid", "sh", "-c", script, "sh"],
    subject.tool("mkcomposefs"),
    subject.directory,
  );
  // Nothing shows from outside that it waits, but after this time it surely does.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const before = performance.now();
  Deno.kill(-child.pid!, "SIGTERM");
  await new Promise((resolve) => child.once("close", resolve));
  assert(performance.now() - before < 1500);
  assertEquals(readdirSync(subject.directory), []);
});

testEach("signal: one that is ignored stays ignored", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  make.sparse("tree/file", 2 ** 28);
  const script = 'trap "" INT; "$@" & sleep 0.3; kill -INT $!; wait $!';
  const args = [...subject.tool("mkcomposefs"), "tree", "image"];
  const { code } = run(["sh", "-c", script, "sh"], args, { cwd: subject.directory });
  assertEquals(code, 0);
  assertEquals(readdirSync(subject.directory).sort(), ["image", "tree"]);
});

const executable = PROGRAMS.find(({ name }) => name === PROGRAM_NAMES.bunExecutable)!;

testEach(
  "signal: nothing is left behind without /proc either, root to make a container",
  {
    long: true,
    tools: ["unshare", "chroot", "ldd"],
    root: true,
    once: true,
    skip: executable.skipReason === "" ? NEEDS_PROC : "no executable",
  },
  async (subject) => {
    const root = subject.path("root");
    makeRoot(root, executable.command[0]!, ownLibraries(executable.command[0]!));
    const work = join(root, WORK);
    const make = new TreeMaker(work);
    make.directory("tree");
    for (let i = 0; i < 8; i++) make.sparse(`tree/file-${i}`, 64 * 2 ** 20 + i);
    for (const signal of SIGNALS) {
      const args = [`--digest-store=${WORK}/objects`, `${WORK}/tree`, `${WORK}/image`];
      const command = [...containerCommand(root), "/bin/mkcomposefs"];
      const child = start(command, args, subject.directory);
      // Without /proc in the container objects have temporary names while they are written.
      await waitFor(child, () => hasHidden(join(work, "objects")));
      assertEquals(await stop(child, signal), signal);
      assert(!hasHidden(work));
      assertEquals(storeFaults(join(work, "objects")), []);
    }
  },
);

/**
 * Runs the executables in the smallest roots there are, with little memory, and ends them early.
 */

import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryPath } from "../../scripts/build.ts";
import { buildExecutable } from "../../scripts/executable.ts";
import { hostileVariables } from "../kit/hostile_variables.ts";
import { PROGRAM_NAMES } from "../../scripts/test/program_names.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import {
  containerCommand,
  libc6Names,
  librariesOf,
  makeRoot,
  NEEDS_PROC,
  NOBODY,
  ownLibraries,
  runInRoot,
  WORK,
} from "./container.ts";
import { makeControlGroup } from "./control_group.ts";
import { type Subject, testEach } from "./each_program.ts";
import { run, textOutput, which } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const executable = PROGRAMS.find(({ name }) => name === PROGRAM_NAMES.bunExecutable)!;
const NEEDS = {
  tools: ["unshare", "chroot", "ldd", "dpkg"],
  root: true,
  once: true,
  skip: executable.skipReason === "" ? "" : "no executable",
} as const;

/** A tree of all kinds of contents, and as many files as keep a garbage collector busy. */
function makeTree(directory: string): void {
  const make = new TreeMaker(directory);
  make.directory("tree");
  make.file("tree/empty", "");
  make.file("tree/small", "in the image\n");
  make.file("tree/\u00ff\u00fe", "a name that is not UTF-8".repeat(10));
  make.symlink("tree/link", "small");
  make.directory("tree/many");
  for (let i = 0; i < 3000; i++) make.file(`tree/many/file-${i}`, `${i} `.repeat(1 + i % 40));
  make.file("tree/large", "0123456789abcdef".repeat(1 << 17));
  make.timeAll(1_700_000_000);
}

/** What the programs answer, in a root or outside: `prefix` stands before each command. */
function answers(prefix: readonly string[], bin: string, work: string): string[] {
  const tool = (name: string, ...args: string[]) =>
    textOutput([...prefix, `${bin}/${name}`], args, { timeout: 120_000 });
  return [
    tool(
      "mkcomposefs",
      "--print-digest",
      `--digest-store=${work}/objects`,
      `${work}/tree`,
      `${work}/image`,
    ),
    tool("composefs-info", "ls", `${work}/image`),
    tool("composefs-info", "dump", `${work}/image`),
    tool("composefs-info", "objects", `${work}/image`),
    tool("composefs-info", `--basedir=${work}/objects`, "missing-objects", `${work}/image`),
    tool("fsverity", "digest", `${work}/tree/large`, `${work}/image`).replaceAll(work, ""),
    tool("composefs", "--version"),
  ];
}

/** Compares a root with the machine around it. */
function checkRoot(subject: Subject, root: string): void {
  makeTree(join(root, WORK));
  const outside = subject.path("outside");
  makeRoot(outside, executable.command[0]!, []);
  makeTree(join(outside, WORK));
  const inside = answers(containerCommand(root), "/bin", WORK);
  assertEquals(inside, answers([], join(outside, "bin"), join(outside, WORK)));
  const images = [root, outside].map((each) => readFileSync(join(each, WORK, "image")));
  assert(images[0]!.equals(images[1]!), "the images differ");
  const [stored, expected] = [root, outside].map((each) => join(each, WORK, "objects"));
  assertEquals(listFiles(stored!), listFiles(expected!));
  assertEquals(storeFaults(stored!), []);
  // Nothing is left beside what was asked for, and nothing in it belongs to root.
  assertEquals(Array.from(Deno.readDirSync(join(root, WORK)), ({ name }) => name).sort(), [
    "image",
    "objects",
    "tree",
  ]);
  assertEquals(Deno.statSync(join(root, WORK, "image")).uid, NOBODY);
}

const LIBC6 = { ...NEEDS, skip: NEEDS.skip || NEEDS_PROC, long: true } as const;

testEach("container: a root of Debian's libc6 alone, root to make it", LIBC6, (subject) => {
  const path = executable.command[0]!;
  const known = new Set(libc6Names());
  assertEquals(librariesOf(path).filter((library) => !known.has(basename(library))), []);
  const root = subject.path("root");
  makeRoot(root, path, ownLibraries(path));
  checkRoot(subject, root);
  const { code, stderr } = runInRoot(root, ["/bin/mkcomposefs", `${WORK}/tree`, "/image"]);
  assertEquals(code, 1);
  assert(/^mkcomposefs: Cannot open "\/image": Read-only file system/.test(stderr), stderr);
});

/** The libraries for musl, or why they cannot be had. */
function muslLibraries(): { readonly directory: string } | { readonly missing: string } {
  const absent = ["mmdebstrap", "pip3"].filter((tool) => which(tool) === undefined);
  if (absent.length > 0) return { missing: `no ${absent.join(", ")} on PATH` };
  const done = spawnSync(repositoryPath("tests/machines/musl.sh"), {
    encoding: "utf8",
    timeout: 300_000,
  });
  return done.status === 0
    ? { directory: done.stdout.trim() }
    : { missing: "no libraries for musl to fetch" };
}

const musl = NEEDS.skip === "" && Deno.uid() === 0 ? muslLibraries() : { missing: "not root" };

testEach(
  "container: a root of Debian's musl, root to make it",
  { ...NEEDS, skip: "missing" in musl ? musl.missing : NEEDS.skip, long: true },
  (subject) => {
    if ("missing" in musl) return;
    const path = subject.path("composefs");
    const machine = Deno.build.arch === "aarch64" ? "arm64" : "x64";
    buildExecutable(path, `linux-${machine}-musl`);
    const root = subject.path("root");
    const libraries = globSync(`${musl.directory}/*`)
      .map((library): [string, string] => [`lib/${basename(library)}`, library]);
    makeRoot(root, path, libraries);
    rmSync(path);
    checkRoot(subject, root);
    const file = `${WORK}/tree/small`;
    const answer = (env: Readonly<Record<string, string>>) =>
      run(["chroot", root, "/bin/composefs"], ["digest", file], { env });
    for (const env of hostileVariables(subject.directory)) {
      assertEquals(answer(env), answer({}), JSON.stringify(env));
    }
  },
);

const MEMORY_LIMIT = 256 * 2 ** 20;

const group = Deno.uid() === 0 ? makeControlGroup("memory", MEMORY_LIMIT) : undefined;

testEach(
  "container: 256 MiB of memory are enough, root to limit it",
  {
    root: true,
    skip: group === undefined ? "no control group to limit memory in" : "",
    long: true,
  },
  (subject) => {
    const make = new TreeMaker(subject.directory);
    makeTree(subject.directory);
    for (let i = 0; i < 4; i++) make.sparse(`tree/sparse-${i}`, 2 ** 27 + i);
    make.timeAll(1_700_000_000);
    const options = { cwd: subject.directory, timeout: 120_000 };
    const args = ["--print-digest", "--digest-store=objects", "tree", "image"];
    const limited = textOutput([...group!.enter, ...subject.tool("mkcomposefs")], args, options);
    const digest = textOutput(
      subject.tool("mkcomposefs"),
      ["--print-digest-only", "tree"],
      options,
    );
    assertEquals(limited, digest);
    assertEquals(storeFaults(subject.path("objects")), []);
    textOutput([...group!.enter, ...subject.tool("composefs-info")], ["dump", "image"], options);
  },
);

const slow = Deno.uid() === 0 ? makeControlGroup("cpu", 0.2) : undefined;

testEach(
  "container: a fifth of a processor is enough, root to limit it",
  {
    root: true,
    skip: slow === undefined ? "no control group to limit processors in" : "",
    long: true,
  },
  (subject) => {
    makeTree(subject.directory);
    const options = { cwd: subject.directory, timeout: 120_000 };
    const args = ["--print-digest-only", "tree"];
    assertEquals(
      textOutput([...slow!.enter, ...subject.tool("mkcomposefs")], args, options),
      textOutput(subject.tool("mkcomposefs"), args, options),
    );
  },
);

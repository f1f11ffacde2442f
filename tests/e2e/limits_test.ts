/**
 * What is left where a process may have few open files, few threads, or no memory for compiled code.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { chmodSync, copyFileSync } from "node:fs";
import { findBundle } from "../../scripts/test/bundle.ts";
import { PROGRAM_NAMES } from "../../scripts/test/program_names.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import { archiveOf, layoutOf, place } from "./container_layouts.ts";
import { moduleWorkspace, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const executable = PROGRAMS.find(({ name }) => name === PROGRAM_NAMES.bunExecutable)!;
const NEEDS = { once: true, skip: executable.available ? "" : "no executable" } as const;
const WORKSPACE = moduleWorkspace();
const TREE = `${WORKSPACE}/tree`;

/** More files than may be open anywhere here, and enough to start threads for. */
function makeTree(): void {
  const make = new TreeMaker(WORKSPACE);
  make.directory("tree");
  for (let i = 0; i < 2000; i++) make.file(`tree/${i}`, `${i} `.repeat(40));
  for (let i = 0; i < 4; i++) make.file(`tree/large-${i}`, `${i}`.repeat(5 << 20));
}

makeTree();

testEach("limits: a store is filled with 32 open files", { ...NEEDS, long: true }, (subject) => {
  const args = (name: string) => [
    "--print-digest",
    "--threads=8",
    `--digest-store=${subject.path(`${name}-store`)}`,
    TREE,
    subject.path(`${name}-image`),
  ];
  const limited = ["sh", "-c", 'ulimit -n 32; exec "$@"', "sh", ...subject.tool("mkcomposefs")];
  assertEquals(
    textOutput(limited, args("limited")),
    textOutput(subject.tool("mkcomposefs"), args("free")),
  );
  assertEquals(storeFaults(subject.path("limited-store")), []);
  assertEquals(listFiles(subject.path("limited-store")), listFiles(subject.path("free-store")));
});

testEach(
  "limits: layers go into a store with 32 open files",
  { ...NEEDS, long: true },
  (subject) => {
    const tars = Array.from({ length: 12 }, (_, layer) => {
      const files = Array.from({ length: 20 }, (_, i) => [`${layer}-${i}`, 200 + i] as const);
      const all = [...files, [`large-${layer}`, 5 << 20] as const];
      return archiveOf(
        new Map(all.map(([name, size]) => [name, new Uint8Array(size).fill(layer + 1)])),
      );
    });
    const reference = place(layoutOf(tars, "+zstd"), subject.path("layout"));
    const args = (name: string) => [
      ...["create", "--quiet", "--print-digest", "--threads=8"],
      `--store=${subject.path(`${name}-store`)}`,
      reference,
      subject.path(`${name}-image`),
    ];
    const limited = ["sh", "-c", 'ulimit -n 32; exec "$@"', "sh", ...subject.composefs];
    assertEquals(textOutput(limited, args("limited")), textOutput(subject.composefs, args("free")));
    assertEquals(storeFaults(subject.path("limited-store")), []);
    assertEquals(listFiles(subject.path("limited-store")), listFiles(subject.path("free-store")));
  },
);

/** As a user who has no other processes, since it is those of a user that are counted. */
const AS_NOBODY = ["setpriv", "--reuid=4712", "--clear-groups", "prlimit"];
const TOOLS = ["setpriv", "prlimit"];

for (const processes of [7, 8, 16]) {
  testEach(
    `limits: one thread works where ${processes} are allowed, root to be somebody else`,
    { ...NEEDS, root: true, tools: TOOLS },
    (subject) => {
      const args = ["--print-digest-only", "--threads=4", TREE];
      // A copy where other users may run it: the way to the original may be closed to them.
      const path = subject.path("composefs");
      copyFileSync(executable.command[0]!, path);
      chmodSync(path, 0o755);
      const tool = [path, "mkcomposefs"];
      const limited = [...AS_NOBODY, `--nproc=${processes}`, ...tool];
      assertEquals(textOutput(limited, args), textOutput(tool, args));
    },
  );
}

/** Too little room for addresses to set some aside for code. */
const NO_CODE = ["sh", "-c", 'ulimit -v 1500000; exec "$@"', "sh"];

testEach("limits: without memory for compiled code it says so", NEEDS, (subject) => {
  const { code, stdout, stderr } = run([...NO_CODE, ...subject.tool("mkcomposefs")], [TREE, "x"]);
  assertEquals([code, stdout.length], [1, 0]);
  assertMatch(
    stderr,
    /^mkcomposefs: Cannot call the kernel: memory for compiled code is refused \([^\n]*\)\n$/,
  );
});

testEach("limits: help and version need no compiled code", NEEDS, (subject) => {
  const commands = [["--version"], ["--help"], ["create", "--help"], ["mkcomposefs", "--version"]];
  for (const command of commands) {
    const args = [...subject.composefs, ...command];
    assertEquals(textOutput(NO_CODE, args), textOutput([], args));
  }
});

Deno.test("limits: on Deno help and version need no permission", () => {
  // node:child_process would give the child the permissions that the test has.
  const answer = (...args: string[]) => {
    const flags = ["run", "--no-prompt", "--no-config", findBundle()];
    const done = new Deno.Command(Deno.execPath(), { args: [...flags, ...args] }).outputSync();
    const [stdout, stderr] = [done.stdout, done.stderr].map((b) => new TextDecoder().decode(b));
    return { code: done.code, stdout, stderr };
  };
  assertMatch(answer("--version").stdout!, /^composefs-ts /);
  assertMatch(answer("mkcomposefs", "--help").stdout!, /^Usage: mkcomposefs /);
  assertEquals(answer("ls", "image"), {
    code: 1,
    stdout: "",
    stderr: "composefs: Cannot call the kernel: permission is missing, expected --allow-ffi\n",
  });
});

/**
 * `--progress=json`: whoever reads it is told of each task how much is done, and in the end that it is all.
 */

import { assert, assertEquals } from "@std/assert";
import { truncateSync } from "node:fs";
import { moduleWorkspace, testEach } from "./each_program.ts";
import { makeOddTree } from "./odd_tree.ts";
import { output, run } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

interface Line {
  readonly task: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
}

const WORKSPACE = moduleWorkspace();

/** Everything that a tree may have, with a hole, equal files and hard links. */
const TREE = `${WORKSPACE}/tree`;
const make = new TreeMaker(WORKSPACE);
make.directory("tree");
makeOddTree(TREE);
make.file("tree/sparse", "start");
truncateSync(`${TREE}/sparse`, 3_000_000);
make.file("tree/equal", "y".repeat(70_000));
make.file("tree/equal-again", "y".repeat(70_000));
output(["tar"], ["-cSf", `${WORKSPACE}/tree.tar`, "-C", TREE, "--exclude=special", "."]);

/** Runs a command, which has to succeed; gives what it said of each task, in order. */
function progressOf(composefs: readonly string[], ...args: string[]): Map<string, Line[]> {
  const all = [...args, "--progress=json"];
  const { code, stderr } = run(composefs, all, { cwd: WORKSPACE });
  assertEquals(code, 0, stderr);
  const tasks = new Map<string, Line[]>();
  for (const text of stderr.split("\n")) {
    if (!text.startsWith("{")) continue;
    const { progress, ...rest } = JSON.parse(text);
    assertEquals(rest, {});
    tasks.set(progress.task, [...tasks.get(progress.task) ?? [], progress]);
  }
  return tasks;
}

testEach("progress: each task goes forward, and ends with all of it done", {}, (subject) => {
  const { composefs, path } = subject;
  const [store, image] = [path("store"), path("image")];
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["Reading file contents", "create", `--store=${store}`, TREE, image],
    ["Reading file contents", "create", `--store=${store}`, TREE, image],
    ["Reading file contents", "create", "--dry-run", `--store=${store}`, TREE, image],
    ["Reading layers", "create", "tree.tar", path("layer")],
    ["Reading layers", "ls", "tree.tar"],
    ["Digesting", "digest", image, TREE],
    ["Digesting", "ls", TREE, TREE],
    ["Verifying", "verify", `--store=${store}`, image, image],
    ["Verifying", "extract", "--dry-run", `--store=${store}`, image, path("out")],
    ["Extracting", "extract", `--store=${store}`, "--skip-devices", image, path("out")],
  ];
  for (const [task, ...args] of commands) {
    const tasks = progressOf(composefs, ...args);
    const shown = args.join(" ");
    assert(tasks.has(task), `${shown}: ${[...tasks.keys()]}`);
    for (const lines of tasks.values()) {
      for (const [i, { done, total, unit }] of lines.entries()) {
        assert(["bytes", "files"].includes(unit), unit);
        assert(Number.isSafeInteger(done) && done >= 0, shown);
        assert(done >= (lines[i - 1]?.done ?? 0), shown);
        assert(total === null || total >= done, shown);
      }
      const { done, total } = lines.at(-1)!;
      if (total !== null) assertEquals(done, total, `${shown}: ${task}`);
    }
  }
});

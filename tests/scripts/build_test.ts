import { long } from "../../scripts/test/effort.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { bundle, repositoryPath, START } from "../../scripts/build.ts";
import { Elf } from "../../scripts/elf.ts";
import { closeEnvironment } from "../../scripts/environment.ts";
import { buildExecutable, TARGETS } from "../../scripts/executable.ts";
import { withAllSections } from "../../scripts/sections.ts";
import { withStandIns } from "../../scripts/stand_ins.ts";
import { findBun } from "../../scripts/bun.ts";
import { findBundle } from "../../scripts/test/bundle.ts";
import { findBunExecutable } from "../../scripts/test/executables.ts";
import { Scratch } from "../kit/scratch.ts";

const MODULE_LIMIT = 600_000;

const bun = findBun();
const reason = "path" in bun ? "" : ` (skipped: ${bun.missing})`;

Deno.test("build: the module is small, and the same whenever it is made", () => {
  using scratch = new Scratch();
  const path = scratch.path("some/where/else.js");
  bundle(START, path, "deno");
  assert(readFileSync(path).equals(readFileSync(findBundle())), "the modules differ");
  assert(statSync(path).size <= MODULE_LIMIT, `${statSync(path).size} bytes`);
});

Deno.test("build: the module says the commit that it is made of, unless a file has been changed since", () => {
  const git = (...args: string[]) =>
    spawnSync("git", ["-C", repositoryPath("."), ...args], { encoding: "utf8" }).stdout ?? "";
  const isClean = git("rev-parse", "--show-prefix") === "\n" &&
    git("status", "--porcelain", "--untracked-files=no") === "";
  const args = ["run", "-A", "--no-config", findBundle(), "--version"];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const [, commit] = /\(commit ([0-9a-f]{12}), /.exec(stdout) ?? [];
  assertEquals(commit, isClean ? git("rev-parse", "HEAD").slice(0, 12) : undefined);
});

Deno.test({
  name: `build: the executable is the same wherever it is made${long(reason).suffix}`,
  ignore: long(reason).ignore,
  fn() {
    const first = findBunExecutable();
    if ("missing" in first) throw new Error(first.missing);
    using scratch = new Scratch();
    const second = scratch.path("a/b/another-name");
    buildExecutable(second);
    assert(readFileSync(second).equals(readFileSync(first.path)), "the executables differ");
  },
});

/** Variables in declarations with `using`: each closes something. */
function countUsing(source: string): number {
  let count = 0;
  for (const { index } of source.matchAll(/\busing [\w$]+ ?=/g)) {
    count++;
    let depth = 0;
    for (let at = index; depth > 0 || source[at] !== ";"; at++) {
      // A count of brackets is enough here, as no string after `using` has brackets, commas or semicolons.
      if ("([{".includes(source[at]!)) depth++;
      else if (")]}".includes(source[at]!)) depth--;
      else if (source[at] === "," && depth === 0) count++;
      if (depth < 0) break;
    }
  }
  return count;
}

Deno.test("build: what is to be closed is closed in the bundle", () => {
  // If the next statement begins with the only use of such a variable, as in `return file.stat()`, the bundler
  // puts the value in its place, and then nothing is closed. If this fails, make the use an argument of a call.
  using scratch = new Scratch();
  const path = scratch.path("plain.js");
  const args = [
    "bundle",
    "--quiet",
    "--platform",
    "deno",
    "--output",
    path,
    repositoryPath(START),
  ];
  assertEquals(spawnSync(process.execPath, args, { cwd: repositoryPath(".") }).status, 0);
  const plain = countUsing(readFileSync(path, "utf8"));
  assert(plain > 0);
  assertEquals(countUsing(readFileSync(findBundle(), "utf8")), plain);
});

Deno.test("build: a target that there is not is refused", () => {
  const args = ["run", "-A", repositoryPath("scripts/build_task.ts"), "--target=solaris"];
  const done = spawnSync(process.execPath, args, { encoding: "utf8" });
  assertEquals(done.status, 1);
  assertMatch(
    done.stderr,
    /^build: Cannot build "solaris": expected --target=linux-x64 or [^\n]*\n$/,
  );
});

Deno.test("compile: without a base it says so in one line, and exits 1", () => {
  for (const base of [process.execPath, "/nowhere/denort"]) {
    const args = ["run", "-A", repositoryPath("scripts/compile.ts")];
    const done = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, DENORT_BIN: base, NO_COLOR: "1" },
    });
    assertEquals([done.status, done.stdout], [1, ""]);
    assertMatch(done.stderr, /^compile: Cannot compile with Deno: [^\n]*\n$/);
    assert(done.stderr.includes(base), done.stderr);
  }
});

/** The executable for a target, or why there is none. */
function executableFor(target: string): Uint8Array<ArrayBuffer> | string {
  using scratch = new Scratch();
  try {
    const path = scratch.path(target);
    buildExecutable(path, target);
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    // The base for another machine comes from the npm registry, which not every machine reaches.
    if (/^Cannot build for /.test(String((error as Error).message))) return "no base to fetch";
    throw error;
  }
}

for (const target of TARGETS) {
  const executable = "path" in bun ? executableFor(target) : bun.missing;
  const missing = typeof executable === "string" ? ` (skipped: ${executable})` : "";
  Deno.test({
    name: `build: ${target} asks for no variable of Bun, and all of it is in sections${missing}`,
    ignore: missing !== "",
    fn() {
      if (typeof executable === "string") return;
      const elf = new Elf(executable);
      const data = elf.sectionBytes(".rodata");
      // Names are strings of their own, between NULs; elsewhere the prefix is in the text of a C header.
      assertEquals(data.toString("latin1").match(/(?<=\0)BUN_[A-Z]\w*(?=\0)/g), null);
      for (const name of ["BUN_OPTIONS", "BUN_INSPECT_PRELOAD", "JavaScriptCoreUseJIT"]) {
        assert(data.includes(`\0\0${name.slice(1)}\0`), name);
        assert(!data.includes(name), name);
      }
      assertThrows(() => closeEnvironment(executable), RangeError, "Cannot close the environment");
      assertEquals(withAllSections(executable), executable);
    },
  });
}

Deno.test("withStandIns() refuses what it does not know", () => {
  assertThrows(() => withStandIns(new Uint8Array(64)), TypeError, "expected ELF");
  const library = new Uint8Array(64);
  library.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  library[16] = 3;
  assertThrows(() => withStandIns(library), TypeError, "fixed addresses");
});

Deno.test({
  name: `withStandIns() changes two calls and adds code${reason}`,
  ignore: reason !== "" || Deno.build.arch !== "x86_64",
  fn() {
    if ("missing" in bun) return;
    const plain = new Uint8Array(readFileSync(bun.path));
    const changed = withStandIns(plain);
    assertEquals(changed, withStandIns(plain));
    let differences = 0;
    for (let i = 0; i < plain.length; i++) if (plain[i] !== changed[i]) differences++;
    // The jumps, and what of a program header is not the same by chance.
    assert(differences > 10 && differences <= 10 + 56, `${differences} bytes differ`);
    using scratch = new Scratch();
    const path = scratch.path("bin/bun");
    mkdirSync(dirname(path));
    Deno.writeFileSync(path, changed, { mode: 0o755 });
    const done = spawnSync(path, ["--version"], { encoding: "utf8" });
    assertEquals([done.status, done.stderr], [0, ""]);
  },
});

import { assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { checkLayers } from "../../scripts/check_layers.ts";
import { Scratch } from "../kit/scratch.ts";

/** Runs the check on a repository made of these files. */
function check(files: Record<string, string>): string[] {
  using scratch = new Scratch();
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(scratch.path(file)), { recursive: true });
    writeFileSync(scratch.path(file), source);
  }
  return checkLayers(scratch.directory);
}

/** Files to import that break no rule themselves. */
const INNOCENT = {
  "mod.ts": "export {};",
  "lib/bytes/a.ts": "export const a = 1;",
  "lib/tree/_private.ts": "export const a = 1;",
  "ffi/sys/_private.ts": "export const a = 1;",
  "ffi/threads/a.ts": "export const a = 1;",
  "cli/commands/objects/_private.ts": "export const a = 1;",
  "lib/tree/a.ts": "export interface A {}; export const a = 1;",
  "lib/digest/a.ts": "export const a = 1;",
  "ffi/hash/a.ts": "export const a = 1;",
  "lib/dumpfile/a.ts": "export const a = 1;",
  "lib/erofs/a.ts": "export const a = 1;",
  "lib/objects/a.ts": "export const a = 1;",
  "lib/composefs/a.ts": "export const a = 1;",
  "ffi/files/a.ts": "export const a = 1;",
  "ffi/sys/_deno.ts": "export const a = 1;",
  "ffi/sys/_bun.ts": "export const a = 1;",
  "cli/a.ts": "export const a = 1;",
  "tests/a.ts": "export const a = 1;",
  "scripts/a.ts": "export const a = 1;",
};

Deno.test("modules that keep to their layers pass", () => {
  const files = {
    ...INNOCENT,
    "lib/composefs/b.ts":
      'import "../erofs/a.ts"; import "../dumpfile/a.ts"; import "../digest/a.ts"; import "../objects/a.ts"; import "../tree/a.ts"; import "../bytes/a.ts"; import "./a.ts";',
    "lib/objects/b.ts": 'import "../digest/a.ts"; import "../tree/a.ts"; import "../bytes/a.ts";',
    "ffi/hash/b.ts":
      'import { a } from "../../lib/digest/a.ts"; const c = (globalThis as any).process?.getBuiltinModule("node:crypto"); export { a, c };',
    "ffi/sys/_deno.ts": "export const os = Deno.build.os;",
    "ffi/sys/_bun.ts": 'import "bun:ffi"; export const v = Bun.version;',
    "ffi/sys/open.ts":
      'import "../hash/a.ts"; await ("Bun" in globalThis ? import("./_bun.ts") : import("./_deno.ts"));',
    "cli/runtime.ts":
      'import process from "node:process"; export const end = () => Deno.exit(process.pid);',
    "lib/tree/b.ts": 'import "./_private.ts";',
    "cli/b.ts": 'import "./runtime.ts"; import "../ffi/files/a.ts"; import "../lib/tree/a.ts";',
    "scripts/b.ts": 'import "../cli/a.ts"; import "../mod.ts";',
    "tests/b.ts":
      'import "../cli/a.ts"; import "../lib/tree/_private.ts"; import "../scripts/a.ts"; Deno.test("x", () => {});',
  };
  assertEquals(check(files), []);
});

Deno.test("names of a runtime in comments and messages are no uses", () => {
  const files = {
    "lib/tree/b.ts": `/** Deno.cwd() is of Deno. */
// See Bun.file and process.env.
export const url = "https://example.org"; /* Deno.cwd() */
export const text = "Cannot ask the process, expected Deno or Bun";
export const own = { process: 1 }.process;
`,
  };
  assertEquals(check(files), []);
});

const FORBIDDEN_IMPORTS: readonly (readonly [file: string, specifier: string])[] = [
  ["lib/bytes/x.ts", "../tree/a.ts"],
  ["lib/tree/x.ts", "../objects/a.ts"],
  ["lib/digest/x.ts", "../tree/a.ts"],
  ["lib/digest/x.ts", "../../ffi/hash/a.ts"],
  ["mod.ts", "./ffi/hash/a.ts"],
  ["ffi/hash/x.ts", "../files/a.ts"],
  ["ffi/files/x.ts", "../hash/a.ts"],
  ["lib/dumpfile/x.ts", "../erofs/a.ts"],
  ["lib/erofs/x.ts", "../composefs/a.ts"],
  ["lib/erofs/x.ts", "../dumpfile/a.ts"],
  ["lib/objects/x.ts", "../erofs/a.ts"],
  ["lib/composefs/x.ts", "../../ffi/files/a.ts"],
  ["lib/composefs/x.ts", "../../mod.ts"],
  ["lib/tree/x.ts", "../../cli/a.ts"],
  ["lib/tree/x.ts", "../../tests/a.ts"],
  ["lib/tree/x.ts", "node:fs"],
  ["lib/tree/x.ts", "node:crypto"],
  ["lib/tree/x.ts", "fs"],
  ["lib/tree/x.ts", "bun:ffi"],
  ["lib/tree/x.ts", "@std/assert"],
  ["lib/tree/x.ts", "npm:deno-std@1.4.0/assert/mod.js"],
  ["ffi/files/x.ts", "../../cli/a.ts"],
  ["ffi/sys/x.ts", "./_bun.ts"],
  ["ffi/sys/x.ts", "./_deno.ts"],
  ["ffi/files/x.ts", "bun:ffi"],
  ["ffi/files/x.ts", "@std/assert"],
  ["ffi/sys/_deno.ts", "bun:ffi"],
  ["cli/x.ts", "../tests/a.ts"],
  ["cli/x.ts", "../scripts/a.ts"],
  ["cli/x.ts", "../ffi/sys/_bun.ts"],
  ["cli/x.ts", "../mod.ts"],
  ["cli/x.ts", "npm:left-pad"],
  ["cli/x.ts", "@std/assert"],
  ["mod.ts", "./ffi/files/a.ts"],
  ["mod.ts", "./cli/a.ts"],
  ["ffi/files/x.ts", "../threads/a.ts"],
  ["ffi/files/x.ts", "../sys/_private.ts"],
  ["lib/erofs/x.ts", "../tree/_private.ts"],
  ["cli/commands/image/x.ts", "../objects/_private.ts"],
  ["mod.ts", "./lib/tree/_private.ts"],
  ["scripts/x.ts", "../tests/a.ts"],
  ["scripts/x.ts", "../ffi/sys/_bun.ts"],
];

for (const [file, specifier] of FORBIDDEN_IMPORTS) {
  Deno.test(`${file} may not import "${specifier}"`, () => {
    const source = `\nimport "${specifier}";`;
    const found = [`${file}:2: imports "${specifier}"`];
    assertEquals(check({ ...INNOCENT, [file]: source }), found);
  });
}

const WAYS_TO_IMPORT = {
  "for types": 'import type { A } from "../tree/a.ts"; export const x: A = {};',
  "as a type": 'export const x: import("../tree/a.ts").A = {};',
  "at run time": 'await import("../tree/a.ts");',
  "to export again": 'export * from "../tree/a.ts";',
};

for (const [way, source] of Object.entries(WAYS_TO_IMPORT)) {
  Deno.test(`an import ${way} is an import`, () => {
    const found = ['lib/bytes/x.ts:1: imports "../tree/a.ts"'];
    assertEquals(check({ ...INNOCENT, "lib/bytes/x.ts": source }), found);
  });
}

const FORBIDDEN_NAMES: readonly (readonly [file: string, name: string, source: string])[] = [
  ["lib/tree/x.ts", "Deno", "export const x = Deno.cwd();"],
  ["lib/tree/x.ts", "Deno", 'export const x = Deno["cwd"]();'],
  ["lib/tree/x.ts", "Deno", "export const x = typeof Deno;"],
  ["lib/tree/x.ts", "Deno", "export const { cwd } = Deno;"],
  ["lib/tree/x.ts", "Deno", 'export const x = (globalThis as any)["Deno"];'],
  ["lib/tree/x.ts", "Deno", "export const { Deno } = globalThis as any;"],
  ["lib/tree/x.ts", "Deno", 'const url = "http://x"; export const x = Deno.cwd();'],
  ["lib/tree/x.ts", "Bun", "export const x = Bun.version;"],
  ["lib/tree/x.ts", "Bun", 'export const x = "Bun" in globalThis;'],
  ["lib/tree/x.ts", "process", "export const x = process.env;"],
  ["lib/tree/x.ts", "process", "export const x = (globalThis as any).process?.pid;"],
  ["lib/tree/x.ts", "Buffer", "export const x = Buffer.alloc(1);"],
  ["lib/tree/x.ts", "setImmediate", "setImmediate(() => {});"],
  ["lib/tree/x.ts", "require", "export const x = require(name);"],
  [
    "lib/digest/x.ts",
    "process",
    "export const x = (globalThis as any).process?.getBuiltinModule('node:crypto');",
  ],
  ["ffi/hash/x.ts", "Deno", "export const x = Deno.cwd();"],
  ["ffi/files/x.ts", "Deno", "export const x = Deno.dlopen;"],
  ["ffi/sys/_deno.ts", "Bun", "export const x = Bun.version;"],
  ["ffi/sys/_bun.ts", "Deno", "export const x = Deno.build;"],
  ["cli/x.ts", "Deno", "Deno.exit(1);"],
  ["cli/x.ts", "Bun", "export const x = Bun.version;"],
];

for (const [file, name, source] of FORBIDDEN_NAMES) {
  Deno.test(`${file} may not say \`${source}\``, () => {
    assertEquals(check({ [file]: source }), [`${file}:1: names "${name}"`]);
  });
}

Deno.test("system calls are made in ffi/sys/ only", () => {
  const source = "export const f = (l: any) => l.retry(() => l.libc.fsync(1));";
  assertEquals(check({ "ffi/sys/x.ts": source, "tests/x.ts": source }), []);
  for (const file of ["ffi/files/x.ts", "cli/x.ts"]) {
    assertEquals(check({ [file]: source }), [`${file}:1: makes a system call of its own`]);
  }
});

Deno.test("modules may not import each other in a circle", () => {
  const files = {
    "lib/tree/outside.ts": 'import "./x.ts";',
    "lib/tree/x.ts": 'import "./y.ts";',
    "lib/tree/y.ts": 'import type { A } from "./z.ts"; export const a: A = {};',
    "lib/tree/z.ts": 'import "./x.ts"; import "./leaf.ts"; export interface A {}',
    "lib/tree/leaf.ts": "export {};",
  };
  const [circle, ...rest] = check(files);
  assertEquals(rest, []);
  assertEquals(
    circle,
    "lib/tree/x.ts: imports itself: lib/tree/x.ts → lib/tree/y.ts → lib/tree/z.ts → lib/tree/x.ts",
  );
});

Deno.test("a folder without rules is a violation", () => {
  const found = ["lib/drawer/x.ts: lies in no layer that scripts/layers.ts knows"];
  assertEquals(check({ "lib/drawer/x.ts": "export {};" }), found);
});

/**
 * Builds the library for others: modules and types as a package for npm has them, and one module for a URL.
 *
 * The modules are those of the sources, one each, in a language that Node 20 knows. What they call is not
 * changed: that Node 20 has it, the types of `scripts/pure.json` see to.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { VERSION } from "../cli/version.ts";
import { bundle, repositoryPath } from "./build.ts";

/** Name of the library's package in the npm registry. */
export const LIBRARY = "composefs-ts";

/** The library as one module, as a path from the root of the repository. */
export const LIBRARY_MODULE = "dist/composefs-lib.js";

/** The oldest Node that the package is for. */
export const OLDEST_NODE = "20.16";

/** What npm shows of both packages. */
export const ABOUT = {
  version: VERSION,
  license: "Apache-2.0",
  keywords: ["composefs", "fs-verity", "erofs", "overlayfs", "containers"],
} as const;

/** TypeScript's compiler: Deno has one as well, but writes no older language with it. */
const COMPILER = "npm:typescript@7.0.2/tsc";

/** The module that Node, Deno and Bun take for `"."`, where a package can say so. */
const ON_NODE = "ffi/node/library.ts";

/** Modules that do something when they are imported. */
const ACTIVE = ["ffi/node/install.ts", "ffi/worker.ts"];

/** Entries of the library by what is imported, each with its source: the `exports` of deno.json. */
function entries(): Readonly<Record<string, string>> {
  const { exports } = JSON.parse(readFileSync(repositoryPath("deno.json"), "utf8"));
  return exports;
}

/** Path of what is made of a source. */
function made(source: string, extension: ".js" | ".d.ts"): string {
  return `./${source.replace(/^\.\//, "").replace(/\.ts$/, extension)}`;
}

/**
 * Compiles all entries and what they import.
 *
 * @param directory Takes a `.js` and a `.d.ts` of each module, in the folders of the sources.
 * @throws {Error} If the compiler cannot be had or fails, with what it said.
 */
function compileLibrary(directory: string): void {
  const workspace = mkdtempSync(join(tmpdir(), "composefs-library-"));
  try {
    const project = join(workspace, "tsconfig.json");
    const sources = [...Object.values(entries()), ON_NODE].map(repositoryPath);
    writeFileSync(project, JSON.stringify(projectOf(sources, directory)));
    run(process.execPath, ["run", "-A", "--quiet", COMPILER, "--project", project]);
  } finally {
    rmSync(workspace, { recursive: true });
  }
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".d.ts")) renameImports(join(directory, name));
  }
}

function projectOf(files: readonly string[], outDir: string): unknown {
  return {
    compilerOptions: {
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
      types: [],
      // Deno has checked the types already; this compiler lacks those of the runtimes.
      noCheck: true,
      strict: true,
      declaration: true,
      stripInternal: true,
      rewriteRelativeImportExtensions: true,
      rootDir: repositoryPath("."),
      outDir,
    },
    files,
  };
}

/** The compiler leaves sources as what types import, which not everything finds types by. */
function renameImports(path: string): void {
  const renamed = readFileSync(path, "utf8")
    .replace(/((?:from|import) |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"');
  writeFileSync(path, renamed);
}

/** Runs a program; throws what it said if it fails. */
function run(program: string, args: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: "utf8", cwd: repositoryPath(".") });
  if (done.error !== undefined) throw done.error;
  if (done.status === 0) return;
  throw new Error(`Cannot compile the library: ${(done.stderr + done.stdout).trim()}`);
}

/**
 * Fills a directory with the package of the library.
 *
 * @param directory Is made, and had better be empty.
 */
export function fillLibraryPackage(directory: string): void {
  mkdirSync(directory, { recursive: true });
  compileLibrary(directory);
  for (const file of ["LICENSE", "README.md"]) {
    copyFileSync(repositoryPath(file), join(directory, file));
  }
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(manifest(), undefined, 2)}\n`);
}

/** Types go first: whoever looks for them takes the first condition that fits. */
function manifest(): unknown {
  const exports = Object.entries(entries()).map(([name, source]) => [name, {
    types: made(source, ".d.ts"),
    ...name === "." ? { node: made(ON_NODE, ".js") } : {},
    default: made(source, ".js"),
  }]);
  return {
    name: LIBRARY,
    description: "composefs images: make, read and verify them, on Node, Deno, Bun and in browsers",
    ...ABOUT,
    type: "module",
    exports: Object.fromEntries(exports),
    sideEffects: ACTIVE.map((source) => made(source, ".js")),
    engines: { node: `>=${OLDEST_NODE}` },
  };
}

/**
 * Makes one module of what `"."` is.
 *
 * @param target Path of the file; its directory is made.
 */
export function bundleLibrary(target: string): void {
  const workspace = mkdtempSync(join(tmpdir(), "composefs-library-"));
  try {
    compileLibrary(workspace);
    mkdirSync(dirname(target), { recursive: true });
    bundle(join(workspace, made(entries()["."]!, ".js")), target, "browser");
  } finally {
    rmSync(workspace, { recursive: true });
  }
}

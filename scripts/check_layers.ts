/**
 * Checks that every module imports only what its layer may, names no runtime it must not know, makes no
 * system call past `ffi/sys/`, and that no modules import each other in a circle.
 *
 *     deno task layers
 *
 * The rules are in `layers.ts`. Names are looked for in the text, so that `globalThis["Deno"]` is found
 * as well, which the type check of `lib/` cannot see.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CALLS_FOLDER, isPrivate, layerOf, mayImport, RUNTIME_NAMES } from "./layers.ts";
import { type Module, readModuleGraph } from "./module_graph.ts";

/**
 * Checks all modules below a folder.
 *
 * @param root Absolute path, without a slash at its end.
 * @returns One line a violation, such as `lib/tree/walk.ts:12: imports "../../ffi/fd.ts"`.
 */
export function checkLayers(root: string): string[] {
  const modules = readModuleGraph(root);
  return [
    ...modules.flatMap(checkImports),
    ...modules.flatMap(({ file }) => {
      const source = withoutComments(readFileSync(join(root, file), "utf8"));
      return [...checkNames(file, source), ...checkCalls(file, source)];
    }),
    ...findCycles(modules),
  ].sort();
}

function checkImports({ file, imports }: Module): string[] {
  const layer = layerOf(file);
  if (layer === undefined) return [`${file}: lies in no layer that scripts/layers.ts knows`];
  const allowed = layer.modules ?? [];
  return imports
    .filter((imported) =>
      imported.file === undefined
        ? !allowed.some((start) => imported.specifier.startsWith(start))
        : !mayImport(layer, imported.file) || trespasses(file, imported.file)
    )
    .map(({ specifier, line }) => `${file}:${line}: imports "${specifier}"`);
}

/** Tells whether a file imports one that is private to another folder. */
function trespasses(file: string, imported: string): boolean {
  return isPrivate(imported) && dirname(file) !== dirname(imported) && !file.startsWith("tests/");
}

// Strings are matched to be kept: two slashes in them begin no comment.
const STRINGS_AND_COMMENTS =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[^]*?\*\//g;

/** Replaces comments by nothing but their line ends. */
function withoutComments(source: string): string {
  return source.replace(
    STRINGS_AND_COMMENTS,
    (found) => found.startsWith("/") ? found.replace(/[^\n]/g, "") : found,
  );
}

/** Matches a line that uses a name of the runtime, be it as a property of the global object. */
function usesOf(name: string): RegExp {
  const uses = [
    `(?<![.\\w$])${name}\\s*\\??\\.\\s*[\\w$#([]`,
    `(?<![.\\w$])${name}[([]`,
    `(?<=[(,=]\\s*)${name}\\s*[,;)]`,
    `\\btypeof ${name}\\b`,
    `\\bglobalThis\\b.*\\b${name}\\b`,
    `\\b${name}\\b.*\\bglobalThis\\b`,
  ];
  return new RegExp(uses.join("|"));
}

function checkNames(file: string, source: string): string[] {
  const allowed = layerOf(file)?.names ?? [];
  if (allowed === "all") return [];
  const forbidden = RUNTIME_NAMES
    .filter((name) => !allowed.includes(name))
    .map((name) => ({ name, pattern: usesOf(name) }));
  return source.split("\n").flatMap((text, index) =>
    forbidden
      .filter(({ pattern }) => pattern.test(text))
      .map(({ name }) => `${file}:${index + 1}: names "${name}"`)
  );
}

/** Finds system calls that are made past the functions for them. */
function checkCalls(file: string, source: string): string[] {
  if (file.startsWith(CALLS_FOLDER) || layerOf(file)?.names === "all") return [];
  return source.split("\n").flatMap((text, index) =>
    /\.libc\b|\.retry\(/.test(text) ? [`${file}:${index + 1}: makes a system call of its own`] : []
  );
}

/** Finds circles: each module that is left once all that import nothing of the rest are taken away. */
function findCycles(modules: readonly Module[]): string[] {
  const left = new Map(modules.map((module) => [module.file, module]));
  function leadsOn({ imports }: Module): boolean {
    return imports.some(({ file }) => file !== undefined && left.has(file));
  }
  let before: number;
  do {
    before = left.size;
    for (const module of left.values()) if (!leadsOn(module)) left.delete(module.file);
  } while (left.size < before);
  return circlesIn(left);
}

function circlesIn(left: Map<string, Module>): string[] {
  const circles: string[] = [];
  while (left.size > 0) {
    const path: string[] = [];
    let file: string | undefined = left.keys().next().value;
    while (file !== undefined && !path.includes(file)) {
      path.push(file);
      file = left.get(file)?.imports.find(({ file }) => file !== undefined && left.has(file))?.file;
    }
    if (file !== undefined) {
      const circle = [...path.slice(path.indexOf(file)), file];
      circles.push(`${circle[0]}: imports itself: ${circle.join(" → ")}`);
    }
    for (const seen of path) left.delete(seen);
  }
  return circles;
}

function main(): void {
  const root = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
  const violations = checkLayers(root);
  for (const violation of violations) process.stderr.write(`${violation}\n`);
  if (violations.length > 0) process.exitCode = 1;
}

if (import.meta.main) main();

/**
 * Reads who imports whom among the modules of a folder, as Deno itself resolves it.
 *
 * Knows no rules; `check_layers.ts` has them.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

/** One import, static or dynamic, of values or of types. */
export interface Import {
  /** As it stands in the source. */
  readonly specifier: string;
  /** Path of the module from the root, undefined if it lies outside or is no file. */
  readonly file: string | undefined;
  /** Line of the specifier, counted from 1. */
  readonly line: number;
}

/** One module. */
export interface Module {
  /** Path from the root. */
  readonly file: string;
  readonly imports: readonly Import[];
}

/** The part of `deno info --json` that is read here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: Resolved;
      readonly type?: Resolved;
    }[];
  }[];
}

interface Resolved {
  readonly specifier?: string;
  readonly span: { readonly start: { readonly line: number } };
}

/** Paths of all TypeScript files below a folder, from that folder. */
function listModules(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !/(^|\/)(node_modules|dist|\.[^/]*)\//.test(file))
    .sort();
}

/**
 * Reads the imports of all modules below a folder.
 *
 * @param root Absolute path, without a slash at its end. Its `deno.json` has the import map, if it is there.
 * @throws {Error} If a module cannot be parsed. One that is missing is left to the type check.
 */
export function readModuleGraph(root: string): Module[] {
  const files = listModules(root);
  const info = askDeno(root, files.map((file) => pathToFileURL(join(root, file)).href));
  const modules: Module[] = [];
  for (const { specifier, error, dependencies = [] } of info.modules) {
    const file = fileOf(root, specifier);
    if (file === undefined || !files.includes(file)) continue;
    if (error !== undefined) throw new Error(error);
    const imports = dependencies.map(({ specifier, code, type }) => {
      const resolved = code ?? type;
      return {
        specifier,
        file: fileOf(root, resolved?.specifier),
        line: (resolved?.span.start.line ?? 0) + 1,
      };
    });
    modules.push({ file, imports });
  }
  return modules;
}

function askDeno(root: string, urls: readonly string[]): Info {
  const directory = mkdtempSync(join(tmpdir(), "composefs-graph-"));
  try {
    // One module that imports all: `deno info` takes a single root.
    const entry = join(directory, "all.ts");
    writeFileSync(entry, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    const configuration = readdirSync(root).includes("deno.json")
      ? [`--config=${join(root, "deno.json")}`]
      : ["--no-config"];
    const done = spawnSync(
      process.execPath,
      ["info", "--json", "--no-lock", ...configuration, entry],
      { encoding: "utf8", maxBuffer: 2 ** 28 },
    );
    if (done.status !== 0) throw new Error(done.stderr);
    return JSON.parse(done.stdout);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function fileOf(root: string, specifier: string | undefined): string | undefined {
  if (!specifier?.startsWith("file:")) return undefined;
  const path = fileURLToPath(specifier);
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
}

/**
 * The layers of the source and what each may reach: the rules that `check_layers.ts` applies.
 *
 * A layer is a folder, or a file that stands for itself. The first one that holds a file is its layer.
 *
 * @module
 */

/** One layer. */
export interface Layer {
  /** A folder with a slash at its end, or a file, from the root of the repository. */
  readonly path: string;
  /** Paths of the layers whose files it may import, besides its own. */
  readonly imports: readonly string[] | "all";
  /** Starts of the specifiers of foreign modules that it may import: `node:`, `bun:`, … */
  readonly modules?: readonly string[];
  /** Names of the runtime that it may say, out of {@linkcode RUNTIME_NAMES}; `"all"` for no limit. */
  readonly names?: readonly string[] | "all";
}

/** Global names that exist on some runtimes only. */
export const RUNTIME_NAMES = [
  "Deno",
  "Bun",
  "process",
  "Buffer",
  "global",
  "require",
  "setImmediate",
  "clearImmediate",
];

const LIB = [
  "lib/bytes/",
  "lib/tree/",
  "lib/dumpfile/",
  "lib/erofs/",
  "lib/fsverity/",
  "lib/fsverity/sha2.ts",
  "lib/store/",
  "lib/jobs/",
  "lib/composefs/",
  "lib/mount/",
  "lib/tar/",
];

/** A file that lies in none of them breaks the rules too, so a new folder needs a line here. */
export const LAYERS: readonly Layer[] = [
  // The one file of lib/ that asks the runtime for something, and only if there is a runtime to ask.
  {
    path: "lib/fsverity/sha2.ts",
    imports: ["lib/fsverity/", "lib/bytes/"],
    modules: ["node:crypto"],
    names: ["process", "Bun"],
  },
  { path: "lib/bytes/", imports: [] },
  { path: "lib/tree/", imports: ["lib/bytes/"] },
  { path: "lib/dumpfile/", imports: ["lib/tree/", "lib/bytes/"] },
  { path: "lib/erofs/", imports: ["lib/tree/", "lib/bytes/"] },
  { path: "lib/fsverity/", imports: ["lib/fsverity/sha2.ts", "lib/bytes/"] },
  { path: "lib/store/", imports: ["lib/fsverity/", "lib/tree/", "lib/bytes/"] },
  {
    path: "lib/composefs/",
    imports: [
      "lib/erofs/",
      "lib/dumpfile/",
      "lib/fsverity/",
      "lib/fsverity/sha2.ts",
      "lib/store/",
      "lib/tree/",
      "lib/bytes/",
    ],
  },
  { path: "lib/jobs/", imports: ["lib/bytes/"] },
  { path: "lib/mount/", imports: ["lib/tree/", "lib/bytes/"] },
  { path: "lib/tar/", imports: ["lib/tree/", "lib/bytes/"] },
  { path: "mod.ts", imports: LIB },

  { path: "ffi/deno.ts", imports: ["ffi/", ...LIB], modules: ["node:"], names: ["Deno"] },
  {
    path: "ffi/bun.ts",
    imports: ["ffi/", ...LIB],
    modules: ["node:", "bun:"],
    names: ["Bun", "process"],
  },
  // Picks one of the two above, so it has to ask which runtime this is.
  {
    path: "ffi/mod.ts",
    imports: ["ffi/deno.ts", "ffi/bun.ts", "ffi/", ...LIB],
    names: ["Deno", "Bun"],
  },
  { path: "ffi/", imports: LIB, modules: ["node:"], names: ["process"] },

  // What the rest needs of the runtime.
  { path: "cli/runtime.ts", imports: [], modules: ["node:"], names: ["Deno", "Bun", "process"] },
  {
    path: "cli/",
    imports: ["cli/runtime.ts", "ffi/mod.ts", "ffi/", ...LIB],
    modules: ["node:"],
  },

  { path: "scripts/", imports: "all", modules: [""], names: "all" },
  { path: "tests/", imports: "all", modules: [""], names: "all" },
];

/** Finds the layer of a file, undefined if the rules know none. */
export function layerOf(file: string): Layer | undefined {
  return LAYERS.find(({ path }) => path === file || path.endsWith("/") && file.startsWith(path));
}

/** Tells whether files of a layer may import a file. */
export function mayImport(layer: Layer, file: string): boolean {
  const target = layerOf(file);
  return target === layer || layer.imports === "all" ||
    target !== undefined && layer.imports.includes(target.path);
}

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

/** The rooms of lib/, each with those that it stands on. */
const LIB_ROOMS: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  file: ["bytes"],
  compression: ["file", "bytes"],
  digest: ["file", "bytes"],
  signature: ["digest", "bytes"],
  tree: ["file", "digest", "bytes"],
  dumpfile: ["tree", "digest", "bytes"],
  tar: ["tree", "digest", "file", "bytes"],
  selinux: ["tree", "bytes"],
  layers: ["composefs", "compression", "selinux", "tar", "tree", "digest", "bytes"],
  oci: ["tar", "tree", "digest", "compression", "file", "bytes"],
  erofs: ["tree", "file", "bytes"],
  objects: ["tree", "digest", "file", "bytes"],
  composefs: ["objects", "erofs", "dumpfile", "tree", "digest", "file", "bytes"],
  mount: ["tree", "digest", "bytes"],
  compare: ["layers", "composefs", "selinux", "erofs", "tree", "digest", "bytes"],
};

/** The rooms of ffi/ likewise; each may use all of lib/. */
const FFI_ROOMS: Readonly<Record<string, readonly string[]>> = {
  sys: [],
  files: ["sys"],
  process: ["files", "sys"],
  tree: ["process", "files", "sys"],
  objects: ["process", "files", "sys"],
  threads: ["objects", "tree", "process", "files", "sys"],
  mount: ["files", "sys"],
  probe: ["mount", "files", "sys"],
};

const LIB = libImports(Object.keys(LIB_ROOMS));
const FFI = ["ffi/hash/", "ffi/decode/", ...Object.keys(FFI_ROOMS).map((room) => `ffi/${room}/`)];

/** Paths of the layers of lib/ that a room of it may reach. */
function libImports(rooms: readonly string[]): string[] {
  return rooms.map((room) => `lib/${room}/`);
}

/** A file that lies in none of them breaks the rules too, so a new folder needs a line here. */
const LAYERS: readonly Layer[] = [
  ...Object.entries(LIB_ROOMS).map(([room, imports]) => ({
    path: `lib/${room}/`,
    imports: libImports(imports),
  })),
  { path: "mod.ts", imports: LIB },

  { path: "ffi/sys/_deno.ts", imports: ["ffi/sys/", ...LIB], modules: ["node:"], names: ["Deno"] },
  {
    path: "ffi/sys/_bun.ts",
    imports: ["ffi/sys/", ...LIB],
    modules: ["node:", "bun:"],
    names: ["Bun", "process"],
  },
  // Picks one of the two above, so it has to ask which runtime this is.
  {
    path: "ffi/sys/open.ts",
    imports: ["ffi/sys/_deno.ts", "ffi/sys/_bun.ts", "ffi/sys/", "ffi/hash/", ...LIB],
    names: ["Deno", "Bun"],
  },
  { path: "ffi/hash/", imports: LIB, modules: ["node:"], names: ["process", "Bun"] },
  { path: "ffi/decode/", imports: LIB, modules: ["node:"], names: ["Bun"] },
  // Users of the library import it without the rest.
  {
    path: "ffi/node/",
    imports: ["mod.ts", "ffi/hash/", "ffi/decode/", ...LIB],
    modules: ["node:"],
    names: ["Deno", "Buffer"],
  },
  ...Object.entries(FFI_ROOMS).map(([room, imports]) => ({
    path: `ffi/${room}/`,
    imports: [...imports.map((other) => `ffi/${other}/`), ...LIB],
    modules: ["node:"],
    names: ["process"],
  })),

  // Joins the rooms of ffi/ for whoever uses them from outside.
  { path: "ffi/disk.ts", imports: [...FFI, ...LIB] },
  { path: "ffi/linux_files.ts", imports: [...FFI, ...LIB] },
  { path: "ffi/machine.ts", imports: ["ffi/disk.ts", "ffi/linux_files.ts", ...FFI, ...LIB] },
  {
    path: "ffi/mod.ts",
    imports: [
      "ffi/disk.ts",
      "ffi/linux_files.ts",
      "ffi/machine.ts",
      "ffi/sys/open.ts",
      ...FFI,
      ...LIB,
    ],
  },
  { path: "ffi/worker.ts", imports: ["ffi/sys/open.ts", ...FFI, ...LIB] },

  // What the rest needs of the runtime.
  { path: "cli/runtime.ts", imports: [], modules: ["node:"], names: ["Deno", "Bun", "process"] },
  {
    path: "cli/",
    imports: ["cli/runtime.ts", "ffi/disk.ts", "ffi/machine.ts", "ffi/sys/open.ts", ...FFI, ...LIB],
    modules: ["node:"],
  },

  {
    path: "scripts/",
    imports: [
      "cli/",
      "cli/runtime.ts",
      "mod.ts",
      "ffi/mod.ts",
      "ffi/disk.ts",
      "ffi/machine.ts",
      "ffi/sys/open.ts",
      ...FFI,
      ...LIB,
    ],
    modules: [""],
    names: "all",
  },
  { path: "tests/", imports: "all", modules: [""], names: "all" },
];

/** The folder that makes system calls; all others use the functions that it has for them. */
export const CALLS_FOLDER = "ffi/sys/";

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

/**
 * Tells whether a file is private to its folder: its name begins with an underscore. Tests may look at what
 * is, as those of the same folder would.
 */
export function isPrivate(file: string): boolean {
  return file.slice(file.lastIndexOf("/") + 1).startsWith("_");
}

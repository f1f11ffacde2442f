/**
 * What `tests/lib/pure_test.ts` runs in a realm of its own: the library at work, with results as text.
 *
 * Leaves a function behind as the global `pureRealm`, for a script has no exports.
 *
 * @module
 */

import {
  createImage,
  createImageFromDump,
  fsVerityDigest,
  MemoryNode,
  MemoryStore,
  memoryTree,
  openImage,
  parseDumpfile,
  portableHasher,
  writeDumpfile,
} from "../../mod.ts";

/** What the library made; digests in hexadecimal. */
export interface PureResults {
  /** Types of the globals that only runtimes have. */
  readonly runtime: Readonly<Record<string, string>>;
  /** Digest of the image that holds nothing but a root directory. */
  readonly rootImage: string;
  readonly rootImageSha512: string;
  /** Digest of the image of a small tree. */
  readonly treeImage: string;
  /** Dump of that image, read back. */
  readonly treeDump: string;
  /** Digest of the image made from that dump. */
  readonly dumpImage: string;
  readonly objects: number;
  /** Hashes of `abc`. */
  readonly sha256: string;
  readonly sha512: string;
}

async function pureRealm(): Promise<PureResults> {
  const encoder = new TextEncoder();
  const root = createImageFromDump([encoder.encode("/ 4096 40755 2 0 0 0 0.0 - - -\n")]);
  const store = new MemoryStore();
  const source = memoryTree({
    "bin": { "sh": "#".repeat(5000) },
    "etc": { "motd": "Welcome!\n", "größe": new Uint8Array([0, 255]) },
    "lib": new MemoryNode({ target: encoder.encode("usr/lib") }, { uid: 7, mtime: 1234567890 }),
  });
  const image = await createImage(source, { store });
  const dump = dumpOf(image);
  const abc = encoder.encode("abc");
  return {
    runtime: Object.fromEntries(
      ["Deno", "Bun", "process", "Buffer", "require", "module"]
        .map((name) => [name, typeof (globalThis as Record<string, unknown>)[name]]),
    ),
    rootImage: fsVerityDigest(root).toHex(),
    rootImageSha512: fsVerityDigest(root, { algorithm: "sha512" }).toHex(),
    treeImage: fsVerityDigest(image).toHex(),
    treeDump: new TextDecoder().decode(dump),
    dumpImage: fsVerityDigest(createImageFromDump([dump])).toHex(),
    objects: store.size,
    sha256: portableHasher("sha256").hash(abc).toHex(),
    sha512: portableHasher("sha512").hash(abc).toHex(),
  };
}

function dumpOf(image: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const chunk of writeDumpfile(openImage(image).tree())) bytes.push(...chunk);
  // The parser has to take what the writer gives, else the comparison of digests says little.
  parseDumpfile([new Uint8Array(bytes)]);
  return new Uint8Array(bytes);
}

Object.assign(globalThis, { pureRealm });

/**
 * The straight line from a directory or dump file to an image, and back.
 *
 * @module
 */

import { parseDumpfile, type ParseDumpfileOptions } from "../dumpfile/parse.ts";
import { SUPER_OFFSET } from "../erofs/format.ts";
import type { Inode } from "../erofs/inode.ts";
import { writeErofs } from "../erofs/write.ts";
import { isAclName } from "../erofs/xattr_name.ts";
import { type ScanOptions, scanTree } from "../tree/scan.ts";
import type { SourceTree } from "../tree/source.ts";
import type { TreeTransform } from "../tree/change_tree.ts";
import type { Content, Tree } from "../tree/tree.ts";
import { validateScannedTree, validateTree } from "./_validate.ts";
import { CONTENT_INODES, type FileInodes, rowInodes } from "./_file_inodes.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import type { Contents } from "./contents.ts";
import { type FileReader, type ReadFilesOptions, SequentialReader } from "./file_reader.ts";
import { format2Inodes } from "./_format2.ts";
import {
  COMPOSEFS_HEADER,
  COMPOSEFS_HEADER_VERSION,
  COMPOSEFS_MAGIC,
  FLAG_HAS_ACL,
} from "./header.ts";
import { overlayInodes } from "./_overlay.ts";
import { chooseVersion, type FormatVersion, type VersionRange } from "./version.ts";

/** How {@linkcode createImage} reads the source and writes the image. */
export interface CreateImageOptions extends ReadSourceOptions, VersionRange {}

/** How {@linkcode readSource} reads a source. */
export interface ReadSourceOptions extends ScanOptions, ReadFilesOptions {
  /** Changes the tree once it has been scanned, before it is checked. */
  readonly transform?: TreeTransform | undefined;
  /** Reads the files, instead of one after the other in this thread; what is said of files above is its then. */
  readonly reader?: FileReader;
}

/** How {@linkcode createImageFromDump} reads the dump file and writes the image. */
export interface CreateImageFromDumpOptions extends ParseDumpfileOptions, VersionRange {}

/**
 * Makes an image of a directory tree and, if a store is given, puts its files' contents there.
 *
 * Files of up to 64 bytes are kept in the image, larger ones are named by their fs-verity digest. The
 * same tree gives the same bytes: those of mkcomposefs 1.0.8.
 *
 * @returns The whole image, a multiple of 4096 bytes.
 * @throws {TreeError} If the tree holds what an image cannot.
 *
 * @example An image and its store, in memory
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createImage, fsVerityDigest, MemoryStore, memoryTree } from "composefs-ts";
 *
 * const source = memoryTree({ "etc": { "motd": "Welcome!\n".repeat(10) } });
 * const store = new MemoryStore();
 * const image = await createImage(source, { store });
 * assertEquals(image.length, 16384);
 * assertEquals(store.size, 1);
 * assertEquals(fsVerityDigest(image).algorithm, "sha256");
 * ```
 */
export async function createImage(
  source: SourceTree,
  options: CreateImageOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeSource(await readSource(source, options), options);
}

/** A directory tree that has been read, all but the contents of its objects. */
export interface ReadSource {
  /** The tree. Its files are rows of the table. */
  readonly tree: Tree<number>;
  /** What became of files. */
  readonly contents: Contents;
}

/**
 * Reads a directory tree and, if a store is given, puts its files' contents there. Several images can be made
 * of what is read: see {@linkcode encodeSource}.
 *
 * @throws {TreeError} If the tree holds what an image cannot.
 *
 * @example Two images of one tree, which is read once
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeSource, memoryTree, readSource } from "composefs-ts";
 *
 * const algorithms = ["sha256", "sha512"] as const;
 * const read = await readSource(memoryTree({ "a": "x".repeat(100) }), { algorithms });
 * const images = algorithms.map((algorithm) => encodeSource(read, { algorithm, format: 1 }));
 * assertEquals(images.map(({ length }) => length), [16384, 16384]);
 * ```
 */
export async function readSource(
  source: SourceTree,
  options: ReadSourceOptions = {},
): Promise<ReadSource> {
  const reader = options.reader ?? new SequentialReader(source, options);
  const scanned = scanTree(source, (file, directory) => reader.add(file, directory), options);
  const tree = options.transform?.(scanned) ?? scanned;
  // While other threads read the last files.
  validateScannedTree(tree);
  return { tree, contents: await reader.finish() };
}

/**
 * Makes sure that images can be made of a tree that came about in another way than by
 * {@linkcode readSource}, or has been changed since.
 *
 * @throws {TreeError} If it holds what an image cannot.
 */
export function checkSource({ tree }: ReadSource): void {
  validateScannedTree(tree);
}

/** Which image {@linkcode encodeSource} makes. */
export interface EncodeSourceOptions extends VersionRange {
  /** Whose digests of files the image has; by default the first that files were digested by. */
  readonly algorithm?: HashAlgorithm;
}

/**
 * Makes an image of a directory tree that has been read. The same tree gives the same bytes.
 *
 * @returns The whole image, a multiple of 4096 bytes.
 * @throws {RangeError} If a version does not exist.
 * @throws {TreeError} If images of that version do not hold what the tree holds.
 */
export function encodeSource(
  { tree, contents }: ReadSource,
  options: EncodeSourceOptions = {},
): Uint8Array<ArrayBuffer> {
  const { algorithm = contents.algorithms[0]! } = options;
  return encode(tree, rowInodes(contents, algorithm), options);
}

/**
 * Makes an image of a dump file. The same dump gives the same bytes: those of
 * `mkcomposefs --from-file` 1.0.8.
 *
 * @param chunks The dump file, cut anywhere.
 * @returns The whole image, a multiple of 4096 bytes.
 * @throws {DumpfileSyntaxError} If the dump breaks the format.
 *
 * @example The smallest image
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createImageFromDump, fsVerityDigest } from "composefs-ts";
 *
 * const dump = new TextEncoder().encode("/ 4096 40755 2 0 0 0 0.0 - - -\n");
 * const image = createImageFromDump([dump]);
 * assertEquals(
 *   fsVerityDigest(image).toHex(),
 *   "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682",
 * );
 * ```
 */
export function createImageFromDump(
  chunks: Iterable<Uint8Array>,
  options: CreateImageFromDumpOptions = {},
): Uint8Array<ArrayBuffer> {
  return encodeImage(parseDumpfile(chunks, options), { ...options, isValid: true });
}

/** How {@linkcode encodeImage} goes about it. */
export interface EncodeImageOptions extends VersionRange {
  /**
   * Leaves out the check that the tree can be made into an image: for trees that {@linkcode parseDumpfile} gave,
   * which are, and have not been changed. Default false.
   */
  readonly isValid?: boolean;
}

/**
 * Makes an image of a tree whose contents are decided.
 *
 * @returns The whole image, a multiple of 4096 bytes.
 * @throws {TreeError} If the tree holds what an image cannot.
 * @throws {RangeError} If a version does not exist.
 *
 * @example An image of a tree built by hand
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeImage, openImage, type Tree, type Content } from "composefs-ts";
 *
 * const stat = { mode: 0o755, uid: 0, gid: 0, nlink: 1, mtime: 0, mtimeNsec: 0, xattrs: [] };
 * const tree: Tree<Content> = {
 *   root: { kind: "directory", stat, entries: [{ name: new TextEncoder().encode("hi"), node: 0 }] },
 *   leaves: [{ kind: "symlink", stat, target: new TextEncoder().encode("there") }],
 * };
 * assertEquals(openImage(encodeImage(tree)).version, 0);
 * ```
 */
export function encodeImage(
  tree: Tree<Content>,
  options: EncodeImageOptions = {},
): Uint8Array<ArrayBuffer> {
  if (!(options.isValid ?? false)) validateTree(tree);
  return encode(tree, CONTENT_INODES, options);
}

function encode<File>(
  tree: Tree<File>,
  files: FileInodes<File>,
  range: VersionRange,
): Uint8Array<ArrayBuffer> {
  const version = chooseVersion(tree, range);
  const inodes = version === 2 ? format2Inodes(tree, files) : overlayInodes(tree, files, version);
  const rules = version === 2 ? "composefs-rs" : "libcomposefs";
  return writeErofs(inodes, composefsPreamble(inodes, version), rules);
}

function hasAclName(inodes: readonly Inode[]): boolean {
  for (let inode = 0; inode < inodes.length; inode++) {
    const { xattrs } = inodes[inode]!;
    for (let i = 0; i < xattrs.length; i++) {
      if (isAclName(xattrs[i]!.name)) return true;
    }
  }
  return false;
}

function composefsPreamble(inodes: readonly Inode[], version: FormatVersion): Uint8Array {
  // composefs-rs sets no flag in its own version.
  const hasAcl = version !== 2 && hasAclName(inodes);
  const preamble = new Uint8Array(SUPER_OFFSET);
  COMPOSEFS_HEADER.write(new DataView(preamble.buffer), 0, {
    magic: COMPOSEFS_MAGIC,
    version: COMPOSEFS_HEADER_VERSION,
    flags: hasAcl ? FLAG_HAS_ACL : 0,
    composefsVersion: version,
  });
  return preamble;
}

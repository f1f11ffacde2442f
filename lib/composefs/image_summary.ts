/**
 * What an image holds, in numbers.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import type { Content, FileKind, Leaf } from "../tree/tree.ts";
import { isWhiteout } from "../tree/tree.ts";
import type { ImageEntry } from "./image_entry.ts";
import type { ComposefsImage } from "./open.ts";

/** How many there are of something, and how long they are together. */
export interface Amount {
  /** How many. */
  readonly count: number;
  /** Bytes. */
  readonly bytes: number;
}

/** A file or directory that is among the largest. */
export interface LargeEntry {
  /** Absolute. */
  readonly path: Uint8Array;
  /** Bytes of the file, or of all files below the directory, each hard-linked one counted where it is met first. */
  readonly bytes: number;
}

/** An image in numbers. */
export interface ImageSummary {
  /** Files by kind, each once whatever its names. */
  readonly kinds: Readonly<Record<FileKind, number>>;
  /** Names beyond the first that files have. */
  readonly hardLinks: number;
  /** Character devices with number 0, which hide files of other layers. */
  readonly whiteouts: number;
  /** Files whose contents are in the image. */
  readonly inline: Amount;
  /** Files whose contents are in objects. */
  readonly external: Amount;
  /** These objects, each once. */
  readonly objects: Amount;
  /** Files in objects of which the image has no digest. */
  readonly undigested: number;
  /** By what the objects are digested. */
  readonly algorithms: readonly HashAlgorithm[];
  /** Names of xattrs, one character a byte, with how many files have them; in byte order. */
  readonly xattrs: ReadonlyMap<string, number>;
  /** The largest first. */
  readonly largestFiles: readonly LargeEntry[];
  /** The largest first, without the root. */
  readonly largestDirectories: readonly LargeEntry[];
}

/**
 * Counts what is in an image.
 *
 * @param most How many files and directories are named that are the largest.
 * @throws {ImageFormatError} If anything in it is malformed.
 *
 * @example One file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createImageFromDump, openImage, summarizeImage } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/hello 2 100644 1 0 0 0 0.0 - hi -\n";
 * const image = openImage(createImageFromDump([new TextEncoder().encode(dump)]));
 * assertEquals(summarizeImage(image).inline, { count: 1, bytes: 2 });
 * ```
 */
export function summarizeImage(image: ComposefsImage, most = 10): ImageSummary {
  image.check();
  return new Counter(most).run(image.root);
}

class Counter {
  readonly #kinds: Record<FileKind, number> = {
    regular: 0,
    directory: 0,
    symlink: 0,
    character: 0,
    block: 0,
    fifo: 0,
    socket: 0,
  };
  readonly #inline = { count: 0, bytes: 0 };
  readonly #external = { count: 0, bytes: 0 };
  readonly #objects = new Map<string, number>();
  readonly #algorithms = new Set<HashAlgorithm>();
  readonly #xattrs = new Map<string, number>();
  /** Nids of files with several links that have been met. */
  readonly #met = new Set<number>();
  readonly #files: Largest;
  readonly #directories: Largest;
  #hardLinks = 0;
  #whiteouts = 0;
  #undigested = 0;

  constructor(most: number) {
    this.#files = new Largest(most);
    this.#directories = new Largest(most);
  }

  run(root: ImageEntry): ImageSummary {
    const levels = [this.#enter(root)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const { value: entry, done } = level.entries.next();
      if (done === true) {
        levels.pop();
        const above = levels.at(-1);
        if (above === undefined) continue;
        above.bytes += level.bytes;
        this.#directories.add(level.directory, level.bytes);
      } else if (entry.kind === "directory") {
        levels.push(this.#enter(entry));
      } else {
        level.bytes += this.#leaf(entry);
      }
    }
    return this.#summary();
  }

  #enter(directory: ImageEntry) {
    this.#kinds.directory++;
    this.#countXattrs(directory);
    return { directory, entries: directory.entries()[Symbol.iterator](), bytes: 0 };
  }

  /** Counts a file; gives its bytes, if it has not been counted before. */
  #leaf(entry: ImageEntry): number {
    const node = entry.node as Leaf<Content>;
    if (node.stat.nlink > 1) {
      if (this.#met.has(entry.nid)) {
        this.#hardLinks++;
        return 0;
      }
      this.#met.add(entry.nid);
    }
    this.#kinds[node.kind]++;
    this.#countXattrs(entry);
    if (isWhiteout(node)) this.#whiteouts++;
    if (node.kind !== "regular") return 0;
    const bytes = this.#contents(node.file);
    if (bytes > 0) this.#files.add(entry, bytes);
    return bytes;
  }

  #contents(file: Content): number {
    if (file.kind === "inline") {
      this.#inline.count++;
      this.#inline.bytes += file.bytes.length;
      return file.bytes.length;
    }
    const { size, path, digest } = file;
    this.#external.count++;
    this.#external.bytes += size;
    if (path !== undefined) this.#objects.set(latin1(path), size);
    if (digest === undefined) this.#undigested++;
    else this.#algorithms.add(digest.algorithm);
    return size;
  }

  #countXattrs({ node }: ImageEntry): void {
    for (const { name } of node.stat.xattrs) {
      const key = latin1(name);
      this.#xattrs.set(key, (this.#xattrs.get(key) ?? 0) + 1);
    }
  }

  #summary(): ImageSummary {
    const sizes = [...this.#objects.values()];
    return {
      kinds: this.#kinds,
      hardLinks: this.#hardLinks,
      whiteouts: this.#whiteouts,
      inline: this.#inline,
      external: this.#external,
      objects: { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) },
      undigested: this.#undigested,
      algorithms: [...this.#algorithms],
      xattrs: new Map([...this.#xattrs].sort(([a], [b]) => a < b ? -1 : 1)),
      largestFiles: this.#files.entries,
      largestDirectories: this.#directories.entries,
    };
  }
}

/** The largest of what comes by, in order; of equal ones the first. */
class Largest {
  readonly #most: number;
  readonly #found: LargeEntry[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get entries(): readonly LargeEntry[] {
    return this.#found;
  }

  add(entry: ImageEntry, bytes: number): void {
    const found = this.#found;
    if (found.length === this.#most && !(bytes > (found.at(-1)?.bytes ?? Infinity))) return;
    let at = found.length;
    while (at > 0 && found[at - 1]!.bytes < bytes) at--;
    found.splice(at, 0, { path: entry.path, bytes });
    if (found.length > this.#most) found.pop();
  }
}

/**
 * What the commands need of the operating system, in their own words.
 *
 * `linux_system.ts` implements it over `ffi/`; tests may bring one of their own. Paths are bytes.
 *
 * @module
 */

import type { ObjectStore } from "../lib/store/object_store.ts";
import type { SourceFile, SourceTree } from "../lib/tree/source.ts";

/** A store on disk. Dispose of it, or declare it with `using`. */
export interface DiskStore extends ObjectStore, Disposable {
  /** Makes the names of all objects put so far survive a crash of the machine. */
  flush(): void;
}

/** A directory in which files are looked up. */
export interface BaseDirectory extends Disposable {
  /** Tells whether something stands at a path below it, following no symbolic link at its end. */
  has(path: Uint8Array): boolean;
}

/** A file opened for reading. */
export interface DiskFile extends SourceFile {
  /** SHA-256 digest that the kernel has for the file, undefined where fs-verity is not enabled on it. */
  measureVerity(): Uint8Array | undefined;
}

/** Files and directories of the machine. */
export interface System {
  /** Reads a file, or standard input for `-`, in chunks each of which has memory of its own. */
  readChunks(path: Uint8Array): Iterable<Uint8Array<ArrayBuffer>>;
  /** Reads a whole file. */
  readFile(path: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Opens a file for reading at positions. */
  openFile(path: Uint8Array): DiskFile;
  /** Writes a file so that it is there whole or not at all; what is no regular file is written to. */
  writeFile(path: Uint8Array, contents: Uint8Array<ArrayBuffer>): void;
  openSourceTree(path: Uint8Array): SourceTree;
  openObjectStore(path: Uint8Array, options: { readonly verifyObjects: boolean }): DiskStore;
  openDirectory(path: Uint8Array): BaseDirectory;
  /** Tells whether an environment variable is set, be it to nothing. */
  hasEnvironment(name: string): boolean;
}

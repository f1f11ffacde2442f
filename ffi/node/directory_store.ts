/**
 * An object store in a directory by node:fs alone: for Node, which has no FFI.
 *
 * Objects lie where those of mkcomposefs do, so that each reads what the other has stored. The kernel seals none of
 * them: fs-verity is turned on by `composefs-ts/linux`, or by `fsverity enable`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "../../lib/digest/digest.ts";
import { FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import { objectPath } from "../../lib/digest/object_path.ts";
import { type File, memoryFile } from "../../lib/file/file.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { openFile } from "./_open_file.ts";

/**
 * Opens an object store, whose directories are made when there is something to put into them.
 *
 * An object has its name once it is whole and on the disk. The name itself may be lost if the machine fails soon
 * after.
 *
 * @example What is put can be opened
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest } from "composefs-ts";
 * import { directoryStore } from "composefs-ts/node";
 *
 * const store = directoryStore(mkdtempSync("/tmp/example-"));
 * const contents = new TextEncoder().encode("hello");
 * const digest = fsVerityDigest(contents);
 * store.put(digest, contents.length, contents);
 * using file = store.open(digest)!;
 * assertEquals(file.size, 5);
 * ```
 */
export function directoryStore(path: string): ObjectStore {
  return new DirectoryStore(path);
}

/** Bytes written at a time. */
const CHUNK_SIZE = 1 << 17;

class DirectoryStore implements ObjectStore {
  readonly #root: string;

  constructor(path: string) {
    this.#root = path;
  }

  has(digest: Digest, size: number): boolean {
    const stat = lstatSync(this.#path(digest), { throwIfNoEntry: false });
    return stat !== undefined && stat.isFile() && stat.size === size;
  }

  put(digest: Digest, size: number, contents: Uint8Array<ArrayBuffer> | File): void {
    if (this.has(digest, size)) return;
    const path = this.#path(digest);
    mkdirSync(dirname(path), { recursive: true });
    const draft = join(dirname(path), `.tmp-${randomUUID()}`);
    try {
      const file = contents instanceof Uint8Array ? memoryFile(contents) : contents;
      writeDraft(draft, file, digest, size);
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  open(digest: Digest): File | undefined {
    const path = this.#path(digest);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined ? undefined : openFile(Buffer.from(path));
  }

  #path(digest: Digest): string {
    return join(this.#root, objectPath(digest));
  }
}

/** Writes a whole file, and refuses contents that are not what they were when they were digested. */
function writeDraft(path: string, file: File, digest: Digest, size: number): void {
  const descriptor = openSync(path, "wx", 0o644);
  try {
    const hasher = new FsVerityHasher({ algorithm: digest.algorithm });
    const buffer = new Uint8Array(CHUNK_SIZE);
    for (let length; (length = file.readAt(buffer, hasher.size)) > 0 && hasher.size < size;) {
      const chunk = buffer.subarray(0, length);
      for (let at = 0; at < length;) at += writeSync(descriptor, chunk, at);
      hasher.update(chunk);
    }
    if (hasher.size !== size || !hasher.digest().equals(digest)) {
      throw new RangeError(`Cannot store object "${digest.toHex()}": contents have changed`);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

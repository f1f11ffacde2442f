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
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { objectPath } from "../../lib/digest/object_path.ts";
import type { File } from "../../lib/file/file.ts";
import { type DraftTarget, HashedDraft } from "../../lib/objects/hashed_draft.ts";
import type { ObjectDraft, ObjectStore, StoredObject } from "../../lib/objects/object_store.ts";
import { openFile } from "./_open_file.ts";

/**
 * Opens an object store, whose directories are made when there is something to put into them.
 *
 * An object has its name once it is whole and on the disk. That the name is on the disk as well, `flush` sees to.
 *
 * @example What is put can be opened
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { directoryStore } from "composefs-ts/node";
 *
 * const store = directoryStore(mkdtempSync("/tmp/example-"));
 * using draft = store.draft();
 * draft.write(new TextEncoder().encode("hello"));
 * const digest = draft.finish();
 * using file = store.open(digest)!;
 * assertEquals(file.size, 5);
 * ```
 */
export function directoryStore(path: string): ObjectStore {
  return new DirectoryStore(path);
}

class DirectoryStore implements ObjectStore {
  readonly #root: string;
  /** Directories that have new names which may not be on the disk. */
  readonly #changed = new Set<string>();

  constructor(path: string) {
    this.#root = path;
  }

  has(digest: Digest, size: number): boolean {
    const stat = lstatSync(this.#path(digest), { throwIfNoEntry: false });
    return stat !== undefined && stat.isFile() && stat.size === size;
  }

  open(digest: Digest): File | undefined {
    const path = this.#path(digest);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat === undefined ? undefined : openFile(Buffer.from(path));
  }

  draft(algorithm: HashAlgorithm = "sha256"): ObjectDraft {
    mkdirSync(this.#root, { recursive: true });
    const path = join(this.#root, `.tmp-${randomUUID()}`);
    return new HashedDraft(
      new FileTarget(path, (digest, size) => this.#place(path, digest, size)),
      algorithm,
    );
  }

  *list(): Generator<StoredObject> {
    for (const shard of readdirSync(this.#root)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue;
      for (const name of readdirSync(join(this.#root, shard))) {
        const digest = Digest.tryParse(shard + name);
        if (digest?.toHex() !== shard + name) continue;
        const stat = lstatSync(join(this.#root, shard, name), { throwIfNoEntry: false });
        if (stat?.isFile()) yield { digest, size: stat.size };
      }
    }
  }

  remove(digest: Digest): boolean {
    try {
      rmSync(this.#path(digest));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /** Contents are on the disk already. */
  flush(): void {
    for (const directory of this.#changed) syncDirectory(directory);
    this.#changed.clear();
  }

  /** Gives a draft the name of its digest, unless there is such an object already. */
  #place(draft: string, digest: Digest, size: number): void {
    if (this.has(digest, size)) return;
    const path = this.#path(digest);
    const shard = dirname(path);
    if (mkdirSync(shard, { recursive: true }) !== undefined) this.#changed.add(this.#root);
    renameSync(draft, path);
    this.#changed.add(shard);
  }

  #path(digest: Digest): string {
    return join(this.#root, objectPath(digest));
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A file under a temporary name. */
class FileTarget implements DraftTarget {
  readonly #path: string;
  readonly #onKept: (digest: Digest, size: number) => void;
  readonly #descriptor: number;
  #isClosed = false;

  constructor(path: string, onKept: (digest: Digest, size: number) => void) {
    this.#path = path;
    this.#onKept = onKept;
    this.#descriptor = openSync(path, "wx", 0o644);
  }

  writeAt(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(this.#descriptor, bytes, at, bytes.length - at, position + at);
    }
  }

  keep(digest: Digest, size: number): void {
    ftruncateSync(this.#descriptor, size);
    fsyncSync(this.#descriptor);
    this.#onKept(digest, size);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#descriptor);
    rmSync(this.#path, { force: true });
  }
}

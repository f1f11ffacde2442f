/**
 * Checks the objects of an image on several threads.
 *
 * @module
 */

import type { File } from "../../lib/file/file.ts";
import {
  type CheckedObject,
  type ObjectChecker,
  type ObjectToCheck,
  OneObjectChecker,
} from "../../lib/objects/check.ts";
import { findBackingFile } from "../../lib/objects/data_layers.ts";
import type { OtherParameters } from "../../lib/digest/other_parameters.ts";
import { Digest } from "../../lib/digest/digest.ts";
import { keepsLowest, MAX_KEPT_SIZE } from "../../lib/digest/tree_source.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { ThreadOptions } from "./thread_options.ts";
import { ThreadPool } from "./thread_pool.ts";
import type { DirectoryLayer } from "../objects/data_layer.ts";
import { Fd } from "../files/fd.ts";
import { openVerityTree } from "../files/verity_tree.ts";
import { LargeFile } from "./_large_file.ts";
import type { Linux } from "../sys/linux.ts";
import type { TreeCache } from "../objects/tree_cache.ts";
import { MAX_WHOLE_FILE } from "./_piece_hasher.ts";

/** How objects are checked. */
export interface ObjectCheckerOptions extends ThreadOptions {
  /** Keeps the trees of those that are too large to be hashed in one. */
  readonly cache?: TreeCache | undefined;
  /** Tells by which other parameters digests may have been made. */
  readonly otherParameters?: OtherParameters;
}

/** Makes a checker of objects in the layers. */
export function objectChecker(
  linux: Linux,
  layers: readonly DirectoryLayer[],
  options: ObjectCheckerOptions,
): ObjectChecker {
  return async function* (files, onRead) {
    using check = new ObjectCheck(linux, layers, options, files, onRead);
    for (let number = 0; number < files.length; number++) {
      check.add(number);
      yield* check.take();
    }
    check.finish();
    yield* check.take();
  };
}

/** One run over a list of objects. */
class ObjectCheck implements Disposable {
  readonly #layers: readonly DirectoryLayer[];
  readonly #files: readonly ObjectToCheck[];
  /** By which the other threads digest: that of most objects, if not of all. */
  readonly #algorithm: HashAlgorithm;
  readonly #onRead: (bytes: number) => void;
  readonly #alone: OneObjectChecker;
  readonly #pool: ThreadPool;
  readonly #large = new Set<Fd>();
  readonly #cache: TreeCache | undefined;
  #checked: CheckedObject[] = [];

  constructor(
    linux: Linux,
    layers: readonly DirectoryLayer[],
    { cache, otherParameters, ...threads }: ObjectCheckerOptions,
    files: readonly ObjectToCheck[],
    onRead: (bytes: number) => void,
  ) {
    this.#layers = layers;
    this.#cache = cache;
    this.#files = files;
    this.#onRead = onRead;
    const algorithm = files.find(({ digest }) => digest !== undefined)?.digest?.algorithm ??
      "sha256";
    this.#algorithm = algorithm;
    this.#alone = new OneObjectChecker(layers, otherParameters);
    const task = {
      kind: "objects",
      algorithm,
      layers: layers.map(({ shared }) => shared),
    } as const;
    this.#pool = new ThreadPool(linux, task, {
      ...threads,
      onFile: (number, { bytes }) => {
        onRead(files[number]!.size);
        // One that could not be read has no digest, and is looked at here.
        this.#compare(files[number]!, Digest.of(bytes));
      },
      onPiece: onRead,
      onLargeFile: (large) => this.#finishLarge(large),
    });
  }

  /** Has an object checked. */
  add(number: number): void {
    const file = this.#files[number]!;
    // Without a digest there may be nothing to read.
    if (file.digest?.algorithm !== this.#algorithm) this.#checkAlone(file);
    else if (file.size > (this.#cache === undefined ? MAX_WHOLE_FILE : MAX_KEPT_SIZE)) {
      this.#addLarge(number, file);
    } else this.#pool.addFile(number, file.size, file.path!);
  }

  finish(): void {
    this.#pool.finish();
  }

  /** What has been checked since the last call. */
  take(): CheckedObject[] {
    const checked = this.#checked;
    this.#checked = [];
    return checked;
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
    for (const file of this.#large) file.close();
  }

  #compare(file: ObjectToCheck, digest: Digest | undefined): void {
    if (digest?.equals(file.digest!)) this.#checked.push({ file });
    // Looked at once more here, it shows what is wrong with it.
    else this.#checkAlone(file, () => {});
  }

  #checkAlone(file: ObjectToCheck, onRead = this.#onRead): void {
    this.#checked.push(this.#alone.check(file, onRead));
  }

  #addLarge(number: number, file: ObjectToCheck): void {
    let found: File | undefined;
    try {
      found = findBackingFile(this.#layers, file.path!);
    } catch {
      // Looked for once more below, it shows why it cannot be opened.
    }
    if (!(found instanceof Fd) || found.size !== file.size) {
      found?.[Symbol.dispose]();
      this.#checkAlone(file);
      return;
    }
    this.#large.add(found);
    const { size } = file;
    const options = { number, from: found, size, algorithms: [this.#algorithm] };
    const digest = file.digest!;
    // Where the kernel has a tree, none needs to be kept.
    const keeps = this.#cache !== undefined &&
      openVerityTree(found, { digest, size }) === undefined;
    const keepTree = keepsLowest(size, digest.bytes.length) ? "whole" : "upper";
    this.#pool.addLargeFile(new LargeFile(keeps ? { ...options, keepTree } : options));
  }

  #finishLarge(large: LargeFile): void {
    this.#large.delete(large.from);
    const [digest] = large.finish();
    const { digest: expected } = this.#files[large.number]!;
    if (large.keepsTree && digest?.equals(expected!)) this.#cache!.keep(digest, large.tree());
    large.from.close();
    this.#compare(this.#files[large.number]!, digest);
  }
}

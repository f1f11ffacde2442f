/**
 * Going through a store directory by directory.
 *
 * @module
 */

import { type Digest, MAX_DIGEST_SIZE } from "../../lib/digest/digest.ts";
import { objectPathSize, shardOf, writeObjectPath } from "../../lib/digest/object_path.ts";
import type { Fd } from "../files/fd.ts";
import { tryLinkDescriptor } from "../sys/name_calls.ts";
import { type CString, cString, descriptorPath } from "../sys/path.ts";
import { O_PATH } from "../sys/uapi.ts";
import type { ObjectDirectory } from "./object_directory.ts";

/** Bytes of `ab/` in front of an object's name. */
const SHARD_PREFIX = 3;

/**
 * Opens directories of objects one after the other, so that one is open at a time. Dispose of it, or declare it with
 * `using`.
 */
export class ShardCursor implements Disposable {
  readonly #objects: ObjectDirectory;
  #shard: string | undefined;
  #directory: Fd | undefined;
  /** The path of an object, and its name there: written anew for each, since there are thousands. */
  readonly #path = new Uint8Array(objectPathSize(MAX_DIGEST_SIZE) + 1);
  readonly #name = this.#path.subarray(SHARD_PREFIX) as CString;

  constructor(objects: ObjectDirectory) {
    this.#objects = objects;
  }

  /**
   * Goes to the directory of an object, which is made if it is missing.
   *
   * @throws {UnusableStoreError} If it is a link, or a stranger's.
   * @throws {SyscallError} If it cannot be opened or made.
   */
  at(digest: Digest): Fd {
    const shard = shardOf(digest);
    if (this.#directory !== undefined && this.#shard === shard) return this.#directory;
    this[Symbol.dispose]();
    this.#shard = shard;
    return this.#directory = this.#objects.makeShard(shard, O_PATH);
  }

  /**
   * Gives a file that is open and has no name that of an object, unless something has it.
   *
   * @param number Its descriptor.
   * @returns Whether it has got it.
   * @throws As {@linkcode ShardCursor.at}.
   */
  tryLink(number: number, digest: Digest): boolean {
    const directory = this.at(digest);
    writeObjectPath(this.#path, digest.bytes);
    this.#path[objectPathSize(digest.bytes.length)] = 0;
    const from = cString(descriptorPath(number));
    return tryLinkDescriptor(from, { at: directory, name: this.#name }) === 0;
  }

  [Symbol.dispose](): void {
    this.#directory?.close();
    this.#directory = undefined;
  }
}

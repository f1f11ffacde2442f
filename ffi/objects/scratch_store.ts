/**
 * An object store for as long as a process needs it: for contents that come in a stream and are asked for later.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { Fd } from "../files/fd.ts";
import { Replacement } from "../files/replacement.ts";
import { randomSeed } from "../files/temporary.ts";
import type { Linux } from "../sys/linux.ts";
import { joinPath } from "../sys/path.ts";
import { O_PATH, O_RDONLY } from "../sys/uapi.ts";
import { DirectoryLayer } from "./data_layer.ts";
import { ObjectDirectory } from "./object_directory.ts";
import { DirectoryStore } from "./object_store.ts";

/** The store, and what reads from it. Dispose of it, or declare it with `using`: then all of it is gone. */
export class ScratchStore implements Disposable {
  /** To put objects into. */
  readonly store: DirectoryStore;
  /** To read them from. */
  readonly layer: DirectoryLayer;
  readonly #place: Replacement;

  /**
   * Makes an empty store, for its owner only. What killed processes have left there of theirs is removed.
   *
   * @param directory A directory for temporary files.
   * @throws {SyscallError} If it cannot be made.
   */
  constructor(linux: Linux, directory: Uint8Array) {
    const path = joinPath(directory, utf8(`composefs-objects-${randomSeed().toString(16)}`));
    const place = new Replacement(linux, path);
    try {
      const open = (flags: number) =>
        Fd.open(linux, utf8("."), {
          flags: flags | linux.flags.O_DIRECTORY,
          at: place.directory,
          shown: path,
        });
      this.#place = place;
      this.store = new DirectoryStore(new ObjectDirectory(open(O_RDONLY), path), false);
      this.layer = new DirectoryLayer(open(O_PATH), path);
    } catch (error) {
      place[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.layer[Symbol.dispose]();
    this.store[Symbol.dispose]();
    this.#place[Symbol.dispose]();
  }
}

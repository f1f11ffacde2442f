/**
 * A directory of backing files, looked up as overlayfs looks them up in a data-only layer: below the
 * directory, through no symbolic link.
 *
 * @module
 */

import type { DataLayer } from "../lib/composefs/data_layers.ts";
import { printable } from "../lib/bytes/text.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { SyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";
import { DirectoryOpener } from "./open_beneath.ts";
import { joinPath } from "./path.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY } from "./uapi.ts";

/** An open directory. Dispose of it, or declare it with `using`. */
export class DirectoryLayer implements DataLayer, Disposable {
  readonly #directory: Fd;
  readonly #path: Uint8Array;
  readonly #opener: DirectoryOpener;

  /** Takes over the open directory. */
  constructor(directory: Fd, path: Uint8Array) {
    this.#directory = directory;
    this.#path = path;
    this.#opener = new DirectoryOpener(directory);
  }

  /**
   * Opens the directory.
   *
   * @throws {SyscallError} If there is none.
   */
  static open(linux: Linux, path: Uint8Array): DirectoryLayer {
    const flags = O_PATH | linux.flags.O_DIRECTORY;
    return new DirectoryLayer(Fd.open(linux, path, { flags }), path);
  }

  /** What another thread needs to look into the same directory. */
  get shared(): { readonly number: number; readonly path: Uint8Array } {
    return { number: this.#directory.number, path: this.#path };
  }

  open(path: Uint8Array): Fd | undefined {
    const shown = () => joinPath(this.#path, path);
    // What stands there may be a fifo, and opening it must not wait for a writer.
    const flags = O_RDONLY | O_NONBLOCK;
    let file: Fd;
    try {
      file = this.#opener.open(path, { flags, shown });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    }
    const kind = kindOfMode(file.sizeAndMode().mode);
    if (kind === "regular") return file;
    file.close();
    throw new RangeError(
      `Cannot read "${printable(shown())}": a ${kind ?? "strange"} file, expected a regular one`,
    );
  }

  [Symbol.dispose](): void {
    this.#opener[Symbol.dispose]();
    this.#directory.close();
  }
}

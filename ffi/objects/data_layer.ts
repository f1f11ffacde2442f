/**
 * A directory of backing files, looked up as overlayfs looks them up in a data-only layer: below the
 * directory, through no symbolic link.
 *
 * @module
 */

import { checkPath, type DataLayer } from "../../lib/objects/data_layers.ts";
import { quote } from "../../lib/bytes/text.ts";
import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { SyscallError } from "../sys/errno.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { DirectoryOpener } from "../files/open_beneath.ts";
import { joinPath } from "../sys/path.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY } from "../sys/uapi.ts";

/** Errors of what lies elsewhere than below the directory, or has a name that no file has. */
const LEADS_AWAY: readonly string[] = ["ELOOP", "EXDEV", "ENAMETOOLONG", "EINVAL"];

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
    // What stands there may be a fifo, and opening it must not wait for a writer.
    const file = this.#find(path, O_RDONLY | O_NONBLOCK);
    if (file === undefined) return undefined;
    const kind = kindOfMode(file.sizeAndMode().mode);
    if (kind === "regular") return file;
    file.close();
    const shown = quote(joinPath(this.#path, path));
    const state = `a ${kind ?? "strange"} file, expected a regular one`;
    throw new IntegrityError("kind", shown, state, "read");
  }

  /**
   * Tells whether there is a regular file at a path, whether or not it may be read.
   *
   * @throws {SyscallError} If that cannot be told.
   */
  has(path: Uint8Array): boolean {
    try {
      checkPath(path);
      using file = this.#find(path, O_PATH);
      return file !== undefined && kindOfMode(file.sizeAndMode().mode) === "regular";
    } catch (error) {
      if (error instanceof IntegrityError) return false;
      // A symbolic link on the way, or a path that leads out.
      if (error instanceof SyscallError && LEADS_AWAY.includes(error.code)) return false;
      throw error;
    }
  }

  #find(path: Uint8Array, flags: number): Fd | undefined {
    try {
      return this.#opener.open(path, { flags, shown: () => joinPath(this.#path, path) });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    }
  }

  /** Closes the directory that is kept open for the next file, and not that of the layer. */
  leaveDirectory(): void {
    this.#opener[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.leaveDirectory();
    this.#directory.close();
  }
}

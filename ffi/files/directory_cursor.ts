/**
 * Going down and up in a tree of directories with one of them open at a time, so that neither the length
 * of paths nor the number of open files limits the depth.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import { Fd } from "./fd.ts";
import { joinPath } from "../sys/path.ts";
import { O_RDONLY } from "../sys/uapi.ts";

const DOT_DOT = Uint8Array.of(0x2e, 0x2e);

/** What tells one directory from all others. */
interface Place {
  readonly device: string;
  readonly ino: number;
}

/** Stands in a directory. Dispose of it, or declare it with `using`; the directory it began in stays. */
export class DirectoryCursor implements Disposable {
  readonly #root: Fd;
  #current: Fd;
  /** The directories above the current one, the root first. */
  readonly #above: Place[] = [];

  /** Begins in an open directory. */
  constructor(root: Fd) {
    this.#root = root;
    this.#current = root;
  }

  /** The directory that it stands in. Valid until it moves. */
  get directory(): Fd {
    return this.#current;
  }

  /** How many levels below the root it stands. */
  get depth(): number {
    return this.#above.length;
  }

  /**
   * Goes down into a directory.
   *
   * @param shown Path to name in messages.
   * @throws {SyscallError} If it cannot be opened; a symbolic link is not followed.
   */
  enter(name: Uint8Array, shown: Uint8Array): void {
    const { linux } = this.#root;
    const flags = O_RDONLY | linux.flags.O_DIRECTORY | linux.flags.O_NOFOLLOW;
    const place = placeOf(this.#current);
    const child = Fd.open(linux, name, { flags, at: this.#current, shown });
    if (this.#current !== this.#root) this.#current.close();
    this.#above.push(place);
    this.#current = child;
  }

  /**
   * Goes up one level.
   *
   * @returns The directory it stood in, still open. The caller closes it.
   * @throws {RangeError} If the directory has been moved away since it was entered.
   */
  leave(): Fd {
    const left = this.#current;
    const place = this.#above.pop();
    if (place === undefined) throw new TypeError("Cannot go up from the root of the tree");
    this.#current = this.#above.length === 0 ? this.#root : this.#parent(left, place);
    return left;
  }

  [Symbol.dispose](): void {
    if (this.#current !== this.#root) this.#current.close();
  }

  #parent(child: Fd, place: Place): Fd {
    const { linux } = this.#root;
    const shown = joinPath(child.subject as Uint8Array, DOT_DOT);
    const flags = O_RDONLY | linux.flags.O_DIRECTORY;
    const parent = Fd.open(linux, DOT_DOT, { flags, at: child, shown });
    const found = placeOf(parent);
    if (found.device === place.device && found.ino === place.ino) return parent;
    parent.close();
    throw new RangeError(
      `Cannot go on in ${quote(shown)}: the directory was moved by another process`,
    );
  }
}

function placeOf(directory: Fd): Place {
  const { devMajor, devMinor, ino } = directory.stat();
  return { device: `${devMajor}:${devMinor}`, ino };
}

/**
 * Memory for one path after the other, which saves an allocation for every file of a tree.
 *
 * @module
 */

/** The longest name that a record of getdents64(2), 65535 bytes at most, has room for. */
const MAX_NAME = 65535;

/** A path that keeps its beginning while names take turns at its end. */
export class NameBuffer {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #start: number;

  /** Takes the beginning, a separating slash included. */
  constructor(prefix: Uint8Array) {
    this.#bytes = new Uint8Array(prefix.length + MAX_NAME + 1);
    this.#bytes.set(prefix);
    this.#start = prefix.length;
  }

  /** The path that ends in `name` and a NUL. Valid until the next call; bytes may follow the NUL. */
  of(name: Uint8Array): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    const end = this.#start + name.length;
    // Names are short: a loop costs less than a view for `set` (measured).
    for (let i = 0; i < name.length; i++) bytes[this.#start + i] = name[i]!;
    bytes[end] = 0;
    return bytes;
  }
}

/**
 * Memory for one path after the other, which saves an allocation for every file of a tree.
 *
 * @module
 */

/** The longest name that a record of getdents64(2), 65535 bytes at most, has room for. */
const MAX_NAME = 65535;

/** A path that keeps its beginning while names take turns at its end. */
export class NameBuffer {
  #bytes = new Uint8Array(MAX_NAME + 1);
  #start = 0;
  #name = this.#bytes;

  /** Sets the beginning, a separating slash included. */
  begin(prefix: Uint8Array): void {
    const size = prefix.length + MAX_NAME + 1;
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(size);
    this.#bytes.set(prefix);
    this.#start = prefix.length;
    this.#name = this.#bytes.subarray(prefix.length);
  }

  /** The name alone that {@linkcode NameBuffer.end} was given last, terminated likewise. */
  get name(): Uint8Array<ArrayBuffer> {
    return this.#name;
  }

  /** The path that ends in `name` and a NUL. Valid until the next call; bytes may follow the NUL. */
  end(name: Uint8Array): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    const start = this.#start;
    // Names are short: a loop costs less than `set`.
    for (let i = 0; i < name.length; i++) bytes[start + i] = name[i]!;
    bytes[start + name.length] = 0;
    return bytes;
  }
}

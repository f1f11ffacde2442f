/**
 * Reads the names of xattrs in an image.
 *
 * @module
 */

import { concatBytes, quote } from "../bytes/text.ts";
import { MAX_XATTR_NAME } from "../tree/limits.ts";
import { XATTR_ENTRY } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import { ALL_XATTR_PREFIXES, xattrName } from "./xattr_name.ts";

/** Prefixes by index. */
const PREFIX_OF_INDEX = new Map<number, Uint8Array>([
  [0, new Uint8Array()],
  ...ALL_XATTR_PREFIXES.map(({ index, prefix }): [number, Uint8Array] => [index, prefix]),
]);

/** The longest name in an image: a source's longest, escaped by one `overlay.`. */
const LONGEST_NAME = MAX_XATTR_NAME + "overlay.".length;

/** How many names of one index and length are remembered. */
const REMEMBERED = 16;

/** A name that was read. */
interface KnownName {
  readonly name: Uint8Array;
  /** What of it stands in the image. */
  readonly suffix: Uint8Array;
}

/** Reads names; those that come again and again are made once. */
export class NameReader {
  readonly #image: Uint8Array;
  /** By index and length of the suffix. */
  readonly #known = new Map<number, KnownName[]>();

  /** @param names Names that are to be given as these very objects, as few as are remembered. */
  constructor(image: Uint8Array, names: readonly Uint8Array[]) {
    this.#image = image;
    for (const name of names) {
      const { index, suffix } = xattrName(name);
      this.#remembered(index, suffix.length).push({ name, suffix });
    }
  }

  /**
   * Reads the name of the entry at `entryAt`, of which `length` bytes stand at `at`.
   *
   * @throws {ImageFormatError} If it is none.
   */
  read(entryAt: number, at: number, length: number): Uint8Array {
    const index = this.#image[entryAt + XATTR_ENTRY.offsets.nameIndex]!;
    const remembered = this.#remembered(index, length);
    for (let i = 0; i < remembered.length; i++) {
      if (this.#standsAt(at, remembered[i]!.suffix)) return remembered[i]!.name;
    }
    const suffix = this.#image.subarray(at, at + length);
    const name = fullName(entryAt, index, suffix);
    if (remembered.length < REMEMBERED) remembered.push({ name, suffix });
    return name;
  }

  #remembered(index: number, length: number): KnownName[] {
    const key = index << 8 | length;
    let names = this.#known.get(key);
    if (names === undefined) this.#known.set(key, names = []);
    return names;
  }

  #standsAt(at: number, suffix: Uint8Array): boolean {
    const image = this.#image;
    for (let i = 0; i < suffix.length; i++) {
      if (image[at + i] !== suffix[i]) return false;
    }
    return true;
  }
}

function fullName(entryAt: number, index: number, suffix: Uint8Array): Uint8Array {
  const prefix = PREFIX_OF_INDEX.get(index);
  if (prefix === undefined) {
    throw new ImageFormatError(entryAt, `xattr name index ${index}, expected 0 to 6`);
  }
  const name = concatBytes(prefix, suffix);
  if (name.length === 0 || name.length > LONGEST_NAME || name.includes(0)) {
    throw new ImageFormatError(
      entryAt,
      `xattr name ${quote(name)}, expected 1 to ${LONGEST_NAME} bytes without NUL`,
    );
  }
  return name;
}

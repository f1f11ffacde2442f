/**
 * Digests of files that were read before, so that what has not changed since need not be read again.
 *
 * An entry holds a fingerprint of a file and its digest. What a fingerprint is made of, and when a file
 * has one, is `ffi/fingerprint.ts`'s; here it is bytes that are equal or not. A cache is a file of its own:
 * a header, entries of fixed size, and the digest of all that, so that a damaged one is noticed.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { record, reserved, u32, u64, u8 } from "../bytes/struct.ts";
import { binary, utf8 } from "../bytes/text.ts";
import { fsVerityDigest } from "../fsverity/digest.ts";
import type { Fingerprint } from "../tree/source.ts";

/** Words of a fingerprint. The first, of a file's inode number, tells most files apart. */
export const FINGERPRINT_WORDS = 18;

const FINGERPRINT_SIZE = 4 * FINGERPRINT_WORDS;

/** Bytes of a digest. */
const DIGEST_SIZE = 32;

const MAGIC = binary(utf8("composefs-cache\x01"));
const HEADER = record({
  magic: reserved(16),
  /** When it was written, in milliseconds since the epoch. */
  savedAt: u64,
  count: u32,
  entrySize: u32,
});
const ENTRY = record({
  fingerprint: reserved(FINGERPRINT_SIZE),
  digest: reserved(DIGEST_SIZE),
  /** How often the cache has been written since the entry was last used. */
  age: u8,
  padding: reserved(7),
});
/** Entries that are this old are dropped. Until then trees may take turns with one cache. */
const MAX_AGE = 16;

/** Tells whether a file is a cache, be it a damaged one; any other is not to be written over. */
export function isDigestCache(file: Uint8Array): boolean {
  return binary(file.subarray(0, MAGIC.length)) === MAGIC;
}

const NO_BYTES = new Uint8Array();
const NO_WORDS = new Uint32Array();

/** A cache in memory. */
export class DigestCache {
  #bytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** The same memory: entries begin at multiples of four bytes. */
  #words: Uint32Array<ArrayBuffer> = NO_WORDS;
  #count = 0;
  /** Where entries are: numbers of entries plus one, looked for from the place that the first word gives. */
  #places = new Uint32Array(16);
  #isChanged = false;

  /**
   * Reads one that was written before.
   *
   * @param file Contents of its file. Kept, and changed.
   * @param now Milliseconds since the epoch.
   * @throws {RangeError} If it is damaged, or is from the future: then the clock has been set back, and a
   * file's times say nothing of what has happened to it.
   */
  static decode(file: Uint8Array<ArrayBuffer>, now: number): DigestCache {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    if (!isDigestCache(file)) throw new RangeError("not a cache of digests");
    if (file.length < HEADER.size) throw new RangeError(`${file.length} bytes, cut off`);
    const { savedAt, count, entrySize } = HEADER.read(view, 0);
    const end = HEADER.size + count * ENTRY.size;
    if (entrySize !== ENTRY.size || file.length !== end + DIGEST_SIZE) {
      throw new RangeError(`${file.length} bytes, expected ${end + DIGEST_SIZE}`);
    }
    if (!equalBytes(fsVerityDigest(file.subarray(0, end)), file.subarray(end))) {
      throw new RangeError("its digest is wrong");
    }
    if (savedAt > now) throw new RangeError("it was written later than now");
    const cache = new DigestCache();
    cache.#use(file.byteOffset % 4 === 0 ? file : file.slice());
    cache.#count = count;
    cache.#growPlaces(count);
    return cache;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#count;
  }

  /** Whether writing it would make a difference. */
  get isChanged(): boolean {
    return this.#isChanged || this.#hasUnused();
  }

  /** The digest of the file with this fingerprint: a copy, or undefined. */
  get(fingerprint: Fingerprint): Uint8Array<ArrayBuffer> | undefined {
    const index = this.#find(fingerprint);
    if (index === undefined) return undefined;
    const at = entryAt(index);
    this.#bytes[at + ENTRY.offsets.age] = USED;
    const start = at + ENTRY.offsets.digest;
    return this.#bytes.slice(start, start + DIGEST_SIZE);
  }

  /** Keeps a digest of 32 bytes. */
  set(fingerprint: Fingerprint, digest: Uint8Array): void {
    let index = this.#find(fingerprint);
    if (index === undefined) {
      index = this.#count;
      this.#reserve(index + 1);
      this.#words.set(fingerprint, entryAt(index) / 4);
      this.#count++;
      this.#place(index);
    }
    this.#isChanged = true;
    const at = entryAt(index);
    this.#bytes.set(digest, at + ENTRY.offsets.digest);
    this.#bytes[at + ENTRY.offsets.age] = USED;
  }

  /**
   * Writes the cache, without entries that have not been used for long.
   *
   * @param now Milliseconds since the epoch.
   */
  encode(now: number): Uint8Array<ArrayBuffer> {
    const file = new Uint8Array(HEADER.size + this.#count * ENTRY.size + DIGEST_SIZE);
    let count = 0;
    for (let index = 0; index < this.#count; index++) {
      const from = entryAt(index);
      const age = this.#bytes[from + ENTRY.offsets.age]!;
      if (age >= MAX_AGE && age !== USED) continue;
      const to = entryAt(count++);
      file.set(this.#bytes.subarray(from, from + ENTRY.size), to);
      file[to + ENTRY.offsets.age] = age === USED ? 0 : age + 1;
    }
    file.set(utf8(MAGIC));
    HEADER.write(new DataView(file.buffer), 0, { savedAt: now, count, entrySize: ENTRY.size });
    const end = entryAt(count);
    file.set(fsVerityDigest(file.subarray(0, end)), end);
    return file.subarray(0, end + DIGEST_SIZE);
  }

  #find(fingerprint: Fingerprint): number | undefined {
    const mask = this.#places.length - 1;
    for (let place = hash(fingerprint[0]!) & mask;; place = (place + 1) & mask) {
      const found = this.#places[place]!;
      if (found === 0) return undefined;
      if (this.#matches(entryAt(found - 1) / 4, fingerprint)) return found - 1;
    }
  }

  #matches(at: number, fingerprint: Fingerprint): boolean {
    for (let i = 0; i < FINGERPRINT_WORDS; i++) {
      if (this.#words[at + i] !== fingerprint[i]) return false;
    }
    return true;
  }

  /** Makes an entry findable. */
  #place(index: number): void {
    const mask = this.#places.length - 1;
    let place = hash(this.#words[entryAt(index) / 4]!) & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    this.#places[place] = index + 1;
  }

  #reserve(count: number): void {
    if (2 * count > this.#places.length) this.#growPlaces(count);
    const needed = entryAt(count);
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(entryAt(2 * count + 1024));
    larger.set(this.#bytes);
    this.#use(larger);
  }

  #growPlaces(count: number): void {
    this.#places = new Uint32Array(2 ** Math.ceil(Math.log2(4 * count + 1)));
    for (let index = 0; index < this.#count; index++) this.#place(index);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
  }

  #hasUnused(): boolean {
    for (let index = 0; index < this.#count; index++) {
      if (this.#bytes[entryAt(index) + ENTRY.offsets.age] !== USED) return true;
    }
    return false;
  }
}

/** Age of an entry that has been used since the cache was read. */
const USED = 255;

function entryAt(index: number): number {
  return HEADER.size + index * ENTRY.size;
}

/** Spreads inode numbers that follow each other, or are multiples of a large one. */
function hash(word: number): number {
  return Math.imul(word ^ word >>> 15, 0x9e3779b1) >>> 7;
}

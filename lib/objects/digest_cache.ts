/**
 * Digests of files that were read before, so that what has not changed since need not be read again.
 *
 * An entry holds a fingerprint of a file and its digest. What a fingerprint is made of, and when a file
 * has one, is `ffi/tree/_fingerprint.ts`'s; here it is bytes that are equal or not. A cache is a file of its own:
 * a header, entries of fixed size, and the digest of all that, so that a damaged one is noticed.
 *
 * @module
 */

import { Arena } from "../bytes/arena.ts";
import { equalBytes } from "../bytes/compare.ts";
import { record, reserved, u32, u64, u8 } from "../bytes/struct.ts";
import { binary, utf8 } from "../bytes/text.ts";
import { wordsOf } from "../bytes/words.ts";
import { fsVerityDigest, FsVerityHasher } from "../digest/fs_verity.ts";
import type { Fingerprints } from "../tree/source.ts";

/** Words of a fingerprint. The first, of a file's inode number, tells most files apart. */
export const FINGERPRINT_WORDS = 18;

const FINGERPRINT_SIZE = 4 * FINGERPRINT_WORDS;

/** Bytes of a digest. */
const DIGEST_SIZE = 32;

const MAGIC = binary(utf8("composefs-cache"));
/** Version 1 may hold digests of files that were still being changed through mappings. */
const VERSION = 2;
const HEADER = record({
  magic: reserved(15),
  version: u8,
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
/** Age of an entry that has been used since the cache was read. */
const USED = 255;
/** Age of one that is a fingerprint only. */
const WITHOUT_DIGEST = 254;

/** Tells whether a file is a cache, be it a damaged one; any other is not to be written over. */
export function isDigestCache(file: Uint8Array): boolean {
  return binary(file.subarray(0, MAGIC.length)) === MAGIC;
}

/** Bytes at the start of a file by which {@linkcode checkCacheHeader} judges it. */
export const CACHE_HEADER_SIZE = HEADER.size;

/**
 * Makes sure that the rest of a cache is worth reading.
 *
 * @param start The first bytes of its file: {@linkcode CACHE_HEADER_SIZE}, if there are as many.
 * @param size How many there are in all.
 * @throws {RangeError} If it is damaged, or of another version.
 */
export function checkCacheHeader(start: Uint8Array<ArrayBuffer>, size: number): void {
  if (start.length < HEADER.size) throw new RangeError(`${size} bytes, cut off`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const { version, count, entrySize } = HEADER.read(view, 0);
  if (version !== VERSION) throw new RangeError(`version ${version}, expected ${VERSION}`);
  const expected = HEADER.size + count * ENTRY.size + DIGEST_SIZE;
  if (entrySize !== ENTRY.size || size !== expected) {
    throw new RangeError(`${size} bytes, expected ${expected}`);
  }
}

/** A cache in memory. It takes fingerprints, of which only those that get a digest are written. */
export class DigestCache implements Fingerprints {
  /** What was read from a file; apart, so that nothing of it is copied when more comes. */
  readonly #read: EntryTable;
  /** What has come since, numbered on from what was read. */
  readonly #added = new EntryTable(new Uint8Array(), 0);
  /** Where entries are: their numbers plus one, looked for from the place that the first word gives. */
  #places: Uint32Array;
  #isChanged = false;

  /** Begins with entries that were read, if any. */
  private constructor(read: EntryTable) {
    this.#read = read;
    this.#places = this.#placeAll();
  }

  /** Begins with none. */
  static create(): DigestCache {
    return new DigestCache(new EntryTable(new Uint8Array(), 0));
  }

  /**
   * Reads one that was written before.
   *
   * @param file Contents of its file. Kept, and changed.
   * @param now Milliseconds since the epoch.
   * @throws {RangeError} If it is damaged, or is from the future: then the clock has been set back, and a
   * file's times say nothing of what has happened to it.
   */
  static decode(file: Uint8Array<ArrayBuffer>, now: number): DigestCache {
    if (!isDigestCache(file)) throw new RangeError("not a cache of digests");
    checkCacheHeader(file, file.length);
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const { savedAt, count } = HEADER.read(view, 0);
    const end = HEADER.size + count * ENTRY.size;
    if (!equalBytes(fsVerityDigest(file.subarray(0, end)).bytes, file.subarray(end))) {
      throw new RangeError("its digest is wrong");
    }
    if (savedAt > now) throw new RangeError("it was written later than now");
    const entries = file.subarray(HEADER.size, end);
    const aligned = entries.byteOffset % 4 === 0 ? entries : entries.slice();
    return new DigestCache(new EntryTable(aligned, count));
  }

  /** How many fingerprints have a number. */
  get size(): number {
    return this.#read.count + this.#added.count;
  }

  /** Whether writing it would make a difference. */
  get isChanged(): boolean {
    return this.#isChanged || this.#read.hasUnused();
  }

  note(fingerprint: Uint32Array): number {
    const mask = this.#places.length - 1;
    let place = hash(fingerprint[0]!) & mask;
    for (let found = this.#places[place]!; found !== 0; found = this.#places[place]!) {
      if (this.#tableOf(found - 1).matches(this.#indexOf(found - 1), fingerprint)) return found - 1;
      place = (place + 1) & mask;
    }
    this.#added.push(fingerprint);
    const count = this.size;
    if (2 * count > this.#places.length) this.#places = this.#placeAll();
    else this.#places[place] = count;
    return count - 1;
  }

  isKnown(fingerprint: number): boolean {
    return this.#tableOf(fingerprint).hasDigest(this.#indexOf(fingerprint));
  }

  /** The digest of the file whose fingerprint has this number: a copy, or undefined. */
  get(fingerprint: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#tableOf(fingerprint).use(this.#indexOf(fingerprint));
  }

  /** Keeps a digest of 32 bytes for the fingerprint that has this number. */
  set(fingerprint: number, digest: Uint8Array): void {
    this.#isChanged = true;
    this.#tableOf(fingerprint).set(this.#indexOf(fingerprint), digest);
  }

  /**
   * Writes the cache, without entries that have not been used for long. It is of no use after that: what is
   * written is its own memory.
   *
   * @param now Milliseconds since the epoch.
   * @returns The parts of its file, one behind the other.
   */
  encode(now: number): Uint8Array<ArrayBuffer>[] {
    const header = new Uint8Array(HEADER.size);
    const parts = [header, this.#read.encode(), this.#added.encode()];
    const count = (parts[1]!.length + parts[2]!.length) / ENTRY.size;
    header.set(utf8(MAGIC));
    const fields = { version: VERSION, savedAt: now, count, entrySize: ENTRY.size };
    HEADER.write(new DataView(header.buffer), 0, fields);
    const hasher = new FsVerityHasher();
    for (const part of parts) hasher.update(part);
    return [...parts, hasher.digest().bytes.slice()];
  }

  #tableOf(number: number): EntryTable {
    return number < this.#read.count ? this.#read : this.#added;
  }

  #indexOf(number: number): number {
    return number < this.#read.count ? number : number - this.#read.count;
  }

  /** Makes places enough, and gives each entry its own. */
  #placeAll(): Uint32Array {
    const count = this.size;
    const places = new Uint32Array(2 ** Math.ceil(Math.log2(4 * count + 16)));
    const mask = places.length - 1;
    for (let number = 0; number < count; number++) {
      let place = hash(this.#tableOf(number).firstWord(this.#indexOf(number))) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = number + 1;
    }
    return places;
  }
}

/** Entries one behind the other, as they stand in the file. */
class EntryTable {
  #bytes: Uint8Array<ArrayBuffer>;
  /** The same memory. */
  #words: Uint32Array<ArrayBuffer>;
  #count: number;
  /** Digests that have been handed out. */
  readonly #digests = new Arena();

  /** @param bytes Memory that begins at a multiple of four bytes, with `count` entries or more. */
  constructor(bytes: Uint8Array<ArrayBuffer>, count: number) {
    this.#bytes = bytes;
    this.#words = wordsOf(bytes);
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a fingerprint without a digest. */
  push(fingerprint: Uint32Array): void {
    const at = this.#count++ * ENTRY.size;
    if (at === this.#bytes.length) {
      const larger = new Uint8Array(2 * at + 256 * ENTRY.size);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#words = wordsOf(larger);
    }
    this.#words.set(fingerprint, at / 4);
    this.#bytes[at + ENTRY.offsets.age] = WITHOUT_DIGEST;
  }

  firstWord(index: number): number {
    return this.#words[index * ENTRY.size / 4]!;
  }

  matches(index: number, fingerprint: Uint32Array): boolean {
    const at = index * ENTRY.size / 4;
    for (let i = 0; i < FINGERPRINT_WORDS; i++) {
      if (this.#words[at + i] !== fingerprint[i]) return false;
    }
    return true;
  }

  hasDigest(index: number): boolean {
    return this.#ageOf(index) !== WITHOUT_DIGEST;
  }

  /** A copy of the digest, if there is one, of which note is taken that it was used. */
  use(index: number): Uint8Array<ArrayBuffer> | undefined {
    if (!this.hasDigest(index)) return undefined;
    const at = index * ENTRY.size;
    this.#bytes[at + ENTRY.offsets.age] = USED;
    const start = at + ENTRY.offsets.digest;
    return this.#digests.copy(this.#bytes.subarray(start, start + DIGEST_SIZE));
  }

  set(index: number, digest: Uint8Array): void {
    const at = index * ENTRY.size;
    this.#bytes.set(digest, at + ENTRY.offsets.digest);
    this.#bytes[at + ENTRY.offsets.age] = USED;
  }

  /** Tells whether there is one that has not been used, though it could have been. */
  hasUnused(): boolean {
    for (let index = 0; index < this.#count; index++) {
      const age = this.#ageOf(index);
      if (age !== USED && age !== WITHOUT_DIGEST) return true;
    }
    return false;
  }

  /** Moves those that are kept together, each older by one or as good as new; returns them. */
  encode(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    let end = 0;
    for (let index = 0; index < this.#count; index++) {
      const first = index;
      while (index < this.#count && this.#isKept(index)) index++;
      if (end < first * ENTRY.size) bytes.copyWithin(end, first * ENTRY.size, index * ENTRY.size);
      end += (index - first) * ENTRY.size;
    }
    for (let at = ENTRY.offsets.age; at < end; at += ENTRY.size) {
      bytes[at] = bytes[at] === USED ? 0 : bytes[at]! + 1;
    }
    return bytes.subarray(0, end);
  }

  #isKept(index: number): boolean {
    const age = this.#ageOf(index);
    return age < MAX_AGE || age === USED;
  }

  #ageOf(index: number): number {
    return this.#bytes[index * ENTRY.size + ENTRY.offsets.age]!;
  }
}

/** Spreads inode numbers that follow each other, or are multiples of a large one. */
function hash(word: number): number {
  return Math.imul(word ^ word >>> 15, 0x9e3779b1) >>> 7;
}

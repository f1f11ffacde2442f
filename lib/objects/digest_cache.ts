/**
 * Digests of files that were read before, so that what has not changed since need not be read again.
 *
 * An entry holds a fingerprint of a file and its digests. `ffi/tree/_fingerprint.ts` decides what a
 * fingerprint is made of, and which files have one; here it is bytes that are equal or not. A cache is a file of its own:
 * a header, entries of fixed size, and the digest of all that, so that a damaged one is noticed.
 *
 * @module
 */

import { CacheFormatError } from "./cache_format_error.ts";
import { equalBytes } from "../bytes/compare.ts";
import { record, reserved, u32, u64, u8 } from "../bytes/struct.ts";
import { latin1, utf8 } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { wordsOf } from "../bytes/words.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../digest/hasher.ts";
import { fsVerityDigest, FsVerityHasher } from "../digest/fs_verity.ts";
import type { Fingerprints } from "../tree/source.ts";

/** Words of a fingerprint. The first, of a file's inode number, tells most files apart. */
export const FINGERPRINT_WORDS = 18;

const FINGERPRINT_SIZE = 4 * FINGERPRINT_WORDS;

/** Bytes of the digest of the cache itself. */
const DIGEST_SIZE = HASH_ALGORITHMS.sha256.digestSize;

const MAGIC = latin1(utf8("composefs-cache"));
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
/** An entry, with as many digests as there are algorithms. No two sets of these give it one size. */
function entryRecord(algorithms: readonly HashAlgorithm[]) {
  return record({
    fingerprint: reserved(FINGERPRINT_SIZE),
    digests: reserved(
      algorithms.reduce((sum, algorithm) => sum + HASH_ALGORITHMS[algorithm].digestSize, 0),
    ),
    /** How often the cache has been written since the entry was last used. */
    age: u8,
    padding: reserved(7),
  });
}

type EntryRecord = ReturnType<typeof entryRecord>;

const SHA256_ALONE: readonly HashAlgorithm[] = ["sha256"];

/** Entries that are this old are dropped. Until then trees may take turns with one cache. */
const MAX_AGE = 16;
/** Age of an entry that has been used since the cache was read. */
const USED = 255;
/** Age of one that is a fingerprint only. */
const WITHOUT_DIGEST = 254;

/** Tells whether a file is a cache, be it a damaged one; any other is not to be written over. */
export function isDigestCache(file: Uint8Array): boolean {
  return latin1(file.subarray(0, MAGIC.length)) === MAGIC;
}

/** Bytes at the start of a file by which {@linkcode checkCacheHeader} judges it. */
export const CACHE_HEADER_SIZE = HEADER.size;

/**
 * Makes sure that the rest of a cache is worth reading.
 *
 * @param start The first bytes of its file: {@linkcode CACHE_HEADER_SIZE}, if there are as many.
 * @param size How many there are in all.
 * @param algorithms By what the digests in it are to be.
 * @throws {CacheFormatError} If it is damaged, of another version, or has other digests.
 */
export function checkCacheHeader(
  start: Uint8Array<ArrayBuffer>,
  size: number,
  algorithms: readonly HashAlgorithm[] = SHA256_ALONE,
): void {
  if (start.length < HEADER.size) throw new CacheFormatError(`${size} bytes, cut off`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const { version, count, entrySize } = HEADER.read(view, 0);
  if (version !== VERSION) throw new CacheFormatError(`version ${version}, expected ${VERSION}`);
  const entry = entryRecord(algorithms);
  if (entrySize !== entry.size) {
    throw new CacheFormatError(`other digests than by ${algorithms.join(" and ")}`);
  }
  const expected = HEADER.size + count * entry.size + DIGEST_SIZE;
  if (size !== expected) throw new CacheFormatError(`${size} bytes, expected ${expected}`);
}

/** A cache in memory. It takes fingerprints, of which only those that get a digest are written. */
export class DigestCache implements Fingerprints {
  /** What was read from a file; apart, so that nothing of it is copied when more comes. */
  readonly #read: EntryTable;
  /** What has come since, numbered on from what was read. */
  readonly #added: EntryTable;
  readonly #entry: EntryRecord;
  /** Where entries are: their numbers plus one, looked for from the place that the first word gives. */
  #places: Uint32Array;
  #isChanged = false;

  /** Begins with entries that were read, if any. */
  private constructor(read: EntryTable, entry: EntryRecord) {
    this.#entry = entry;
    this.#read = read;
    this.#added = new EntryTable(new Uint8Array(), 0, entry);
    this.#places = this.#placeAll();
  }

  /**
   * Begins with none.
   *
   * @param algorithms By what its digests are to be.
   */
  static create(algorithms: readonly HashAlgorithm[] = SHA256_ALONE): DigestCache {
    const entry = entryRecord(algorithms);
    return new DigestCache(new EntryTable(new Uint8Array(), 0, entry), entry);
  }

  /**
   * Reads one that was written before.
   *
   * @param file Contents of its file. Kept, and changed.
   * @param now Milliseconds since the epoch.
   * @param algorithms By what the digests in it are to be.
   * @throws {CacheFormatError} If it is damaged, or has other digests, or is from the future: then the clock has been set back, and a
   * file's times say nothing of what has happened to it.
   */
  static decode(
    file: Uint8Array<ArrayBuffer>,
    now: number,
    algorithms: readonly HashAlgorithm[] = SHA256_ALONE,
  ): DigestCache {
    if (!isDigestCache(file)) throw new CacheFormatError("not a cache of digests");
    checkCacheHeader(file, file.length, algorithms);
    const entry = entryRecord(algorithms);
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const { savedAt, count } = HEADER.read(view, 0);
    const end = HEADER.size + count * entry.size;
    if (!equalBytes(fsVerityDigest(file.subarray(0, end)).bytes, file.subarray(end))) {
      throw new CacheFormatError("its digest is wrong");
    }
    if (savedAt > now) throw new CacheFormatError("it was written later than now");
    const entries = file.subarray(HEADER.size, end);
    const aligned = entries.byteOffset % 4 === 0 ? entries : entries.slice();
    return new DigestCache(new EntryTable(aligned, count, entry), entry);
  }

  /** How many fingerprints have a number. */
  get size(): number {
    return this.#read.count + this.#added.count;
  }

  /** Whether writing it would make a difference. */
  get isChanged(): boolean {
    return this.#isChanged || this.#read.hasUnused();
  }

  numberOf(fingerprint: Uint32Array): number {
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

  /**
   * The digests of the file whose fingerprint has this number, one behind the other: a view, valid until the
   * cache changes. Undefined if they are not known.
   */
  get(fingerprint: number): Uint8Array | undefined {
    return this.#tableOf(fingerprint).use(this.#indexOf(fingerprint));
  }

  /** Keeps digests, one by each algorithm, for the fingerprint that has this number. */
  set(fingerprint: number, digests: Uint8Array): void {
    this.#isChanged = true;
    this.#tableOf(fingerprint).set(this.#indexOf(fingerprint), digests);
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
    const count = (parts[1]!.length + parts[2]!.length) / this.#entry.size;
    header.set(utf8(MAGIC));
    const fields = { version: VERSION, savedAt: now, count, entrySize: this.#entry.size };
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
  readonly #entry: EntryRecord;

  /** @param bytes Memory that begins at a multiple of four bytes, with `count` entries or more. */
  constructor(bytes: Uint8Array<ArrayBuffer>, count: number, entry: EntryRecord) {
    this.#entry = entry;
    this.#bytes = bytes;
    this.#words = wordsOf(bytes);
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a fingerprint without a digest. */
  push(fingerprint: Uint32Array): void {
    const at = this.#count++ * this.#entry.size;
    if (at === this.#bytes.length) {
      const larger = new Uint8Array(2 * at + 256 * this.#entry.size);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#words = wordsOf(larger);
    }
    this.#words.set(fingerprint, at / 4);
    this.#bytes[at + this.#entry.offsets.age] = WITHOUT_DIGEST;
  }

  firstWord(index: number): number {
    return this.#words[index * this.#entry.size / 4]!;
  }

  matches(index: number, fingerprint: Uint32Array): boolean {
    const at = index * this.#entry.size / 4;
    for (let i = 0; i < FINGERPRINT_WORDS; i++) {
      if (this.#words[at + i] !== fingerprint[i]) return false;
    }
    return true;
  }

  hasDigest(index: number): boolean {
    return this.#ageOf(index) !== WITHOUT_DIGEST;
  }

  /** A view of the digests, if there are any, of which note is taken that they were used. */
  use(index: number): Uint8Array | undefined {
    if (!this.hasDigest(index)) return undefined;
    const at = index * this.#entry.size;
    this.#bytes[at + this.#entry.offsets.age] = USED;
    return viewOf(
      this.#bytes,
      at + this.#entry.offsets.digests,
      at + this.#entry.offsets.age,
    );
  }

  set(index: number, digests: Uint8Array): void {
    const at = index * this.#entry.size;
    this.#bytes.set(digests, at + this.#entry.offsets.digests);
    this.#bytes[at + this.#entry.offsets.age] = USED;
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
      if (end < first * this.#entry.size) {
        bytes.copyWithin(end, first * this.#entry.size, index * this.#entry.size);
      }
      end += (index - first) * this.#entry.size;
    }
    for (let at = this.#entry.offsets.age; at < end; at += this.#entry.size) {
      bytes[at] = bytes[at] === USED ? 0 : bytes[at]! + 1;
    }
    return bytes.subarray(0, end);
  }

  #isKept(index: number): boolean {
    const age = this.#ageOf(index);
    return age < MAX_AGE || age === USED;
  }

  #ageOf(index: number): number {
    return this.#bytes[index * this.#entry.size + this.#entry.offsets.age]!;
  }
}

/** Spreads inode numbers that follow each other, or are multiples of a large one. */
function hash(word: number): number {
  return Math.imul(word ^ word >>> 15, 0x9e3779b1) >>> 7;
}

/**
 * Memory as words of 32 bits, for the loops that see every file of a tree.
 *
 * A program that runs for half a second runs many of its functions before they have been compiled well, and
 * there a method of a `DataView` takes many times as long as a word of an array. Words are little-endian, as
 * the formats are and all machines that the runtimes run on.
 *
 * @module
 */

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * The whole words of an array.
 *
 * @param bytes Begins at a multiple of four bytes of its buffer.
 * @throws {TypeError} If the machine's words are big-endian.
 */
export function wordsOf<Buffer extends ArrayBufferLike>(
  bytes: Uint8Array<Buffer>,
): Uint32Array<Buffer> {
  if (!IS_LITTLE_ENDIAN) throw new TypeError("Cannot run on a big-endian machine");
  return new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

/**
 * Where a field is in the words of a record; a field of 64 bits begins there and takes the next word, too.
 *
 * A word is written as a whole, of `value << shift` of each of its fields: a call for each field took a
 * twentieth of the time of an image of which no file is read.
 */
export interface WordField {
  /** The word that it is in, counted from the start of the record. */
  readonly word: number;
  /** How many bits of the word stand below it. */
  readonly shift: number;
  /** Its bits, once it has been moved to the lowest ones. */
  readonly mask: number;
}

/**
 * Finds the fields of a record in its words, which begin where the record does.
 *
 * @throws {TypeError} If a field of less than 64 bits is in two words.
 */
export function wordFields<Name extends string>(
  { offsets, sizes }: {
    readonly offsets: Readonly<Record<Name, number>>;
    readonly sizes: Readonly<Record<Name, number>>;
  },
): Readonly<Record<Name, WordField>> {
  const fields = Object.entries<number>(offsets).map(([name, at]) => {
    const bits = 8 * Math.min(sizes[name as Name], 4);
    const shift = at % 4 * 8;
    if (shift + bits > 32 && sizes[name as Name] <= 4) {
      throw new TypeError(`Field ${name} is in two words`);
    }
    return [name, { word: Math.floor(at / 4), shift, mask: 2 ** bits - 1 }];
  });
  return Object.fromEntries(fields);
}

/** Reads a field of up to 32 bits, of a record that begins at the word `first`. */
export function getField(
  words: Uint32Array,
  first: number,
  { word, shift, mask }: WordField,
): number {
  return (words[first + word]! >>> shift & mask) >>> 0;
}

/** Reads an unsigned integer of 64 bits up to 2^53; a larger one reads as the nearest float. */
export function readU64(words: Uint32Array, at: number): number {
  return words[at]! + words[at + 1]! * 2 ** 32;
}

/** Writes an unsigned integer of 64 bits. */
export function writeU64(words: Uint32Array, at: number, value: number): void {
  // Arrays take numbers modulo 2^32, and without their fraction.
  words[at] = value;
  words[at + 1] = value / 2 ** 32;
}

/** Reads a signed integer of 64 bits: a number where it is a safe integer, a bigint where not. */
export function readI64(words: Uint32Array, at: number): number | bigint {
  const high = words[at + 1]! | 0;
  const value = high * 2 ** 32 + words[at]!;
  return Number.isSafeInteger(value) ? value : BigInt(high) << 32n | BigInt(words[at]!);
}

/** Writes a signed integer of 64 bits. */
export function writeI64(words: Uint32Array, at: number, value: number | bigint): void {
  // Arrays take numbers modulo 2^32, so both halves of a negative one are those of its two's complement.
  words[at] = Number(typeof value === "bigint" ? BigInt.asUintN(32, value) : value);
  words[at + 1] = typeof value === "bigint"
    ? Number(BigInt.asUintN(32, value >> 32n))
    : Math.floor(value / 2 ** 32);
}

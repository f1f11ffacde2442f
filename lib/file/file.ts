/**
 * A file as a port of bytes: its length, what is at a position, and where its data are.
 *
 * Where the bytes come from is hidden behind it: a descriptor, an object of an image, memory. Reading is
 * synchronous, because it is part of every inner loop; what has to be waited for is fetched before.
 *
 * @module
 */

/** Bytes from `start` up to `end`, from the start of whatever it is a part of. */
export interface Stretch {
  /** Its first byte. */
  readonly start: number;
  /** The byte behind its last. `Infinity` if it may reach to the end. */
  readonly end: number;
}

/** A file opened for reading. Close it, or declare it with `using`. */
export interface File extends Disposable {
  /** Length in bytes when the file was opened. */
  readonly size: number;
  /**
   * Reads up to `into.length` bytes that begin `position` bytes from the start of the file.
   *
   * @returns How many bytes were read; fewer than asked only at the end of the file, 0 there.
   */
  readAt(into: Uint8Array<ArrayBuffer>, position: number): number;
  /**
   * Finds the first data from `position` on: what lies before it is a hole, which reads as zeros. Absent
   * where holes are not known of.
   *
   * @returns Undefined if only a hole follows.
   */
  nextData?(position: number): Stretch | undefined;
  /**
   * Gives bytes from a position on that are in memory anyway, without copying them. Absent where there are none.
   *
   * @returns A view of any length, valid until the file is used again; empty only at the end of the file.
   */
  bytesAt?(position: number): Uint8Array;
}

/**
 * Opens bytes in memory as a file. They are not copied.
 *
 * @example Read a part
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryFile } from "composefs-ts";
 *
 * const file = memoryFile(new TextEncoder().encode("hello"));
 * const part = new Uint8Array(3);
 * assertEquals(file.readAt(part, 3), 2);
 * assertEquals(new TextDecoder().decode(part.subarray(0, 2)), "lo");
 * ```
 */
export function memoryFile(contents: Uint8Array): File {
  return {
    size: contents.length,
    readAt(into, position) {
      const part = contents.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    bytesAt: (position) => contents.subarray(position),
    [Symbol.dispose]() {},
  };
}

/** Opens a file that is nothing but a hole of `size` bytes. */
export function zeroFile(size: number): File {
  return {
    size,
    readAt(into, position) {
      const length = Math.max(0, Math.min(into.length, size - position));
      into.fill(0, 0, length);
      return length;
    },
    nextData() {
      return undefined;
    },
    [Symbol.dispose]() {},
  };
}

/**
 * Reads a file from its start into memory of its own.
 *
 * @param limit How many bytes are read at most; as many as the file had when it was opened if absent.
 * @returns Fewer bytes if the file ends before.
 */
export function readWhole(file: File, limit: number = file.size): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(limit);
  return bytes.subarray(0, file.readAt(bytes, 0));
}

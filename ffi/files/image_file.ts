/**
 * Reads or opens the image in a file of unknown kind. Its first page tells whether it is an image and how long,
 * before any more is read.
 *
 * @module
 */

import { claimedSize, IMAGE_HEAD_SIZE, MAX_IMAGE_SIZE } from "../../lib/composefs/open.ts";
import type { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { fsVerityDigest, FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import { openVerified } from "../../lib/digest/verified_file.ts";
import { type File, memoryFile } from "../../lib/file/file.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import type { Fd } from "./fd.ts";
import { openFiniteFile } from "./finite_file.ts";
import type { Linux } from "../sys/linux.ts";

/** Room that is made before it is known that a pipe or device has as much as it claims. */
const FIRST_ROOM = 1 << 20;

/** Bytes digested at a time of what follows an image. */
const CHUNK_SIZE = 1 << 20;

/** An image as it was read. */
export interface ImageFile {
  /**
   * As much as the superblock says that the image is; less if the file ends before. Only the start if it is
   * no image.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The whole file, if it was asked for and goes on behind `bytes`. */
  readonly whole?: WholeFile;
}

/** What a file is that is longer than its image. */
export interface WholeFile {
  /** Bytes in it. */
  readonly size: number;
  /** Its fs-verity digest. */
  readonly digest: Digest;
}

/**
 * Reads an image.
 *
 * @param options `whole`: by what to digest a file that is no device, if it goes on behind the image.
 * @throws {SyscallError} If the file cannot be read.
 * @throws {Error} If it is not of a kind that holds images, or too large.
 */
export function readImageFile(
  linux: Linux,
  path: Uint8Array,
  options: { readonly whole?: HashAlgorithm | undefined },
): ImageFile {
  using file = openFiniteFile(linux, path, { also: "pipe" });
  return readOpened(file, options);
}

/**
 * Opens an image to be read at positions. One in a pipe or on a device is read whole.
 *
 * @param digest What the file must have. It is verified before anything of it is handed out, and so is later each
 * block that is read once more.
 * @throws {SyscallError} If the file cannot be read.
 * @throws {Error} If it is not of a kind that holds images, too large, or another one than expected.
 */
export function openImageFile(linux: Linux, path: Uint8Array, digest?: Digest): File {
  const file = openFiniteFile(linux, path, { also: "pipe" });
  try {
    const { size, mode } = file.sizeAndMode();
    // Some files say that they are empty, and are not.
    if (kindOfMode(mode) !== "regular" || size === 0) {
      const contents = readExpected(file, digest);
      file.close();
      return memoryFile(contents);
    }
    const head = new Uint8Array(IMAGE_HEAD_SIZE);
    sizeIn(head.subarray(0, file.readAt(head, 0)), file);
    return digest === undefined ? file : openVerified(file, { digest, size, name: file.shown });
  } catch (error) {
    file.close();
    throw error;
  }
}

function readExpected(file: Fd, digest: Digest | undefined): Uint8Array<ArrayBuffer> {
  const { bytes, whole } = readOpened(file, { whole: digest?.algorithm });
  if (digest === undefined) return bytes;
  const found = whole?.digest ?? fsVerityDigest(bytes, { algorithm: digest.algorithm });
  if (found.equals(digest)) return bytes;
  throw new Error(
    `Cannot use ${file.shown}: fs-verity digest ${found.toHex()}, expected ${digest.toHex()}`,
  );
}

function readOpened(
  file: Fd,
  options: { readonly whole?: HashAlgorithm | undefined },
): ImageFile {
  const bytes = readImage(file);
  // What follows an image on a device is not its own.
  const isDevice = kindOfMode(file.sizeAndMode().mode) === "block";
  const whole = options.whole === undefined || isDevice
    ? undefined
    : digestOn(file, bytes, options.whole);
  return whole === undefined ? { bytes } : { bytes, whole };
}

/**
 * Reads the image in an open file of which nothing has been read.
 *
 * @returns What {@linkcode ImageFile} says of `bytes`.
 * @throws {SyscallError} If the file cannot be read.
 * @throws {RangeError} If the image is too large.
 */
export function readImage(file: Fd): Uint8Array<ArrayBuffer> {
  const { size, mode } = file.sizeAndMode();
  const head = new Uint8Array(IMAGE_HEAD_SIZE);
  const headLength = readFull(file, head, 0);
  const expected = sizeIn(head.subarray(0, headLength), file);
  const known = kindOfMode(mode) === "regular" ? Math.min(size, expected) : FIRST_ROOM;
  let buffer = new Uint8Array(Math.max(headLength, Math.min(known, expected)));
  buffer.set(head.subarray(0, headLength));
  let length = readFull(file, buffer, headLength);
  while (length === buffer.length && length < expected) {
    const larger = new Uint8Array(Math.min(2 * length, expected));
    larger.set(buffer);
    length = readFull(file, larger, length);
    buffer = larger;
  }
  return buffer.subarray(0, length);
}

/** Bytes of an image that begins like this, or of the beginning of anything else. */
function sizeIn(head: Uint8Array, file: Fd): number {
  const claimed = head.length < IMAGE_HEAD_SIZE ? 0 : claimedSize(head) ?? 0;
  if (claimed <= MAX_IMAGE_SIZE) return Math.max(claimed, head.length);
  throw new RangeError(
    `Cannot load ${file.shown}: ${claimed} bytes, expected at most ${MAX_IMAGE_SIZE}`,
  );
}

/** Fills a buffer from a position on as far as there is something; returns where that ends. */
function readFull(file: Fd, buffer: Uint8Array<ArrayBuffer>, from: number): number {
  let length = from;
  while (length < buffer.length) {
    const count = file.read(buffer.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** Reads on to the end; undefined if it is reached already. */
function digestOn(
  file: Fd,
  start: Uint8Array,
  algorithm: HashAlgorithm,
): WholeFile | undefined {
  const buffer = new Uint8Array(CHUNK_SIZE);
  let count = file.read(buffer);
  if (count === 0) return undefined;
  const hasher = new FsVerityHasher({ algorithm });
  hasher.update(start);
  for (; count > 0; count = file.read(buffer)) hasher.update(buffer.subarray(0, count));
  return { size: hasher.size, digest: hasher.digest() };
}

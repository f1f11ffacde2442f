/**
 * Reads a whole image out of a file of unknown kind. Its first page tells whether it is an image and how long,
 * before any more is read.
 *
 * @module
 */

import { claimedSize, IMAGE_HEAD_SIZE } from "../../lib/composefs/open.ts";
import type { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import type { Fd } from "./fd.ts";
import { openFiniteFile } from "./finite_file.ts";
import type { Linux } from "../sys/linux.ts";

/** The largest image that is read: what a typed array holds on every runtime. */
const MAX_IMAGE_SIZE = 2 ** 32;

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
  const claimed = headLength < head.length ? 0 : claimedSize(head) ?? 0;
  if (claimed > MAX_IMAGE_SIZE) {
    throw new RangeError(
      `Cannot load ${file.shown}: ${claimed} bytes, expected at most ${MAX_IMAGE_SIZE}`,
    );
  }
  const expected = Math.max(claimed, headLength);
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

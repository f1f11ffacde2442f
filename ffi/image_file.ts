/**
 * Reading an image whole, out of a file that may be anything: what it is, and how long the image in it, is
 * known before more than a page of it is read.
 *
 * @module
 */

import { claimedSize, IMAGE_HEAD_SIZE } from "../lib/composefs/open.ts";
import { FsVerityHasher } from "../lib/fsverity/digest.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY, PIPEFS_MAGIC, STATFS_SIZE } from "./uapi.ts";

/** The largest image that is read: what a typed array holds on every runtime. */
export const MAX_IMAGE_SIZE = 2 ** 32;

/** Room that is made before it is known that a pipe or device has as much as it claims. */
const FIRST_ROOM = 1 << 20;

/** Bytes digested at a time of what follows an image. */
const CHUNK_SIZE = 1 << 20;

/** Paths by which a process names what it has open already. */
const DESCRIPTOR_PATH = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/(?:self|thread-self|\d+)\/fd\/\d+)$/;

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
  readonly size: number;
  /** Its fs-verity digest. */
  readonly digest: Uint8Array<ArrayBuffer>;
}

/** Which files may hold an image, besides regular ones and block devices. */
export interface OpenImageOptions {
  /**
   * A pipe, if this process has it open already, as `/dev/stdin`: to open a fifo would be to wait for its
   * writer, perhaps for ever.
   */
  readonly pipe: boolean;
}

/**
 * Opens a file that may hold an image, without waiting for anything.
 *
 * @throws {SyscallError} If it cannot be opened.
 * @throws {Error} If it is another kind of file.
 */
export function openImageFile(linux: Linux, path: Uint8Array, options: OpenImageOptions): Fd {
  // Some devices begin to do something when they are opened for reading.
  using found = Fd.open(linux, path, { flags: O_PATH });
  checkKind(found, path, options);
  const file = Fd.open(linux, path, { flags: O_RDONLY | O_NONBLOCK });
  try {
    checkKind(file, path, options);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Reads an image.
 *
 * @param options `whole`: to digest what follows it in a file that is not a device.
 * @throws {SyscallError} If the file cannot be read.
 * @throws {Error} If it is not of a kind that holds images, or too large.
 */
export function readImageFile(
  linux: Linux,
  path: Uint8Array,
  options: { readonly whole: boolean },
): ImageFile {
  using file = openImageFile(linux, path, { pipe: true });
  const { size, mode } = file.sizeAndMode();
  const kind = kindOfMode(mode);
  const head = new Uint8Array(IMAGE_HEAD_SIZE);
  const headLength = readFull(file, head, 0);
  const claimed = headLength < head.length ? 0 : claimedSize(head) ?? 0;
  if (claimed > MAX_IMAGE_SIZE) {
    throw new RangeError(
      `Cannot load ${file.shown}: ${claimed} bytes, expected at most ${MAX_IMAGE_SIZE}`,
    );
  }
  const expected = Math.max(claimed, headLength);
  const known = kind === "regular" ? Math.min(size, expected) : FIRST_ROOM;
  let buffer = new Uint8Array(Math.max(headLength, Math.min(known, expected)));
  buffer.set(head.subarray(0, headLength));
  let length = readFull(file, buffer, headLength);
  while (length === buffer.length && length < expected) {
    const larger = new Uint8Array(Math.min(2 * length, expected));
    larger.set(buffer);
    length = readFull(file, larger, length);
    buffer = larger;
  }
  const bytes = buffer.subarray(0, length);
  // What follows an image on a device is not its own.
  const whole = options.whole && kind !== "block" ? digestOn(file, bytes) : undefined;
  return whole === undefined ? { bytes } : { bytes, whole };
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
function digestOn(file: Fd, start: Uint8Array): WholeFile | undefined {
  const buffer = new Uint8Array(CHUNK_SIZE);
  let count = file.read(buffer);
  if (count === 0) return undefined;
  const hasher = new FsVerityHasher();
  hasher.update(start);
  for (; count > 0; count = file.read(buffer)) hasher.update(buffer.subarray(0, count));
  return { size: hasher.size, digest: hasher.digest() };
}

function checkKind(file: Fd, path: Uint8Array, { pipe }: OpenImageOptions): void {
  const kind = kindOfMode(file.sizeAndMode().mode);
  // To read a directory fails with words of its own.
  if (kind === "regular" || kind === "block" || kind === "directory") return;
  if (pipe && kind === "fifo" && isOwnPipe(file, path)) return;
  const shown = kind === "character" ? "a character device" : `a ${kind ?? "strange file"}`;
  throw new Error(
    `Cannot open ${file.shown}: ${shown}, expected a regular file or a block device`,
  );
}

/** Tells whether a fifo is open in this process, or has no name by which another could open it. */
function isOwnPipe({ linux, number }: Fd, path: Uint8Array): boolean {
  if (DESCRIPTOR_PATH.test(new TextDecoder().decode(path))) return true;
  const buffer = new Uint8Array(STATFS_SIZE);
  if (linux.retry(() => linux.libc.fstatfs(number, buffer)) < 0) return false;
  return new DataView(buffer.buffer).getUint32(0, true) === PIPEFS_MAGIC;
}

/**
 * What comes in a stream, which can be read only once, and whose start tells what it is.
 *
 * @module
 */

import { concatBytes } from "../../lib/bytes/text.ts";
import { claimedSize, IMAGE_HEAD_SIZE, MAX_IMAGE_SIZE } from "../../lib/composefs/open.ts";
import { FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { Digest } from "../../lib/digest/digest.ts";

/** Chunks of which the first bytes can be looked at before any is taken. */
export class Stream {
  readonly #rest: Iterator<Uint8Array<ArrayBuffer>>;
  /** What has been read and not been taken. */
  #start: Uint8Array<ArrayBuffer> = new Uint8Array();

  constructor(chunks: Iterable<Uint8Array<ArrayBuffer>>) {
    this.#rest = chunks[Symbol.iterator]();
  }

  /** Looks at the first bytes that have not been taken: fewer than asked for only at the end. */
  peek(size: number): Uint8Array<ArrayBuffer> {
    while (this.#start.length < size) {
      const { done, value } = this.#rest.next();
      if (done === true) break;
      this.#start = this.#start.length === 0 ? value : concatBytes(this.#start, value);
    }
    return this.#start.subarray(0, size);
  }

  /** Takes the chunks that are left. */
  *chunks(): Generator<Uint8Array<ArrayBuffer>> {
    const start = this.#start;
    this.#start = new Uint8Array();
    if (start.length > 0) yield start;
    for (let next = this.#rest.next(); next.done !== true; next = this.#rest.next()) {
      yield next.value;
    }
  }

  /** Takes at most as many bytes, in one piece; no room is made for more than there are. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [];
    let missing = size;
    for (const chunk of this.chunks()) {
      const part = chunk.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      if (missing > 0) continue;
      this.#start = chunk.subarray(part.length);
      break;
    }
    return concatBytes(...parts);
  }
}

/** The image that a stream begins with, and what follows it. */
export class StreamedImage {
  /** As much as the superblock says that the image is; less if the stream ends before. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #stream: Stream;

  /**
   * Reads the image, and no further.
   *
   * @throws {RangeError} If it is larger than images may be.
   */
  constructor(stream: Stream, shown: string) {
    const head = stream.peek(IMAGE_HEAD_SIZE);
    const claimed = head.length < IMAGE_HEAD_SIZE ? 0 : claimedSize(head) ?? 0;
    if (claimed > MAX_IMAGE_SIZE) {
      throw new RangeError(
        `Cannot load ${shown}: ${claimed} bytes, expected at most ${MAX_IMAGE_SIZE}`,
      );
    }
    this.#stream = stream;
    this.bytes = stream.take(Math.max(claimed, head.length));
  }

  /** Digests the stream to its end: undefined if that is the image's. To be called once. */
  whole(algorithm: HashAlgorithm): { size: number; digest: Digest } | undefined {
    if (this.#stream.peek(1).length === 0) return undefined;
    const hasher = new FsVerityHasher({ algorithm });
    hasher.update(this.bytes);
    for (const chunk of this.#stream.chunks()) hasher.update(chunk);
    return { size: hasher.size, digest: hasher.digest() };
  }
}

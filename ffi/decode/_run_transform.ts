/**
 * A transforming stream of Node as a function from chunks to pieces.
 *
 * @module
 */

import type { Transform } from "node:stream";

/** A stream of node:zlib: it counts the bytes that it has used. */
export type ZlibTransform = Transform & { readonly bytesWritten: number };

/** Bytes of pieces from which on the stream is told to wait. The next are decoded while these are looked at. */
const WAITING = 1 << 20;

/** How far a stream has come. */
interface Flow {
  /** Whether it has given all it will. */
  isEnded: boolean;
  /** Whether nobody waits for more of it. */
  isClosed: boolean;
  /** What went wrong first. */
  failure?: { readonly error: unknown };
}

/**
 * Puts chunks through a stream and gives what comes out of it.
 *
 * What comes in small pieces but lies side by side in memory, as zlib's output does, is given as one. A chunk has
 * been used when the next is asked for; those behind the end that the stream itself finds are asked for as well.
 *
 * @param chunks Closed when all is over.
 * @param pieceSize Length of the pieces from which on they are given without waiting for more.
 * @returns How many bytes of the chunks the stream has used.
 * @throws What the stream and what the chunks throw.
 */
export async function* runTransform(
  stream: ZlibTransform,
  chunks: AsyncIterable<Uint8Array>,
  pieceSize: number,
): AsyncGenerator<Uint8Array, number> {
  const pieces = new PieceQueue(pieceSize);
  const flow: Flow = { isEnded: false, isClosed: false };
  let wakeReader = () => {};
  let wakeWriter = () => {};

  function fail(error: unknown): void {
    flow.failure ??= { error };
    wakeReader();
    wakeWriter();
  }
  stream.on("data", (piece: Uint8Array) => {
    pieces.add(piece);
    if (pieces.size >= WAITING) stream.pause();
    if (pieces.isReady) wakeReader();
  });

  function end(): void {
    flow.isEnded = true;
    wakeReader();
    wakeWriter();
  }
  async function write(): Promise<void> {
    let isEmpty = true;
    for await (const chunk of chunks) {
      isEmpty = false;
      if (!flow.isEnded && !flow.isClosed) {
        await new Promise<void>((resolve) => {
          wakeWriter = resolve;
          stream.write(chunk, () => resolve());
        });
      }
      if (flow.isClosed || flow.failure !== undefined) return;
    }
    // Node refuses to end a stream that has had nothing.
    if (isEmpty) end();
    else stream.end();
  }
  stream.on("end", end);
  stream.on("error", fail);
  const written = write().catch(fail);

  try {
    while (flow.failure === undefined) {
      if (pieces.isReady || flow.isEnded && pieces.size > 0) {
        const piece = pieces.take();
        if (stream.isPaused() && pieces.size < WAITING) stream.resume();
        yield piece;
      } else if (flow.isEnded) {
        await written;
        if (flow.failure === undefined) return stream.bytesWritten;
      } else {
        await new Promise<void>((resolve) => wakeReader = resolve);
      }
    }
    throw flow.failure.error;
  } finally {
    flow.isClosed = true;
    stream.destroy();
    wakeWriter();
    await written;
  }
}

/** Pieces that wait to be taken, those that lie side by side joined. */
class PieceQueue {
  readonly #pieceSize: number;
  readonly #pieces: Uint8Array[] = [];
  /** How many bytes there are. */
  size = 0;

  constructor(pieceSize: number) {
    this.#pieceSize = pieceSize;
  }

  /** Whether the first piece will not grow any more. */
  get isReady(): boolean {
    return this.#pieces.length > 1 || this.size >= this.#pieceSize;
  }

  add(piece: Uint8Array): void {
    this.size += piece.length;
    const last = this.#pieces.at(-1);
    if (
      last !== undefined && last.buffer === piece.buffer &&
      last.byteOffset + last.length === piece.byteOffset
    ) {
      const length = last.length + piece.length;
      this.#pieces[this.#pieces.length - 1] = new Uint8Array(last.buffer, last.byteOffset, length);
    } else {
      // A plain array instead of a Buffer, whose slice() and toString() differ.
      this.#pieces.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.length));
    }
  }

  /** Takes the first piece away. There is one. */
  take(): Uint8Array {
    const piece = this.#pieces.shift()!;
    this.size -= piece.length;
    return piece;
  }
}

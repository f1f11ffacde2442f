/**
 * Small chunks as larger ones.
 *
 * @module
 */

/** Length of the chunks that small ones are put together to. */
const BLOCK = 1 << 18;
/** Chunks from this length on are large: a call of the decoder for each counts no more. */
const LARGE = 1 << 16;

/**
 * Puts small chunks together, as those that come from a network. They may be changed once the next is asked for,
 * and so may those that are given.
 */
export async function* regroup(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(BLOCK);
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled === 0 && chunk.length >= LARGE) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length;) {
      const length = Math.min(BLOCK - filled, chunk.length - at);
      block.set(chunk.subarray(at, at + length), filled);
      at += length;
      filled += length;
      if (filled < BLOCK) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/**
 * The hash blocks of a Merkle tree, as the file that they are laid out in.
 *
 * @module
 */

import type { File } from "../file/file.ts";

/**
 * Opens hash blocks as a file. They are not copied, and may be there more than once: a hole of any size has
 * the same ones all over.
 *
 * @param levels The blocks of each level, from the root down.
 */
export function hashBlockFile(levels: readonly (readonly Uint8Array[])[], blockSize: number): File {
  const count = levels.reduce((sum, level) => sum + level.length, 0);
  return {
    size: count * blockSize,
    readAt(into, position) {
      let done = 0;
      for (let at = position; done < into.length; at = position + done) {
        const part = findBlock(levels, Math.floor(at / blockSize))
          ?.subarray(at % blockSize, at % blockSize + into.length - done);
        if (part === undefined) break;
        into.set(part, done);
        done += part.length;
      }
      return done;
    },
    [Symbol.dispose]() {},
  };
}

function findBlock(
  levels: readonly (readonly Uint8Array[])[],
  number: number,
): Uint8Array | undefined {
  let index = number;
  for (const level of levels) {
    if (index < level.length) return level[index];
    index -= level.length;
  }
  return undefined;
}

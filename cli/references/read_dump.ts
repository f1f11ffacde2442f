/**
 * Dump files as trees.
 *
 * @module
 */

import { parseDumpfile, type ParseDumpfileOptions } from "../../lib/dumpfile/parse.ts";
import { DumpfileSyntaxError } from "../../lib/dumpfile/syntax_error.ts";
import type { Content, Tree } from "../../lib/tree/tree.ts";
import { isImage } from "./kind_of_file.ts";

/**
 * Reads a dump, which says all of its tree but the contents of objects.
 *
 * @param shown As messages name it.
 * @throws {Error} If it is none.
 */
export function readDump(
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  shown: string,
  options: ParseDumpfileOptions = {},
): Tree<Content> {
  try {
    return parseDumpfile(refuseImages(chunks, shown), options);
  } catch (error) {
    if (!(error instanceof DumpfileSyntaxError)) throw error;
    throw new Error(`Cannot read ${shown} as a dump file: ${error.message}`, { cause: error });
  }
}

function* refuseImages(
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  shown: string,
): Generator<Uint8Array<ArrayBuffer>> {
  let isFirst = true;
  for (const chunk of chunks) {
    if (isFirst && isImage(chunk)) {
      throw new Error(
        `Cannot read ${shown} as a dump file: it is an image, ` +
          'of which "composefs dump" makes one',
      );
    }
    isFirst = false;
    yield chunk;
  }
}

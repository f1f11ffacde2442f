/**
 * Images of dumps: `--from-file`.
 *
 * @module
 */

import { u32 } from "../../../lib/bytes/struct.ts";
import { quote } from "../../../lib/bytes/text.ts";
import { COMPOSEFS_MAGIC } from "../../../lib/composefs/header.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import type { TreeTransform } from "../../../lib/tree/change_tree.ts";
import type { Context, OptionTable, OptionValues } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { hasVariable } from "../../runtime.ts";
import { isStdin, readInput } from "../../stdin.ts";
import type { EncodeImage, Source, SourceOptions } from "./_source.ts";

/** What makes SOURCE a dump. */
export const dumpOptions = {
  "from-file": { kind: "flag", summary: "Take SOURCE as a dump file, not a directory" },
} as const satisfies OptionTable;

/** A dump, which says all of its tree but the contents of objects. */
export const dumpSource: Source<SourceOptions & OptionValues<typeof dumpOptions>> = {
  isMeant: ({ fromFile }) => fromFile,
  check({ digestStore, oneFileSystem }) {
    if (digestStore !== undefined) {
      throw refusal("--digest-store", "a dump has no contents to put there");
    }
    if (oneFileSystem) throw refusal("--one-file-system", "a dump is on none");
  },
  // The C program takes a dump as it is.
  read: (_, { source }, { transform }, context) =>
    readDumpfile(source, context.asC ? undefined : transform, context),
};

function refusal(option: string, reason: string): UsageError {
  return new UsageError(`Cannot use ${option} with --from-file: ${reason}`, { usage: false });
}

function readDumpfile(
  source: Uint8Array,
  transform: TreeTransform | undefined,
  context: Context,
): EncodeImage {
  const strict = hasVariable("CFS_PARSE_STRICT");
  try {
    const parsed = parseDumpfile(readDump(source, context), { strict });
    const tree = transform?.(parsed) ?? parsed;
    return ({ range }) => encodeImage(tree, { ...range, isValid: tree === parsed });
  } catch (error) {
    if (!(error instanceof DumpfileSyntaxError)) throw error;
    throw new Error(`Cannot read ${shownSource(source)} as a dump file: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Reads a dump.
 *
 * @throws {Error} If it is an image.
 */
function* readDump(path: Uint8Array, context: Context): Generator<Uint8Array<ArrayBuffer>> {
  let isFirst = true;
  for (const chunk of readInput(path, context)) {
    if (isFirst && isImage(chunk)) {
      throw new Error(
        `Cannot read ${shownSource(path)} as a dump file: it is an image, ` +
          'of which "composefs dump" makes one',
      );
    }
    isFirst = false;
    yield chunk;
  }
}

function isImage(chunk: Uint8Array): boolean {
  if (chunk.length < u32.size) return false;
  return u32.read(new DataView(chunk.buffer, chunk.byteOffset), 0) === COMPOSEFS_MAGIC;
}

/** SOURCE in a message about a dump. */
function shownSource(path: Uint8Array): string {
  return isStdin(path) ? "standard input" : quote(path);
}

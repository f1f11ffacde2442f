/**
 * Images of dumps: `--from-file`.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import type { TreeTransform } from "../../../lib/tree/change_tree.ts";
import type { Context, OptionTable, OptionValues } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { readDump } from "../../references/read_dump.ts";
import { hasVariable } from "../../runtime.ts";
import { isStdin, readInput } from "../../stdin.ts";
import type { Reading, Source, SourceOptions } from "./_source.ts";

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
): Reading {
  const strict = hasVariable("CFS_PARSE_STRICT");
  const shown = isStdin(source) ? "standard input" : quote(source);
  const parsed = readDump(readInput(source, context), shown, { strict });
  const tree = transform?.(parsed) ?? parsed;
  return { encode: ({ range }) => encodeImage(tree, { ...range, isValid: tree === parsed }) };
}

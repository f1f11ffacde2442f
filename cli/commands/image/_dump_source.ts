/**
 * Images of dumps: `--from-file`.
 *
 * @module
 */

import { encodeImage } from "../../../lib/composefs/image.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import type { Context, OptionTable, OptionValues } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { readDump } from "../../references/read_dump.ts";
import { hasVariable } from "../../runtime.ts";
import { readInput } from "../../stdin.ts";
import type { Input, Reading, Source, SourceOptions } from "./_source.ts";

/** What makes SOURCE a dump. */
export const dumpOptions = {
  "from-file": { kind: "flag", summary: "Take SOURCE as a dump file, not a directory" },
} as const satisfies OptionTable;

/** A dump, which says all of its tree but the contents of objects. */
export const dumpSource: Source<SourceOptions & OptionValues<typeof dumpOptions>> = {
  check({ digestStore, oneFileSystem }) {
    if (digestStore !== undefined) {
      throw refusal("--store", "a dump has no contents to put there");
    }
    if (oneFileSystem) throw refusal("--one-file-system", "a dump is on none");
  },
  read({ as: rules = "container" }, input, changes, context) {
    // The C program takes a dump as it is.
    if (context.asC) return readDumpfile(input, (tree) => tree, context);
    return readDumpfile(input, (tree) => changes.applyTo(tree, rules), context);
  },
};

function refusal(option: string, reason: string): UsageError {
  return new UsageError(`Cannot use ${option} with --from-file: ${reason}`, { usage: false });
}

function readDumpfile(
  { source, shown, stream }: Input,
  change: (tree: Tree<Content>) => Tree<Content>,
  context: Context,
): Reading {
  const strict = hasVariable("CFS_PARSE_STRICT");
  const parsed = readDump(stream?.chunks() ?? readInput(source, context), shown, { strict });
  const tree = change(parsed);
  return { encode: ({ range }) => encodeImage(tree, { ...range, isValid: tree === parsed }) };
}

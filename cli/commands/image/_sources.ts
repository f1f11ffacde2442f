/**
 * What an image can be made of: each source has a module beside this one, and a line in the table.
 *
 * @module
 */

import { SyscallError } from "../../../ffi/sys/errno.ts";
import { quote } from "../../../lib/bytes/text.ts";
import type { Context, OptionValues } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { findTransport } from "../../references/open.ts";
import { parseReference, type TransportName } from "../../references/reference.ts";
import { isStdin } from "../../stdin.ts";
import { directorySource } from "./_directory_source.ts";
import { dumpOptions, dumpSource } from "./_dump_source.ts";
import { imageSource } from "./_image_source.ts";
import { layeredSource } from "./_layered_source.ts";
import type { Input, Source, SourceOptions } from "./_source.ts";

/** The options that say what SOURCE is, whatever it looks like. */
export const sourceOptions = { ...dumpOptions } as const;

type Options = SourceOptions & OptionValues<typeof sourceOptions>;

/** Who reads what, by transport. */
const SOURCES: Readonly<Record<TransportName, Source<Options>>> = {
  dir: directorySource,
  image: imageSource,
  dump: dumpSource,
  tar: layeredSource("tar"),
  oci: layeredSource("oci"),
  "oci-archive": layeredSource("oci-archive"),
  "docker-archive": layeredSource("docker-archive"),
};

/** SOURCE and IMAGE as they were given. */
interface Operands {
  readonly source: Uint8Array<ArrayBuffer>;
  readonly image?: Uint8Array | undefined;
}

/** A source, and what it is to read. */
export interface MeantSource {
  readonly source: Source<Options>;
  readonly input: Input;
}

/**
 * Finds out what SOURCE is. The C program knows directories, and dumps where an option says so; ours goes by the
 * reference, or by the kind of the file.
 *
 * @throws {UsageError} If an option and the reference contradict each other.
 */
export function meantSource(
  options: Options,
  { source: word, image }: Operands,
  context: Context,
): MeantSource {
  if (context.asC) {
    const source = options.fromFile ? dumpSource : directorySource;
    return { source, input: { source: word, shown: shownPath(word), image } };
  }
  const reference = parseReference(word);
  const { transport: named, rest, shown } = reference;
  if (options.fromFile) {
    if (named === undefined || named === "dump") {
      return { source: dumpSource, input: { source: rest, shown: shownPath(rest), image } };
    }
    throw new UsageError(`Cannot use --from-file with ${quote(word)}: expected a dump file`, {
      usage: false,
    });
  }
  try {
    const { transport, stream, isUnknown } = findTransport(reference, context);
    if (isUnknown) {
      throw new Error(
        `Cannot make an image of ${shown}: no kind of file that has a tree in it, ` +
          "expected a directory, an image, a dump or a tar archive",
      );
    }
    return { source: SOURCES[transport], input: { source: rest, shown, stream, image } };
  } catch (error) {
    // What is missing was meant to be a directory, which has more to say about it.
    if (!(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
    return { source: directorySource, input: { source: rest, shown, image } };
  }
}

function shownPath(path: Uint8Array): string {
  return isStdin(path) ? "standard input" : quote(path);
}

/**
 * What an image can be made of: each source has a module beside this one, and one line in the list.
 *
 * @module
 */

import type { OptionValues } from "../../args/command.ts";
import { directorySource } from "./_directory_source.ts";
import { dumpOptions, dumpSource } from "./_dump_source.ts";
import type { Source, SourceOptions } from "./_source.ts";

/** The options that say what SOURCE is. */
export const sourceOptions = { ...dumpOptions } as const;

type Options = SourceOptions & OptionValues<typeof sourceOptions>;

/** SOURCE is the first of these that is meant; the last always is. */
const SOURCES: readonly Source<Options>[] = [dumpSource, directorySource];

/** The source that options mean. */
export function meantSource(options: Options): Source<Options> {
  return SOURCES.find((source) => source.isMeant(options))!;
}

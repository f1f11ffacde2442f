/**
 * The option that says how many threads digest files.
 *
 * @module
 */

import { integer } from "./values.ts";

/** The option, for the tables of commands that digest or verify files. */
export const THREADS_OPTION = {
  kind: "value",
  value: "N",
  parse: integer(1, 2 ** 31 - 1),
  summary: "Digest files in N threads",
  defaultText: "number of CPUs",
  help: "The answer does not depend on it.",
  extension: true,
} as const;

/**
 * Standard input as an open file.
 *
 * It is not for closing: whoever started the process may have more to say on it.
 *
 * @module
 */

import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";

/** Standard input, to be read with `chunks` or `readAll`. */
export function standardInput(linux: Linux): Fd {
  return new Fd(linux, 0, "standard input");
}

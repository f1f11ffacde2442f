/**
 * The standard streams as open files.
 *
 * They are not for closing: whoever started the process may have more to say on them.
 *
 * @module
 */

import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";

/** Standard input, to be read with `chunks` or `readAll`. */
export function standardInput(linux: Linux): Fd {
  return new Fd(linux, 0, "standard input");
}

/**
 * Standard output. Writing throws a `SyscallError` with code `"EPIPE"` once nobody reads it any more;
 * both runtimes ignore SIGPIPE.
 */
export function standardOutput(linux: Linux): Fd {
  return new Fd(linux, 1, "standard output");
}

/**
 * A kernel some of whose calls are answered by the test.
 *
 * @module
 */

import type { Backend, Libc } from "../../ffi/libc.ts";
import { Linux } from "../../ffi/linux.ts";
import { withFaults } from "../support/faults.ts";

/** For functions of libc: a result, a negated error number, or undefined for the real call. */
export type Answers = {
  readonly [Name in keyof Libc]?: (...args: unknown[]) => number | undefined;
};

/** Opens such a kernel. */
export async function openAnswering(answers: Answers): Promise<Linux> {
  const { openBackend } = "Bun" in globalThis
    ? await import("../../ffi/bun.ts")
    : await import("../../ffi/deno.ts");
  const backend: Backend = await openBackend();
  return new Linux(withFaults(backend, ({ name, args }) => answers[name]?.(...args)));
}

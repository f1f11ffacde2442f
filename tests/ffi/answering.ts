/**
 * A kernel some of whose calls are answered by the test.
 *
 * @module
 */

import type { Backend, Libc } from "../../ffi/sys/_libc.ts";
import { Linux } from "../../ffi/sys/linux.ts";
import { withFaults } from "../kit/faults.ts";

/** For functions of libc: a result, a negated error number, or undefined for the real call. */
export type Answers = {
  readonly [Name in keyof Libc]?: (...args: unknown[]) => number | undefined;
};

/** Opens such a kernel. */
export async function openAnswering(answers: Answers): Promise<Linux> {
  const { openBackend } = "Bun" in globalThis
    ? await import("../../ffi/sys/_bun.ts")
    : await import("../../ffi/sys/_deno.ts");
  const backend: Backend = await openBackend();
  return new Linux(withFaults(backend, ({ name, args }) => answers[name]?.(...args)));
}

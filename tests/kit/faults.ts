/**
 * A kernel that fails where it is told to: a backend around the real one.
 *
 * Counts the calls, and answers chosen ones with an error or a result of the test's making instead of
 * making them. `close` is made even if it is to fail, as Linux does it.
 *
 * @module
 */

import { type Backend, type Libc, PROTOTYPES } from "../../ffi/sys/_libc.ts";

/** A call that is about to be made. */
export interface Call {
  /** Name in the table of prototypes. */
  readonly name: keyof Libc;
  /** How many calls were made before it, of all functions. */
  readonly index: number;
  readonly args: readonly unknown[];
}

/** Decides about a call: a negated error number or another result to answer with, or undefined. */
export type FaultPlan = (call: Call) => number | undefined;

type AnyFunction = (...args: unknown[]) => number;

/** Puts a plan between a backend and its users. */
export function withFaults(backend: Backend, plan: FaultPlan): Backend {
  let index = 0;
  let injected: number | undefined;
  const libc: Record<string, AnyFunction> = {};
  for (const name of Object.keys(PROTOTYPES) as (keyof Libc)[]) {
    const original = backend.libc[name] as AnyFunction | undefined;
    if (original === undefined) continue;
    libc[name] = (...args) => {
      injected = undefined;
      const answer = plan({ name, index: index++, args });
      if (answer === undefined) return original(...args);
      if (name === "close") original(...args);
      if (answer >= 0) return answer;
      injected = -answer;
      return -1;
    };
  }
  return {
    libc: libc as unknown as Libc,
    architecture: backend.architecture,
    errno: () => injected ?? backend.errno(),
    addressOf: backend.addressOf,
  };
}

/** Text of an argument that is a C string. */
export function cText(argument: unknown): string {
  if (!(argument instanceof Uint8Array)) return "";
  const end = argument.indexOf(0);
  return new TextDecoder().decode(argument.subarray(0, end < 0 ? undefined : end));
}

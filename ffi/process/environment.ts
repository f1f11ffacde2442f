/**
 * The environment of this process, as far as it may be relied on.
 *
 * @see getauxval(3), environ(7)
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { startsWith } from "../../lib/bytes/compare.ts";
import type { Linux } from "../sys/linux.ts";
import { ownAuxiliaryVector, ownEnvironment } from "./exec.ts";

/** Tells in the auxiliary vector whether the program has rights that whoever started it lacks. */
const AT_SECURE = 23;

/** Bytes of an entry of the auxiliary vector: its kind, and its value. */
const ENTRY_SIZE = 16;

/**
 * Reads a variable that this process was started with, unless somebody with fewer rights may have set it: a
 * set-user-id program, or one with file capabilities, takes no orders from there.
 *
 * @returns Undefined if there is none, it is empty, or it is not to be relied on.
 */
export function trustedVariable(linux: Linux, name: string): Uint8Array<ArrayBuffer> | undefined {
  if (isPrivileged(ownAuxiliaryVector(linux))) return undefined;
  return findVariable(ownEnvironment(linux), name);
}

/**
 * Tells by an auxiliary vector whether a program was started with more rights than its caller has; so it is if that
 * cannot be told.
 */
export function isPrivileged(vector: Uint8Array): boolean {
  const view = new DataView(vector.buffer, vector.byteOffset, vector.byteLength);
  for (let at = 0; at + ENTRY_SIZE <= vector.length; at += ENTRY_SIZE) {
    if (u64.read(view, at) === AT_SECURE) return u64.read(view, at + ENTRY_SIZE / 2) !== 0;
  }
  return true;
}

/** Finds a variable among `NAME=value`, each ended by a NUL; undefined if it is empty. */
export function findVariable(
  environment: Uint8Array<ArrayBuffer>,
  name: string,
): Uint8Array<ArrayBuffer> | undefined {
  const start = utf8(`${name}=`);
  for (let at = 0; at < environment.length;) {
    const nul = environment.indexOf(0, at);
    const end = nul < 0 ? environment.length : nul;
    const variable = environment.subarray(at, end);
    if (startsWith(variable, start)) {
      const value = variable.subarray(start.length);
      return value.length === 0 ? undefined : value;
    }
    at = end + 1;
  }
  return undefined;
}

/**
 * Answers of a machine that is asked what it can do, and the small questions they are made of.
 *
 * A question that cannot be asked, for want of privilege or of `/proc`, has the answer "unknown" and
 * never an error.
 *
 * @module
 */

import { readText } from "../files/read_text.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { ERRNO, errnoName, SyscallError } from "../sys/errno.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { closeQuietly } from "../files/closing.ts";
import { O_NONBLOCK, O_PATH } from "../sys/uapi.ts";

/** What was found out. */
export interface Answer {
  /** `"unknown"` if it could not be asked. */
  readonly answer: "yes" | "no" | "unknown";
  /** What the answer rests on, in a few words. */
  readonly reason?: string;
}

/** It can. */
export function yes(reason?: string): Answer {
  return { answer: "yes", ...(reason === undefined ? {} : { reason }) };
}

/** It cannot. */
export function no(reason?: string): Answer {
  return { answer: "no", ...(reason === undefined ? {} : { reason }) };
}

/** There was no way to find out. */
export function unknown(reason: string): Answer {
  return { answer: "unknown", reason };
}

/** The answer of a call that failed with a positive error number: a lack of privilege says nothing. */
export function refused(errno: number, log?: string): Answer {
  const name = errnoName(errno);
  if (errno === ERRNO.EPERM || errno === ERRNO.EACCES) return unknown(`${name}, needs root`);
  return no(log === undefined ? name : `${name}, ${log}`);
}

/** Asks something; a call that fails is an answer too. */
export function ask(question: () => Answer): Answer {
  try {
    return question();
  } catch (error) {
    if (error instanceof SyscallError) return refused(error.errno);
    throw error;
  }
}

/** Opens a file for the time of a question. */
export function withFile<T>(
  linux: Linux,
  path: Uint8Array | string,
  flags: number,
  use: (file: Fd) => T,
): T {
  const bytes = typeof path === "string" ? utf8(path) : path;
  // What is asked may be a device or a pipe, and opening it must not wait for anybody.
  const file = Fd.open(linux, bytes, { flags: flags | O_NONBLOCK });
  try {
    return use(file);
  } finally {
    closeQuietly(file);
  }
}

/** Whether something stands at a path. */
export function exists(linux: Linux, path: string): boolean {
  try {
    return withFile(linux, path, O_PATH, () => true);
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

/**
 * Tells whether the kernel has a part that may be a module.
 *
 * @param release The kernel's, which names the directory of its modules.
 */
export function moduleAnswer(linux: Linux, release: string | undefined, module: string): Answer {
  const directory = `/lib/modules/${release}`;
  const lists = ["modules.builtin", "modules.dep"].map((list) =>
    release === undefined ? undefined : readText(linux, `${directory}/${list}`)
  );
  const file = new RegExp(`/${module}\\.ko(\\.[a-z0-9]+)?(:|$)`, "m");
  if (lists.some((list) => list !== undefined && file.test(list))) return yes("as a module");
  if (lists.every((list) => list === undefined)) {
    return unknown(`no list of modules in ${directory}`);
  }
  return no(`neither built in nor in ${directory}`);
}

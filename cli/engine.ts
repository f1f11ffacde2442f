/**
 * What the program asks of its JavaScript engine, and when: both settings are for JavaScriptCore only.
 *
 * - A start without the compiler FTL. JavaScriptCore compiles hot code a last time, at great expense, by FTL.
 *   That pays for programs that run for minutes. When all CPUs hash files, its threads take time from those
 *   that do: digesting 32,000 files of 920 MB takes 2.5 seconds of CPU time with it, 2.2 without (measured,
 *   two CPUs). Where one thread does all it is a third: an image is made of a dump of 32,000 files in 0.26
 *   seconds of CPU time with it, in 0.17 without; of a million files in 4.2 and 3.8. Listing an image is so
 *   short a loop that FTL is done with it soon: 100,000 files take 0.17 seconds with it, 0.23 without, so
 *   that `ls` goes on as it is. The compiler can be turned off only by a variable of the environment that a
 *   process starts with; beginning anew takes 12 milliseconds.
 * - Room for the objects of a tree. JavaScriptCore collects garbage as soon as as much has been allocated as
 *   was in use the last time, at first 8 MB. A tree that is being scanned is all in use, so a collection finds
 *   little. Where files need not be read, those in the course of 32,000 files take one twentieth of the time
 *   (17 of 350 ms, medians of 15 runs); where they are read, other threads have the CPUs meanwhile, and
 *   nothing is gained.
 *
 * @module
 */

import { Fd } from "../ffi/files/fd.ts";
import { ownArguments, ownEnvironment, tryReplaceProcess } from "../ffi/process/exec.ts";
import { SyscallError } from "../ffi/sys/errno.ts";
import type { Loss } from "../ffi/threads/thread_options.ts";
import type { Linux } from "../ffi/sys/linux.ts";
import { O_PATH } from "../ffi/sys/uapi.ts";
import { concatBytes, utf8 } from "../lib/bytes/text.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { isBun } from "./runtime.ts";

/**
 * The option, and the variable that sets it in our executable, which knows no other one; Bun itself would
 * want `BUN_JSC_` in front.
 */
export const FTL_VARIABLE = "useFTLJIT";

/** Tells whether this is the second start, so that the work need not be looked at again. */
export function hasRestarted(linux: Linux): boolean {
  return linux.hasVariable(FTL_VARIABLE);
}

/**
 * Replaces the running process by the same program without FTL. Returns where that cannot be done, or
 * where the setting has been made, as it has the second time.
 *
 * @param executable Path of the executable that the program is.
 */
export function restartWithoutFtl(linux: Linux, executable: Uint8Array): void {
  const commandLine = ownArguments(linux);
  if (commandLine.length === 0 || hasRestarted(linux)) return;
  const variables = concatBytes(ownEnvironment(linux), utf8(`${FTL_VARIABLE}=0\0`));
  tryReplaceProcess(linux, executable, commandLine, variables);
}

/** Bytes of a command line that names files by the thousand: it pays to begin anew at once. */
export const LONG_COMMAND_LINE = 1 << 18;

/**
 * Tells whether to begin anew before threads are started. What has been scanned is scanned again; where most
 * files need not be read it is the scan that takes the time, and most of it may be over.
 */
export function paysBeforeThreads({ leavesFiles, isMostlyDone }: Loss): boolean {
  return !leavesFiles && !isMostlyDone;
}

/**
 * Bytes of images and dump files from which on beginning anew pays for itself: some 7,000 files. At 5,000 as
 * much is lost as gained (measured).
 */
const LONG_INPUT = 1.5 * 2 ** 20;

/** Tells whether regular files that are read from end to end are so long that a start without FTL pays. */
export function isLongInput(linux: Linux, paths: readonly Uint8Array[]): boolean {
  let size = 0;
  for (const path of paths) size += regularSize(linux, path);
  return size >= LONG_INPUT;
}

function regularSize(linux: Linux, path: Uint8Array): number {
  try {
    using file = Fd.open(linux, path, { flags: O_PATH });
    const { size, mode } = file.sizeAndMode();
    return kindOfMode(mode) === "regular" ? size : 0;
  } catch (error) {
    // The command will say what is wrong with it.
    if (error instanceof SyscallError) return 0;
    throw error;
  }
}

/** What may be allocated between the first collection of garbage and the next, in bytes. */
const ROOM = 1 << 25;

/** As many files of known digests make a tree that is worth room for its objects. */
const MANY_FILES = 4_000;

/** Kept for as long as the process runs, or the room would be gone. */
let room: Uint8Array | undefined;

/**
 * Makes room for the objects of a tree, on the engine that counts memory as in use which was asked for but never
 * touched, and so takes none of the machine's.
 *
 * @param known How many files of the tree need not be read.
 */
export function makeHeapRoom(known: number): void {
  if (known >= MANY_FILES && isBun()) room ??= new Uint8Array(ROOM);
}

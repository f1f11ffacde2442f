/**
 * Variables of the environment by which a runtime would do something else than what it was made for.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Printed by the code that some of the variables name. */
export const STRANGER = "a stranger's code ran";

/**
 * Variables that change what Bun does, one a run.
 *
 * @param directory Where the files are made that they name, and where what some would write shows.
 */
export function hostileVariables(directory: string): Readonly<Record<string, string>>[] {
  const script = join(directory, "stranger.js");
  writeFileSync(script, `console.log(${JSON.stringify(STRANGER)});\n`);
  const overrides = join(directory, "overrides.js");
  writeFileSync(overrides, `override XXX{ throw ${JSON.stringify(STRANGER)} }XXX with YYY{}YYY\n`);
  const written = join(directory, "written");
  return [
    { BUN_OPTIONS: `--preload ${script}` },
    { BUN_OPTIONS: "--print 1" },
    { BUN_OPTIONS: "--cwd /" },
    // The executable has lost the first byte of Bun's names: what is left must not work as a name either.
    { BUN: "OPTIONS=--print 1", UN_OPTIONS: "--print 1", OPTIONS: "--print 1" },
    { BUN_BE_BUN: "1" },
    { BUN_INSPECT: "127.0.0.1:0?break=1", BUN_INSPECT_PRELOAD: script },
    { BUN_INSPECT_CONNECT_TO: `ws+unix://${written}` },
    { BUN_INSPECT_NOTIFY: `unix://${written}`, BUN_INSPECT: "1" },
    { BUN_BYTECODE_ORDER_OUT: written, BUN_BYTECODE_DIGEST_OUT: written },
    { BUN_DESTRUCT_VM_ON_EXIT: "1", BUN_FEATURE_FLAG_NO_ORPHANS: "1" },
    { BUN_JSC_functionOverrides: overrides },
    { BUN_JSC_dumpOptions: "1" },
    { BUN_JSC_useJIT: "0" },
    { BUN_JSC_useConcurrentJIT: "0" },
    { BUN_JSC_noSuchOption: "1" },
    { JSC_dumpOptions: "1", JSC_useJIT: "0" },
    { JavaScriptCoreUseJIT: "0" },
    { JSC_SIGNAL_FOR_GC: "9" },
    { SIMDUTF_FORCE_IMPLEMENTATION: "none" },
    { NODE_CHANNEL_FD: "0" },
    { NODE_OPTIONS: `--require ${script}` },
    // The only one that still works, as the program itself sets it; it changes no results.
    { useFTLJIT: "0" },
    { useFTLJIT: "1", useJIT: "0", dumpOptions: "1" },
  ];
}

/**
 * The program's start: argv, streams and system of the process, joined with the commands.
 *
 * Called through a link to a compiled executable, it is the program that the link names.
 *
 * @module
 */

import process from "node:process";
import { serveCrew } from "../ffi/crew/thread.ts";
import { openLinux } from "../ffi/mod.ts";
import { InterruptedError } from "../ffi/signals.ts";
import { argvBytes, firstArgument } from "./argv.ts";
import { dispatch } from "./dispatch.ts";
import { LinuxSystem } from "./linux_system.ts";
import { createTerminal } from "./terminal.ts";
import { TOOLBOX } from "./toolbox.ts";

/** Bytes of a command line that names files by the thousand. */
const LONG_COMMAND_LINE = 1 << 18;

async function start(): Promise<number> {
  const linux = await openLinux();
  const system = new LinuxSystem(
    linux,
    isExecutable() ? process.execPath : undefined,
    mayLoadAgain() ? import.meta.url : undefined,
  );
  const commandLine = system.readCommandLine();
  if (commandLine.length >= LONG_COMMAND_LINE) system.expectLongRun();
  const args = argvBytes(process.argv.slice(2), () => commandLine);
  const argv0 = firstArgument(commandLine);
  // Without /proc there is only what the runtime says, which for Deno is its own name.
  const name = argv0 === undefined ? process.argv0 : new TextDecoder().decode(argv0);
  linux.signals.start();
  try {
    return await dispatch(name, args, {
      toolbox: TOOLBOX,
      terminal: createTerminal(system.terminalPort()),
      system,
    });
  } catch (error) {
    if (error instanceof InterruptedError) linux.signals.end(error.signal);
    throw error;
  }
}

/** Tells whether program and runtime are one file. */
function isExecutable(): boolean {
  const { Bun: bun } = globalThis as { Bun?: { isStandaloneExecutable?: boolean } };
  return bun === undefined ? Deno.build.standalone : bun.isStandaloneExecutable === true;
}

/** Tells whether this runs in a worker, as one of the threads that `ffi/crew/` starts. */
function isWorker(): boolean {
  const { Bun: bun, WorkerGlobalScope: scope } = globalThis as {
    Bun?: { isMainThread: boolean };
    WorkerGlobalScope?: new () => unknown;
  };
  return bun === undefined ? scope !== undefined && globalThis instanceof scope : !bun.isMainThread;
}

/** Tells whether a worker may load this module: Deno asks for that where it lies in a file. */
function mayLoadAgain(): boolean {
  if ("Bun" in globalThis || !import.meta.url.startsWith("file:")) return true;
  const read = { name: "read", path: new URL(import.meta.url) } as const;
  return Deno.permissions.querySync(read).state === "granted";
}

if (isWorker()) {
  serveCrew(openLinux);
} else if (import.meta.main) {
  try {
    process.exitCode = await start();
  } catch (error) {
    process.stderr.write(`composefs: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

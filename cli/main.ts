/**
 * The program's start: argv, streams and system of the process, joined with the commands.
 *
 * Called through a link to a compiled executable, it is the program that the link names.
 *
 * @module
 */

import { serveCrew } from "../ffi/threads/thread.ts";
import type { Linux } from "../ffi/sys/linux.ts";
import { openLinux } from "../ffi/sys/open.ts";
import { InterruptedError } from "../ffi/sys/signals.ts";
import { utf8 } from "../lib/bytes/text.ts";
import { argvBytes, firstArgument } from "./argv.ts";
import { dispatch } from "./dispatch.ts";
import { LinuxSystem } from "./linux_system.ts";
import {
  executablePath,
  isOther,
  isWorker,
  mayReadModule,
  programArguments,
  programName,
  refuseRuntime,
  setExitStatus,
  writeError,
  writeSome,
} from "./runtime.ts";
import type { System } from "./system.ts";
import { createTerminal } from "./terminal.ts";
import { TOOLBOX } from "./program.ts";

/** Bytes of a command line that names files by the thousand. */
const LONG_COMMAND_LINE = 1 << 18;

async function start(): Promise<number> {
  let linux: Linux;
  try {
    linux = await openLinux();
  } catch (error) {
    return await startWithoutKernel(error);
  }
  const system = new LinuxSystem(
    linux,
    executablePath(),
    mayReadModule(import.meta.url) ? import.meta.url : undefined,
  );
  const commandLine = system.readCommandLine();
  if (commandLine.length >= LONG_COMMAND_LINE) system.expectLongRun();
  const args = argvBytes(programArguments(), () => commandLine);
  const argv0 = firstArgument(commandLine);
  // Without /proc there is only what the runtime says.
  const name = argv0 === undefined ? programName() : new TextDecoder().decode(argv0);
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

/** Prints help and version, which need no kernel; what does need it fails for the reason why there is none. */
async function startWithoutKernel(reason: unknown): Promise<number> {
  const fail = () => {
    throw reason;
  };
  const system = new Proxy({}, { get: fail }) as System;
  const terminal = createTerminal({
    write: writeSome,
    isTerminal: () => false,
    columns: () => undefined,
    now: () => performance.now(),
  });
  const args = programArguments().map(utf8);
  return await dispatch(programName(), args, { toolbox: TOOLBOX, terminal, system });
}

if (isOther()) {
  refuseRuntime();
} else if (isWorker()) {
  serveCrew(openLinux);
} else if (import.meta.main) {
  try {
    setExitStatus(await start());
  } catch (error) {
    writeError(`composefs: ${error instanceof Error ? error.message : error}\n`);
    setExitStatus(1);
  }
}

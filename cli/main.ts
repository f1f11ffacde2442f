/**
 * The program's start: argv, streams and engine of the process, joined with the commands.
 *
 * Called through a link to a compiled executable, it is the program that the link names.
 *
 * @module
 */

import { Machine } from "../ffi/machine.ts";
import { ownArguments } from "../ffi/process/exec.ts";
import type { Linux } from "../ffi/sys/linux.ts";
import { openKernel } from "../ffi/sys/open.ts";
import { InterruptedError } from "../ffi/sys/signals.ts";
import { runPoolThread } from "../ffi/threads/thread.ts";
import { utf8 } from "../lib/bytes/text.ts";
import { argvBytes, firstArgument } from "./argv.ts";
import { dispatch } from "./dispatch.ts";
import {
  hasRestarted,
  isLongInput,
  LONG_COMMAND_LINE,
  paysBeforeThreads,
  restartWithoutFtl,
} from "./engine.ts";
import { ProcessPort } from "./process_port.ts";
import { COMPOSEFS } from "./program.ts";
import {
  executablePath,
  isOther,
  isWorker,
  mayReadModule,
  programArguments,
  programName,
  refuseRuntime,
  runtimeVersion,
  setExitStatus,
  writeError,
  writeSome,
} from "./runtime.ts";
import { createTerminal } from "./terminal.ts";

async function start(): Promise<number> {
  let linux: Linux;
  try {
    linux = await openKernel();
  } catch (error) {
    return await startWithoutKernel(error);
  }
  const port = new ProcessPort(linux);
  const executable = executablePath();
  const restart = () => {
    if (executable !== undefined && !port.isUsed) restartWithoutFtl(linux, utf8(executable));
  };
  const machine = new Machine(linux, {
    module: mayReadModule(import.meta.url) ? import.meta.url : undefined,
    startAtOnce: hasRestarted(linux),
    beforeThreads: (loss) => {
      if (paysBeforeThreads(loss)) restart();
    },
  });
  const commandLine = ownArguments(linux);
  if (commandLine.length >= LONG_COMMAND_LINE) restart();
  const args = argvBytes(programArguments(), () => commandLine);
  const argv0 = firstArgument(commandLine);
  // Without /proc there is only what the runtime says.
  const name = argv0 === undefined ? programName() : new TextDecoder().decode(argv0);
  linux.signals.start();
  try {
    return await dispatch(name, args, {
      composefs: COMPOSEFS,
      terminal: createTerminal(port),
      machine,
      runtime: runtimeVersion(),
      expectInput: (paths) => {
        if (executable !== undefined && isLongInput(linux, paths)) restart();
      },
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
  const machine = new Proxy({}, { get: fail }) as Machine;
  const terminal = createTerminal({
    read: fail,
    write: writeSome,
    isTerminal: () => false,
    columns: () => undefined,
    isDumb: () => true,
    now: () => performance.now(),
  });
  const args = programArguments().map(utf8);
  return await dispatch(programName(), args, {
    composefs: COMPOSEFS,
    terminal,
    machine,
    runtime: runtimeVersion(),
  });
}

if (isOther()) {
  refuseRuntime();
} else if (isWorker()) {
  runPoolThread(openKernel);
} else if (import.meta.main) {
  try {
    setExitStatus(await start());
  } catch (error) {
    writeError(`composefs: ${error instanceof Error ? error.message : error}\n`);
    setExitStatus(1);
  }
}

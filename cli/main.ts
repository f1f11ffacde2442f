/**
 * The program's start: argv, streams and system of the process, joined with the commands.
 *
 * Called through a link to a compiled executable, it is the program that the link names.
 *
 * @module
 */

import process from "node:process";
import { openLinux } from "../ffi/mod.ts";
import { argvBytes, splitCommandLine } from "./argv.ts";
import { dispatch } from "./dispatch.ts";
import { LinuxSystem } from "./linux_system.ts";
import { createTerminal } from "./terminal.ts";
import { TOOLBOX } from "./toolbox.ts";

async function start(): Promise<number> {
  const linux = await openLinux();
  const system = new LinuxSystem(linux);
  const args = argvBytes(process.argv.slice(2), () => system.readCommandLine());
  const argv0 = splitCommandLine(system.readCommandLine())[0] ?? new Uint8Array();
  return await dispatch(new TextDecoder().decode(argv0), args, {
    toolbox: TOOLBOX,
    terminal: createTerminal(system.terminalPort()),
    system,
  });
}

if (import.meta.main) {
  try {
    process.exitCode = await start();
  } catch (error) {
    process.stderr.write(`composefs: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

/**
 * The program that runs in a virtual machine: all of its cases, one after the other.
 *
 * Its arguments are the name of the machine and, if there is one, the path of Bun's executable.
 *
 * @module
 */

import process from "node:process";
import { openKernel } from "../../ffi/sys/open.ts";
import type { Executable } from "../../scripts/test/executables.ts";
import { reportCase } from "./vm.ts";
import { Guest } from "./case.ts";
import { MACHINES } from "./machines.ts";

const [machine, path] = process.argv.slice(2) as [keyof typeof MACHINES, string?];
const bun: Executable = path === undefined ? { missing: "none on the host" } : { path };
const guest = new Guest(await openKernel(), bun);
for (const { name, skip, run } of MACHINES[machine].cases(bun)) {
  if (skip !== undefined) continue;
  const start = performance.now();
  let error: string | undefined;
  try {
    await run(guest);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
  }
  const milliseconds = Math.round(performance.now() - start);
  reportCase({ name, milliseconds, ...(error !== undefined ? { error } : {}) });
}

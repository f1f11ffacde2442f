/**
 * The program that runs in the virtual machine: all cases, one after the other.
 *
 * @module
 */

import { openLinux } from "../../ffi/mod.ts";
import { reportCase } from "../support/vm.ts";
import { Guest } from "./case.ts";
import { CASES } from "./cases.ts";

const guest = new Guest(await openLinux());
for (const { name, skip, run } of CASES) {
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

/**
 * Everything that needs a kernel with fs-verity: one run of the virtual machine, a step for each case.
 *
 * Without a machine the steps are skipped and say why; on a build machine (`CI=true`) the test fails.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isVmRequired, runInVm, type VmRun } from "../support/vm.ts";
import { CASES, DISK_KINDS } from "./cases.ts";
import { makeKeys } from "./signature_cases.ts";

const GUEST = fileURLToPath(new URL("guest.ts", import.meta.url));

Deno.test("in a virtual machine with fs-verity (needs root)", async (t) => {
  const run = await runCases();
  const unavailable = "unavailable" in run ? run.unavailable : undefined;
  if (unavailable !== undefined && isVmRequired()) throw new Error(unavailable);
  for (const { name, skip } of CASES) {
    const reason = unavailable ?? skip;
    await t.step({
      name: reason === undefined ? name : `${name} (skipped: ${reason})`,
      ignore: reason !== undefined,
      fn: () => check(run, name),
    });
  }
});

async function runCases(): Promise<VmRun> {
  const input = mkdtempSync(join(tmpdir(), "composefs-keys-"));
  try {
    makeKeys(input);
    // The guest has no network; the host, which has imported the same modules, has them cached.
    const command = [Deno.execPath(), "run", "-A", "--cached-only", "--no-lock", GUEST];
    return await runInVm(command, { disks: DISK_KINDS, input });
  } finally {
    rmSync(input, { recursive: true });
  }
}

function check(run: VmRun, name: string): void {
  if ("unavailable" in run) return;
  const report = run.reports.find((report) => report.name === name);
  if (report === undefined) {
    throw new Error(`No report of "${name}": status ${run.status}\n${run.stderr}`);
  }
  if (report.error !== undefined) throw new Error(report.error);
}

/**
 * Everything that needs a kernel with fs-verity, or an older one: one run of a virtual machine for each
 * kernel, a step for each case.
 *
 * Without a machine the steps are skipped and say why; on a build machine (`CI=true`) the test fails,
 * unless it is an older kernel that Debian no longer has.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../scripts/build.ts";
import { findBun } from "../../scripts/bun.ts";
import { findBunExecutable } from "../../scripts/test/executables.ts";
import { mayBeSkipped } from "../../scripts/test/skips.ts";
import { isVmRequired, runInVm, type VmRun } from "./vm.ts";
import { type Machine, MACHINES } from "./machines.ts";
import { makeKeys } from "./signature_cases.ts";

/** Where the machines find {@linkcode input}. */
const RESULTS = "/mnt/results";

/** Files for the machines: the guest's program in one, as loading its modules takes long there; keys. */
const input = mkdtempSync(join(tmpdir(), "composefs-guest-"));
globalThis.addEventListener("unload", () => rmSync(input, { recursive: true }));
bundle("tests/machines/guest.ts", join(input, "guest.js"), "deno");
makeKeys(input);

const bun = findBun();
const executable = "path" in bun ? findBunExecutable() : bun;

Deno.test("in virtual machines (needs root)", async (t) => {
  for (const [machine, run] of await runMachines()) {
    await t.step(machine.title, (t) => checkAll(t, machine, run));
  }
});

/** Runs all machines: that of most cases, and beside it the others, as each keeps one processor busy. */
async function runMachines(): Promise<(readonly [Machine, VmRun])[]> {
  const runs = Object.entries<Machine>(MACHINES).map(([name, machine]) => async () =>
    [machine, await runCases(name, machine)] as const
  );
  const inTurn = (list: typeof runs) => Array.fromAsync(list, (run) => run());
  return (await Promise.all([inTurn(runs.slice(0, 1)), inTurn(runs.slice(1))])).flat();
}

async function checkAll(t: Deno.TestContext, machine: Machine, run: VmRun): Promise<void> {
  const unavailable = "unavailable" in run ? run.unavailable : undefined;
  for (const { name, skip } of machine.cases(executable)) {
    const reason = unavailable ?? skip;
    const step = reason === undefined ? name : `${name} (skipped: ${reason})`;
    if (unavailable !== undefined && isVmRequired() && !mayBeSkipped(step)) {
      throw new Error(unavailable);
    }
    await t.step({ name: step, ignore: reason !== undefined, fn: () => check(run, name) });
  }
}

async function runCases(name: string, { suite, disks }: Machine): Promise<VmRun> {
  const command = [Deno.execPath(), "run", "-A", "--no-config", `${RESULTS}/guest.js`, name];
  if ("path" in executable) command.push(executable.path);
  return await runInVm(command, {
    ...(suite === undefined ? {} : { suite }),
    disks: disks.map(({ kind }) => kind),
    input,
  });
}

function check(run: VmRun, name: string): void {
  if ("unavailable" in run) return;
  const report = run.reports.find((report) => report.name === name);
  if (report === undefined) {
    throw new Error(`No report of "${name}": status ${run.status}\n${run.stderr}`);
  }
  if (report.error !== undefined) throw new Error(report.error);
}

/**
 * Mounting when something fails: every call of every way through, with eight errors each, and every
 * point at which the process may be killed. `tests/kit/mount_faults.ts` does it, in a mount namespace
 * of its own.
 */

import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryPath, START } from "../../../scripts/build.ts";
import { findBun } from "../../../scripts/bun.ts";
import { long } from "../../../scripts/test/effort.ts";
import type { FaultReport } from "../../kit/mount_faults.ts";

const DENO = [process.execPath, "run", "-A"];
const FAULTS = repositoryPath("tests/kit/mount_faults.ts");
const MINUTES = 60_000;

/** Arguments: the directory, the command. */
const IN_NAMESPACE = `
  set -e
  mount -t tmpfs none "$1/tmpfs"
  cp "$1/x.cfs" "$1/tmpfs/"
  shift
  exec "$@"`;

function missing(): string {
  if (Deno.uid() !== 0) return "not root";
  if (!readFileSync("/proc/filesystems", "utf8").includes("\terofs\n")) {
    return "a kernel without EROFS";
  }
  const { error } = spawnSync("unshare", ["--version"]);
  return error === undefined ? "" : "no unshare on PATH";
}

function runtimes(): { name: string; command: readonly string[]; reason: string }[] {
  const bun = findBun();
  const reason = missing();
  return [
    { name: "deno", command: DENO, reason },
    "path" in bun
      ? { name: "bun", command: [bun.path], reason }
      : { name: "bun", command: [], reason: bun.missing },
  ];
}

/** A directory with what `mount_faults.ts` expects. */
function makeDirectory(): string {
  const directory = mkdtempSync("/var/tmp/composefs-faults-");
  const path = (name: string) => join(directory, name);
  for (const name of ["tree", "m", "up", "wk", "tmpfs"]) mkdirSync(path(name));
  writeFileSync(path("tree/foo.txt"), "foo".repeat(100));
  writeFileSync(path("tree/small"), "small");
  const args = ["mkcomposefs", "--print-digest", "--digest-store", path("objects")];
  const command = [...DENO, repositoryPath(START), ...args, path("tree"), path("x.cfs")];
  writeFileSync(path("x.digest"), run(command, 1));
  return directory;
}

function run([program, ...args]: readonly string[], minutes: number): string {
  const done = spawnSync(program!, args, { encoding: "utf8", timeout: minutes * MINUTES });
  if (done.status !== 0) throw new Error(`Cannot run ${program}: ${done.status}, ${done.stderr}`);
  return done.stdout;
}

function report(command: readonly string[], what: "errors" | "kills"): FaultReport {
  const directory = makeDirectory();
  try {
    const unshare = ["unshare", "-m", "--propagation", "private", "sh", "-c", IN_NAMESPACE, "sh"];
    const line = [...unshare, directory, ...command, FAULTS, directory, what];
    return JSON.parse(run(line, 8)) as FaultReport;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const { name, command, reason } of runtimes()) {
  const { suffix, ignore } = long(reason === "" ? "" : ` (skipped: ${reason})`);
  const end = ` [${name}]${suffix}`;

  Deno.test({
    name: `mount: whatever call fails, nothing is left and the message is one line, as root${end}`,
    ignore,
    fn: () => {
      const { cases, failed, mounted, calls, faults, messages } = report(command, "errors");
      assertEquals(faults, []);
      assertEquals(Object.keys(calls).length, 10);
      assertEquals(failed + mounted, cases);
      // A harness that injects nothing would find nothing.
      assert(failed > 1000 && mounted > 100, `${failed} failed, ${mounted} mounted`);
      const about = (text: string) => messages.some((message) => message.includes(text));
      assert(about("run as root"));
      assert(about("since Linux 6.12"));
      assert(about("since Linux 5.19"));
    },
  });

  Deno.test({
    name: `mount: wherever the process is killed, nothing is left or all is mounted, as root${end}`,
    ignore,
    fn: () => {
      const { cases, failed, mounted, faults } = report(command, "kills");
      assertEquals(faults, []);
      assertEquals(failed + mounted, cases);
      assert(failed > 100 && mounted > 10, `${failed} not mounted, ${mounted} mounted`);
    },
  });
}

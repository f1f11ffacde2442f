/**
 * Runs a program in the virtual machine of `tests/machines/vm.sh` and collects what it reports.
 *
 * Such a program works through many cases in one boot, and says how each went with
 * {@linkcode reportCase}; the test outside reads the reports. Knows no case.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { concatBytes } from "../../lib/bytes/text.ts";

/** How one case went. */
export interface CaseReport {
  readonly name: string;
  /** What was thrown, with its stack; undefined if nothing was. */
  readonly error?: string;
  readonly milliseconds: number;
}

/** What {@linkcode runInVm} gives to the machine. */
export interface RunInVmOptions {
  /** Suite of Debian that the kernel is of; that of `tests/machines/vm.sh` by default. */
  readonly suite?: string;
  /** File systems of /mnt/disk, /mnt/disk2 and so on; one ext4 by default. */
  readonly disks?: readonly ("ext4" | "btrfs" | "xfs")[];
  /** A directory whose files are copied to /mnt/results before the start. */
  readonly input?: string;
  /** Seconds for the whole run; 600 by default. */
  readonly timeLimit?: number;
  /** Words for the kernel's command line. */
  readonly append?: string;
}

/** A run that took place, or why there was none. */
export type VmRun =
  | {
    readonly reports: readonly CaseReport[];
    /** Exit status of `tests/machines/vm.sh`: the program's, 124 for the time limit, 126 for a crash. */
    readonly status: number;
    /** Standard error of the program and of the machine. */
    readonly stderr: string;
  }
  | { readonly unavailable: string };

/** The status by which `tests/machines/vm.sh` says that there was no machine. */
const NO_MACHINE = 125;

const SCRIPT = fileURLToPath(new URL("./vm.sh", import.meta.url));

const REPORTS = "reports.jsonl";

/** Tells whether a missing machine is a failure: on build machines, where nobody would notice. */
export function isVmRequired(): boolean {
  return process.env.CI === "true";
}

/**
 * Runs a command in a fresh machine to its end.
 *
 * Where no machine is required, none is fetched from the network either: `tests/machines/vm.sh --prepare`
 * does that once.
 */
export async function runInVm(
  command: readonly string[],
  options: RunInVmOptions = {},
): Promise<VmRun> {
  const results = mkdtempSync(join(tmpdir(), "composefs-vm-"));
  try {
    if (options.input !== undefined) cpSync(options.input, results, { recursive: true });
    const args = ["--results", results, "--timeout", String(options.timeLimit ?? 600)];
    if (options.suite !== undefined) args.push("--suite", options.suite);
    for (const disk of options.disks ?? []) args.push("--disk", disk);
    if (options.append !== undefined) args.push("--append", options.append);
    if (!isVmRequired()) args.push("--offline");
    const { status, stderr } = await run(SCRIPT, [...args, "--", ...command]);
    const reports = readReports(join(results, REPORTS));
    if (status === NO_MACHINE && reports.length === 0) return { unavailable: lastLine(stderr) };
    return { reports, status, stderr };
  } finally {
    rmSync(results, { recursive: true });
  }
}

/** Says, inside the machine, how a case went. What has been said survives a crash. */
export function reportCase(report: CaseReport): void {
  const results = process.env.VM_RESULTS;
  if (results === undefined) throw new Error("Cannot report a case: VM_RESULTS is not set");
  appendFileSync(join(results, REPORTS), JSON.stringify(report) + "\n");
}

function readReports(path: string): CaseReport[] {
  if (!existsSync(path)) return [];
  // A line that lacks its end was being written when the machine died.
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function run(path: string, args: readonly string[]): Promise<{ status: number; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"] });
    const chunks: Uint8Array[] = [];
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      const stderr = new TextDecoder().decode(concatBytes(...chunks));
      // No code: a signal ended the script.
      resolve({ status: code ?? 126, stderr });
    });
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

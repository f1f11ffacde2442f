/**
 * One test for each form of the program, in a directory of its own.
 *
 * @module
 */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Program, PROGRAMS } from "../../scripts/test/programs.ts";
import { long, QUICK } from "../../scripts/test/effort.ts";
import { run, which } from "./process.ts";

/** What a test body gets. */
export interface Subject {
  /** Starts `composefs`; a command's name and its arguments follow. */
  readonly composefs: readonly string[];
  /** Start of a command: `subject.tool("mkcomposefs")`. */
  tool(name: string): readonly string[];
  /** Empty directory, removed after the test. */
  readonly directory: string;
  /** Path of a name in that directory. */
  path(name: string): string;
}

/** What a test cannot do without. */
export interface Needs {
  /** Programs that must be on PATH. */
  readonly tools?: readonly string[];
  readonly root?: true;
  /** Further reason to skip, decided by the caller; empty if there is none. */
  readonly skip?: string;
  /** Runs under one form of the program only: what is asked for does not depend on the runtime. */
  readonly once?: true;
  /** Takes seconds, and is left out of a quick run. */
  readonly long?: true;
}

/** Parent of all directories: not a file system in memory, where objects and images are unlike. */
const PARENT = "/var/tmp";

/** File systems whose files a digest cache knows again, as stat(1) calls them. */
const ON_DISK: readonly string[] = ["ext2/ext3", "xfs", "btrfs", "f2fs", "bcachefs"];

/** Tells whether a directory lies on a disk, as it does not in most containers. */
export function isOnDisk(directory: string): boolean {
  const { stdout } = run(["stat"], ["-f", "-c", "%T", directory]);
  return ON_DISK.includes(new TextDecoder().decode(stdout).trim());
}

/** Makes a directory that everybody may enter; the caller removes it. */
export function makeWorkspace(): string {
  const directory = mkdtempSync(join(PARENT, "composefs-e2e-"));
  chmodSync(directory, 0o755);
  return directory;
}

/** Makes a directory that is removed when the tests of the module are over. */
export function moduleWorkspace(): string {
  const directory = makeWorkspace();
  globalThis.addEventListener("unload", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** End of a test's name that says what is missing; empty if nothing is. */
export function missing({ tools = [], root, long: isLong, skip = "" }: Needs): string {
  // Starting two programs for each answer takes its time as well.
  if (isLong === true || tools.length > 0) {
    const { suffix } = long();
    if (suffix !== "") return suffix;
  }
  const absent = tools.filter((tool) => which(tool) === undefined);
  if (absent.length > 0) return ` (skipped: no ${absent.join(", ")} on PATH)`;
  if (root && Deno.uid() !== 0) return " (skipped: not root)";
  return skip === "" ? "" : ` (skipped: ${skip})`;
}

function subjectOf(program: Program, directory: string): Subject {
  return {
    composefs: program.command,
    tool: (name) => [...program.command, name],
    directory,
    path: (name) => join(directory, name),
  };
}

/** Registers a test for each form of the program. */
export function testEach(
  name: string,
  needs: Needs,
  body: (subject: Subject) => void | Promise<void>,
): void {
  // In a quick run each test takes one form: the executable, which starts the fastest.
  const one = needs.once === true || QUICK;
  const programs = one ? [PROGRAMS.findLast((program) => program.available)!] : PROGRAMS;
  for (const program of programs) {
    const reason = program.skipReason || missing(needs);
    Deno.test({
      name: `${name} [${program.name}]${reason}`,
      ignore: reason !== "",
      fn: async () => {
        const directory = makeWorkspace();
        try {
          await body(subjectOf(program, directory));
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      },
    });
  }
}

/** The C program of a name; only for tests that name it among their needs. */
export function peer(name: string): readonly string[] {
  const path = which(name);
  if (path === undefined) throw new Error(`Cannot run "${name}": not on PATH`);
  return [path];
}

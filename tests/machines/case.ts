/**
 * What a case in the virtual machine is, and what it has at hand: our commands, the C programs, a
 * directory of its own on a disk with fs-verity.
 *
 * Our commands run within this process, as starting one costs seconds under emulation.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { accessSync, chmodSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { dispatch } from "../../cli/dispatch.ts";
import { createTerminal } from "../../cli/terminal.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import { Fd } from "../../ffi/files/fd.ts";
import { Machine } from "../../ffi/machine.ts";
import { measureVerity } from "../../ffi/files/fsverity.ts";
import type { Linux } from "../../ffi/sys/linux.ts";
import { cString } from "../../ffi/sys/path.ts";
import { O_RDONLY } from "../../ffi/sys/uapi.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import type { Executable } from "../../scripts/test/executables.ts";
import { fakePort } from "../cli/terminal_port.ts";

const AS_NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const AS_ROOT = ["unshare", "--map-root-user", "--mount"];
/** A test that needs the machine. Its name is what host and guest know it by. */
export interface VmCase {
  readonly name: string;
  /** Why it cannot run here, if it cannot. */
  readonly skip?: string | undefined;
  run(guest: Guest): Promise<void> | void;
}

/** A disk of the machine. */
export interface Disk {
  readonly kind: "ext4" | "btrfs";
  readonly path: string;
  readonly device: string;
}

/** Text that a program printed, and its exit status. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program: ours, or another of the same name. */
export type Program = (name: string, args: readonly string[]) => Promise<Outcome>;

/** The machine from inside, as cases use it. */
export class Guest {
  readonly linux: Linux;
  readonly #bun: Executable;
  #directories = 0;

  /**
   * Takes the system calls of this process.
   *
   * @param bun Our program as Bun's executable.
   */
  constructor(linux: Linux, bun: Executable) {
    this.linux = linux;
    this.#bun = bun;
  }

  /** Makes an empty directory on a disk; returns its path. */
  directory(disk: Disk): string {
    const path = join(disk.path, `case${++this.#directories}`);
    mkdirSync(path);
    return path;
  }

  /** Runs one of our programs, by the name it has as a link. */
  readonly ours: Program = async (name, args) => {
    const port = fakePort();
    const status = await dispatch(name, args.map(utf8), {
      composefs: COMPOSEFS,
      terminal: createTerminal(port),
      machine: new Machine(this.linux, { module: undefined }),
    });
    return { status, stdout: port.text(1), stderr: port.text(2) };
  };

  /** Runs a program of PATH. */
  readonly peer: Program = (name, args) => {
    const done = spawnSync(name, args, { encoding: "utf8", timeout: 60_000 });
    if (done.error !== undefined) throw done.error;
    const { stdout, stderr } = done;
    return Promise.resolve({ status: done.status ?? -1, stdout, stderr });
  };

  /** Runs one of our programs by Bun's executable; only in cases that are skipped without it. */
  readonly bun: Program = (name, args) => this.peer(this.#executable, [name, ...args]);

  /** The same as nobody, user and group 65534. */
  readonly nobody: Program = (name, args) => this.#asNobody([], name, args);

  /** The same as nobody who is root of a user namespace. */
  readonly nobodyAsRoot: Program = (name, args) => this.#asNobody(AS_ROOT, name, args);

  get #executable(): string {
    if ("path" in this.#bun) return this.#bun.path;
    throw new Error(`Cannot run Bun's executable: ${this.#bun.missing}`);
  }

  #asNobody(start: readonly string[], name: string, args: readonly string[]): Promise<Outcome> {
    // In a directory for temporary files, which only its owner may enter.
    chmodSync(dirname(this.#executable), 0o755);
    return this.peer("setpriv", [...AS_NOBODY, ...start, this.#executable, name, ...args]);
  }

  /** The digest that the kernel has for a file, in hexadecimal; undefined if it has none. */
  measure(path: string): string | undefined {
    using file = this.open(path);
    return measureVerity(file)?.bytes.toHex();
  }

  /** Opens a file for reading. */
  open(path: string): Fd {
    return Fd.open(this.linux, utf8(path), { flags: O_RDONLY });
  }

  /** Unmounts what is mounted on a directory. */
  unmount(path: string): void {
    const target = cString(utf8(path));
    const result = this.linux.retry(() => this.linux.libc.umount2(target, 0));
    if (result < 0) throw new Error(`Cannot unmount "${path}": error ${-result}`);
  }

  /** Makes the kernel read from the disk again. */
  dropCaches(): void {
    writeFileSync("/proc/sys/vm/drop_caches", "3");
  }
}

/** Calls a program; fails unless it ends with status 0. Returns what it printed. */
export async function succeed(
  program: Program,
  name: string,
  args: readonly string[],
): Promise<string> {
  const { status, stdout, stderr } = await program(name, args);
  if (status === 0) return stdout;
  throw new Error(`Cannot run "${name} ${args.join(" ")}": status ${status}, ${stderr}`);
}

/** Why a case that needs programs of PATH cannot run; undefined if it can. */
export function missingPrograms(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !isOnPath(name));
  return missing.length === 0 ? undefined : `no ${missing.join(", ")} on PATH`;
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      // Missing or not executable here: the next directory on PATH may have one to run.
      return false;
    }
  });
}

/** The code of a system error: `"EIO"`; undefined if `action` throws none. */
export function errorCode(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  return undefined;
}

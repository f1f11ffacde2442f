/**
 * A user namespace to map owners by. A runtime, having several threads, cannot make one for itself.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync, writeFileSync } from "node:fs";

/** The IDs of a namespace and those of the machine that they stand for: 0 is 100000, and so on. */
const MAP = "0 100000 65536\n";

/** Owner and group of a file of root's, mapped. */
export const MAPPED_ROOT = 100_000;

/** A namespace that lives as long as the process in it. */
export class UserNamespace implements Disposable {
  readonly path: string;
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.path = `/proc/${holder.pid}/ns/user`;
  }

  /** Makes one. */
  static async create(): Promise<UserNamespace> {
    const holder = spawn("unshare", ["--user", "sleep", "60"], { stdio: "ignore" });
    const namespace = new UserNamespace(holder);
    const own = readlinkSync("/proc/self/ns/user");
    while (readlinkSync(namespace.path) === own) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const ids of ["uid", "gid"]) writeFileSync(`/proc/${holder.pid}/${ids}_map`, MAP);
    return namespace;
  }

  [Symbol.dispose](): void {
    this.#holder.kill("SIGKILL");
  }
}

/**
 * The standard streams of the process, through the kernel.
 *
 * @module
 */

import { Fd } from "../ffi/files/fd.ts";
import { ownChunks } from "../ffi/files/own_chunks.ts";
import { ownEnvironment } from "../ffi/process/exec.ts";
import { standardStream } from "../ffi/process/stdio.ts";
import { terminalColumns } from "../ffi/process/terminal.ts";
import type { Linux } from "../ffi/sys/linux.ts";
import { latin1 } from "../lib/bytes/text.ts";
import type { TerminalPort } from "./terminal.ts";

/** The process's own streams. */
export class ProcessPort implements TerminalPort {
  readonly #linux: Linux;
  readonly #stderr: Fd;
  #stdout: Fd | undefined;
  #isUsed = false;

  /** Opens nothing: streams are open when a process starts, or not at all. */
  constructor(linux: Linux) {
    this.#linux = linux;
    this.#stderr = new Fd(linux, 2, "standard error");
  }

  /**
   * Whether anything has been written, which would be written once more if the process began anew; or has been
   * read, which would not be there again.
   */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  read(): Iterable<Uint8Array<ArrayBuffer>> {
    this.#isUsed = true;
    return ownChunks(standardStream(this.#linux, 0));
  }

  write(descriptor: 1 | 2, bytes: Uint8Array): number {
    this.#isUsed = true;
    const stream = descriptor === 2
      ? this.#stderr
      : this.#stdout ??= standardStream(this.#linux, 1);
    // In shared memory or not, it is not changed while it is written.
    stream.write(bytes as Uint8Array<ArrayBuffer>);
    return bytes.length;
  }

  isTerminal(descriptor: 1 | 2): boolean {
    return terminalColumns(this.#linux, descriptor) !== undefined;
  }

  columns(descriptor: 1 | 2): number | undefined {
    // A terminal that does not know its width says 0.
    return terminalColumns(this.#linux, descriptor) || undefined;
  }

  isDumb(): boolean {
    const variables = ownEnvironment(this.#linux);
    // Without /proc nothing is known: nearly every terminal can.
    if (variables.length === 0) return false;
    const term = latin1(variables).split("\0").find((variable) => variable.startsWith("TERM="));
    return term === undefined || term === "TERM=" || term === "TERM=dumb";
  }

  now(): number {
    return performance.now();
  }
}

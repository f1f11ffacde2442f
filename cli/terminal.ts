/**
 * The standard streams and the progress line.
 *
 * Standard output is the answer: buffered, written by a call of `flush` at the end. Standard error
 * is everything else. How bytes reach a descriptor comes in through a {@linkcode TerminalPort}, so
 * that nothing here names a runtime.
 *
 * @module
 */

import {
  JsonProgress,
  type Progress,
  ProgressLine,
  type ProgressUnit,
  SILENT_PROGRESS,
} from "./progress_line.ts";
import { utf8 } from "../lib/bytes/text.ts";

/** What the streams need of the system. Descriptor 1 is standard output, 2 standard error. */
export interface TerminalPort {
  /** Reads standard input to its end, each chunk in memory of its own. */
  read(): Iterable<Uint8Array<ArrayBuffer>>;
  /**
   * Writes some of `bytes`, at least one.
   *
   * @returns How many were written.
   * @throws An error whose `code` is `"EPIPE"` if nobody reads any more.
   */
  write(descriptor: 1 | 2, bytes: Uint8Array): number;
  isTerminal(descriptor: 1 | 2): boolean;
  /** Width in columns, or undefined if the descriptor is not a terminal. */
  columns(descriptor: 1 | 2): number | undefined;
  /** Tells whether what is a terminal cannot go back in a line: `TERM` says `dumb`, or nothing. */
  isDumb(): boolean;
  /** Milliseconds of a clock that does not jump. */
  now(): number;
}

/** An output stream. */
export interface Output {
  readonly isTerminal: boolean;
  /**
   * Adds bytes, or text as UTF-8, to the stream. `data` may be changed afterwards.
   *
   * @throws Whatever the port threw. After an `"EPIPE"` on standard output, further data is dropped.
   */
  write(data: Uint8Array | string): void;
  /** Writes what is buffered. */
  flush(): void;
}

/** What is said on standard error besides errors, and how. */
export interface Manner {
  /** No notes, no progress. */
  readonly quiet: boolean;
  /** Errors and notes are JSON. */
  readonly json: boolean;
  /** Progress on a terminal, none, or as lines of JSON. */
  readonly progress: "auto" | "none" | "json";
}

/** The manner where nothing is said of it. */
export const PLAIN_MANNER: Manner = { quiet: false, json: false, progress: "auto" };

/** The streams and what is known of the terminal. */
export interface Terminal {
  /** Reads standard input to its end, each chunk in memory of its own. */
  stdin(): Iterable<Uint8Array<ArrayBuffer>>;
  readonly stdout: Output;
  /** Not buffered. Removes the progress line before it writes. Drops data once nobody reads. */
  readonly stderr: Output;
  /** Columns of the terminal that standard output is, 80 if it is none. */
  readonly width: number;
  /** Tells whether standard output ended early because its reader is gone. */
  stdoutClosed(): boolean;
  /** How standard error is used; may be set until something is written there. */
  manner: Manner;
  /**
   * Starts a line on standard error, such as `Digesting: 12.0 of 100.0 MiB (12%)`; by default nothing is
   * drawn unless standard error is a terminal that can go back in a line.
   *
   * @param total How much there is to do, in the unit; without it no share is shown.
   */
  progress(task: string, unit: ProgressUnit, total?: number): Progress;
}

const BUFFER_SIZE = 65536;

/** Makes the streams over a port. */
export function createTerminal(port: TerminalPort): Terminal {
  const progressPort = {
    write: (text: string) => writeErrorStream(port, utf8(text)),
    columns: () => port.columns(2) ?? 80,
    now: () => port.now(),
  };
  const line = new ProgressLine(progressPort);
  const jsonLines = new JsonProgress(progressPort);
  const stdout = bufferedOutput(port, line);
  return {
    stdin: () => port.read(),
    stdout,
    stderr: directOutput(port, line),
    width: port.columns(1) ?? 80,
    manner: PLAIN_MANNER,
    stdoutClosed: () => stdout.closed,
    progress(task, unit, total) {
      const { quiet, progress } = this.manner;
      if (quiet || progress === "none") return SILENT_PROGRESS;
      if (progress === "json") return jsonLines.start(task, unit, total);
      return port.isTerminal(2) && !port.isDumb() ? line.start(task, unit, total) : SILENT_PROGRESS;
    },
  };
}

function bufferedOutput(
  port: TerminalPort,
  line: ProgressLine,
): Output & { readonly closed: boolean } {
  const isTerminal = port.isTerminal(1);
  const buffer = new Uint8Array(BUFFER_SIZE);
  let used = 0;
  let closed = false;

  function send(bytes: Uint8Array): void {
    if (isTerminal) line.clear();
    try {
      writeAll(port, 1, bytes);
    } catch (error) {
      closed = isBrokenPipe(error);
      throw error;
    }
  }
  function flush(): void {
    const pending = buffer.subarray(0, used);
    used = 0;
    if (pending.length > 0 && !closed) send(pending);
  }
  function write(data: Uint8Array | string): void {
    if (closed) return;
    const bytes = typeof data === "string" ? utf8(data) : data;
    if (used + bytes.length > BUFFER_SIZE) flush();
    if (bytes.length > BUFFER_SIZE) return send(bytes);
    buffer.set(bytes, used);
    used += bytes.length;
  }
  return {
    isTerminal,
    write,
    flush,
    get closed() {
      return closed;
    },
  };
}

function directOutput(port: TerminalPort, line: ProgressLine): Output {
  function write(data: Uint8Array | string): void {
    line.clear();
    writeErrorStream(port, typeof data === "string" ? utf8(data) : data);
  }
  return { isTerminal: port.isTerminal(2), write, flush() {} };
}

function writeAll(port: TerminalPort, descriptor: 1 | 2, bytes: Uint8Array): void {
  for (let position = 0; position < bytes.length;) {
    position += port.write(descriptor, bytes.subarray(position));
  }
}

/** Writes to standard error; a reader that is gone is no reason to end the work. */
function writeErrorStream(port: TerminalPort, bytes: Uint8Array): void {
  try {
    writeAll(port, 2, bytes);
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

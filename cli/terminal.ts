/**
 * The standard streams and the progress line.
 *
 * Standard output is the answer: buffered, written by a call of `flush` at the end. Standard error
 * is everything else. How bytes reach a descriptor comes in through a {@linkcode TerminalPort}, so
 * that nothing here names a runtime.
 *
 * @module
 */

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

/** A running task as the progress line shows it. */
export interface Progress {
  /**
   * Says how much is done, and of how much if that has changed; redraws the line if a tenth of a second
   * has passed.
   */
  update(done: number, total?: number): void;
  /** Removes the line. */
  finish(): void;
}

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
  /**
   * Starts a line on standard error, such as `Digesting 120 of 960 (12%)`. Nothing is drawn unless
   * standard error is a terminal.
   *
   * @param total How much there is to do, in the units of `update`; without it no share is shown.
   */
  progress(label: string, total?: number): Progress;
}

const BUFFER_SIZE = 65536;
const REDRAW_MILLISECONDS = 100;

/** Makes the streams over a port. */
export function createTerminal(port: TerminalPort): Terminal {
  const line = progressLine(port);
  const stdout = bufferedOutput(port, line);
  return {
    stdin: () => port.read(),
    stdout,
    stderr: directOutput(port, line),
    width: port.columns(1) ?? 80,
    stdoutClosed: () => stdout.closed,
    progress: line.start,
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

interface ProgressLine {
  start(label: string, total?: number): Progress;
  clear(): void;
}

function progressLine(port: TerminalPort): ProgressLine {
  let shown = 0;

  function clear(): void {
    // Spaces rather than an escape sequence: every terminal understands them.
    if (shown > 0) writeErrorStream(port, utf8(`\r${" ".repeat(shown)}\r`));
    shown = 0;
  }
  function draw(text: string): void {
    // The last column stays free: some terminals break the line once it is filled.
    const cut = [...text].slice(0, Math.max(0, (port.columns(2) ?? 80) - 1));
    const rest = " ".repeat(Math.max(0, shown - cut.length));
    writeErrorStream(port, utf8(`\r${cut.join("")}${rest}`));
    shown = cut.length;
  }
  function start(label: string, total?: number): Progress {
    if (!port.isTerminal(2)) return { update() {}, finish() {} };
    // Counting from the start keeps a task of less than a tenth of a second from flickering.
    let drawnAt = port.now();
    return {
      update(done, newTotal = total) {
        const now = port.now();
        if (now - drawnAt < REDRAW_MILLISECONDS) return;
        drawnAt = now;
        draw(progressText(label, done, newTotal));
      },
      finish: clear,
    };
  }
  return { start, clear };
}

function progressText(label: string, done: number, total: number | undefined): string {
  if (total === undefined) return `${label} ${done}`;
  const share = total > 0 ? Math.min(100, Math.floor(100 * done / total)) : 100;
  return `${label} ${done} of ${total} (${share}%)`;
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

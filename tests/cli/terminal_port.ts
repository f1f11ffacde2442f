/**
 * A terminal that remembers what was written to it, and whose clock stands still until it is moved.
 *
 * @module
 */

import type { TerminalPort } from "../../cli/terminal.ts";

/** How the fake behaves. */
export interface FakePortOptions {
  /** Descriptors that are terminals. */
  readonly terminals?: readonly (1 | 2)[];
  readonly columns?: number;
  /** Whether terminals cannot go back in a line. */
  readonly dumb?: boolean;
  /** Most bytes that one write takes. */
  readonly atMost?: number;
  /** Errors to throw from every write to a descriptor. */
  readonly failures?: Partial<Record<1 | 2, Error>>;
}

/** A port with its memory. */
export interface FakePort extends TerminalPort {
  /** Moves the clock, in milliseconds. */
  time: number;
  /** All writes so far, in order. */
  readonly writes: { readonly descriptor: 1 | 2; readonly text: string }[];
  readonly failures: Partial<Record<1 | 2, Error>>;
  /** Everything written to a descriptor. */
  text(descriptor: 1 | 2): string;
}

/** An error as the system reports that nobody reads. */
export function brokenPipe(): Error {
  return Object.assign(new Error("Cannot write: broken pipe"), { code: "EPIPE" });
}

/** Makes a port. */
export function fakePort(options: FakePortOptions = {}): FakePort {
  const writes: { descriptor: 1 | 2; text: string }[] = [];
  const port: FakePort = {
    time: 0,
    writes,
    read: () => [],
    failures: { ...options.failures },
    write(descriptor, bytes) {
      const failure = port.failures[descriptor];
      if (failure !== undefined) throw failure;
      const taken = bytes.subarray(0, options.atMost);
      writes.push({ descriptor, text: new TextDecoder().decode(taken) });
      return taken.length;
    },
    isTerminal: (descriptor) => options.terminals?.includes(descriptor) ?? false,
    columns: (descriptor) => port.isTerminal(descriptor) ? options.columns ?? 80 : undefined,
    isDumb: () => options.dumb ?? false,
    now: () => port.time,
    text(descriptor) {
      return writes.filter((write) => write.descriptor === descriptor).map((write) => write.text)
        .join("");
    },
  };
  return port;
}

/**
 * SIGINT, SIGTERM and their like for work that never returns to an event loop.
 *
 * System calls here are synchronous, so a runtime's own handlers would run when all is over, and the
 * default action would leave behind what has a temporary name. Calling JavaScript from a handler is out
 * of the question; so the handler is a function of libc that may be called from one, takes the number of
 * the signal, and leaves a trace that can be asked for: alarm(2). If nobody asks within as many seconds
 * as the number says, which is one for SIGHUP, SIGALRM comes, and leaves the same trace for 14 seconds
 * more; the second one ends the process after all.
 *
 * @module
 */

import type { Backend } from "./_libc.ts";
import { SA_RESETHAND, SIGACTION } from "./uapi.ts";

/** The signals that are caught, by name: all that end a process and that it can outlive for a moment. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15, SIGXCPU: 24 } as const;
const SIGALRM = 14;

const SIG_DFL = 0;
const SIG_IGN = 1;

/** Name of a signal that is caught. */
export type CaughtSignal = keyof typeof SIGNALS;

/** A signal asks the process to end: see {@linkcode SignalCatcher.end}. */
export class InterruptedError extends Error {
  readonly signal: CaughtSignal;

  /** Names the signal. */
  constructor(signal: CaughtSignal) {
    super(`Interrupted by ${signal}`);
    this.name = "InterruptedError";
    this.signal = signal;
  }
}

/**
 * The signal that left so many seconds. A second or more after it came one with a smaller number may be
 * told, which matters only to a parent process that asks what ended this one.
 */
function signalAfter(seconds: number): CaughtSignal {
  if (seconds > SIGNALS.SIGTERM) return "SIGXCPU";
  if (seconds > SIGNALS.SIGQUIT) return "SIGTERM";
  if (seconds === SIGNALS.SIGQUIT) return "SIGQUIT";
  return seconds === SIGNALS.SIGINT ? "SIGINT" : "SIGHUP";
}

/** Catches signals from {@linkcode SignalCatcher.start} on. */
export class SignalCatcher {
  readonly #backend: Backend;
  #isStarted = false;
  #calls = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Catches the signals from now on, unless they are ignored, as under nohup(1). */
  start(): void {
    const { libc, functionAddress } = this.#backend;
    const handler = functionAddress?.("alarm");
    if (handler === undefined) return;
    for (const signal of Object.values(SIGNALS)) {
      if (libc.signal(signal, handler) === SIG_IGN) {
        libc.signal(signal, SIG_IGN);
        continue;
      }
      // A call that waits, such as for standard input, is to end rather than to go on.
      libc.siginterrupt(signal, 1);
    }
    const action = new Uint8Array(SIGACTION.size);
    SIGACTION.write(new DataView(action.buffer), 0, { handler, flags: SA_RESETHAND });
    libc.sigaction(SIGALRM, action, new Uint8Array(SIGACTION.size));
    this.#isStarted = true;
  }

  /**
   * Looks whether a signal has come. To be called where an error leaves nothing behind.
   *
   * @throws {InterruptedError} Once, when one has.
   */
  check(): void {
    if (!this.#isStarted) return;
    const seconds = this.#backend.libc.alarm(0);
    if (seconds === 0) return;
    // What cleans up now is not to be interrupted; a second signal still ends it, through SIGALRM.
    this.#isStarted = false;
    throw new InterruptedError(signalAfter(seconds));
  }

  /**
   * As {@linkcode SignalCatcher.check}, for calls that are made many times a second and do not wait: looks
   * at every 32nd, for looking costs as much as reading a small file.
   *
   * @throws {InterruptedError} Once, when one has come.
   */
  checkNowAndThen(): void {
    if (this.#isStarted && (++this.#calls & 31) === 0) this.check();
  }

  /** Ends the process by a signal, so that its parent sees what has ended it. */
  end(signal: CaughtSignal): void {
    const { libc } = this.#backend;
    libc.signal(SIGNALS[signal], SIG_DFL);
    libc.raise(SIGNALS[signal]);
  }
}

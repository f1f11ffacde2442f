/**
 * The line that shows how far the work is, or JSON that says so.
 *
 * @module
 */

import { jsonLine } from "./json.ts";

/** What is counted. */
export type ProgressUnit = "bytes" | "files" | "rules";

/** A running task as the progress line shows it. */
export interface Progress {
  /**
   * Says how much is done, and of how much once that is known; shown if a tenth of a second has passed.
   * What is less than was said before is passed over.
   */
  update(done: number, total?: number): void;
  /** Removes the line. */
  finish(): void;
}

/** What the line needs of standard error. */
export interface ProgressPort {
  write(text: string): void;
  /** Width in columns. */
  columns(): number;
  /** Milliseconds of a clock that does not jump. */
  now(): number;
}

const SHOW_MILLISECONDS = 100;
/** Before that, rates and what is left say nothing. */
const RATE_MILLISECONDS = 1000;
const MEBIBYTE = 2 ** 20;

/** What a task has come to. */
interface State {
  readonly task: string;
  readonly unit: ProgressUnit;
  readonly done: number;
  readonly total: number | undefined;
  /** Since its start. */
  readonly milliseconds: number;
}

/** A task of which nothing is shown. */
export const SILENT_PROGRESS: Progress = { update() {}, finish() {} };

/** One line of a terminal, which the task that moved last has. */
export class ProgressLine {
  readonly #port: ProgressPort;
  #shown = 0;

  constructor(port: ProgressPort) {
    this.#port = port;
  }

  /** Starts a task, of as much as `total` says, if that is known. */
  start(task: string, unit: ProgressUnit, total?: number): Progress {
    return counted({ task, unit, total }, this.#port, {
      show: (state) => this.#draw(progressText(state)),
      finish: () => this.clear(),
    });
  }

  /** Removes what is shown. */
  clear(): void {
    // Spaces rather than an escape sequence: every terminal understands them.
    if (this.#shown > 0) this.#port.write(`\r${" ".repeat(this.#shown)}\r`);
    this.#shown = 0;
  }

  #draw(text: string): void {
    // The last column stays free: some terminals break the line once it is filled.
    const cut = [...text].slice(0, Math.max(0, this.#port.columns() - 1));
    const rest = " ".repeat(Math.max(0, this.#shown - cut.length));
    this.#port.write(`\r${cut.join("")}${rest}`);
    this.#shown = cut.length;
  }
}

/** Lines of JSON, which say of each task how far it is, the last of them when it is finished. */
export class JsonProgress {
  readonly #port: ProgressPort;
  /** How far tasks have got, by their names: a task of the same name goes on from there. */
  readonly #done = new Map<string, number>();

  constructor(port: ProgressPort) {
    this.#port = port;
  }

  /** Starts a task, of as much as `total` says, if that is known. */
  start(task: string, unit: ProgressUnit, total?: number): Progress {
    const before = this.#done.get(task) ?? 0;
    let passed: State | undefined;
    const show = (state: State) => {
      passed = undefined;
      const done = before + state.done;
      this.#done.set(task, done);
      // More than was expected is no less than all of it.
      const all = state.total === undefined ? null : before + Math.max(state.total, state.done);
      this.#port.write(jsonLine({ progress: { task, done, total: all, unit } }));
    };
    return counted({ task, unit, total }, this.#port, {
      show,
      pass: (state) => passed = state,
      finish: () => {
        if (passed !== undefined) show(passed);
      },
    });
  }
}

/** What becomes of the states of a task: shown now and then, or passed over. */
interface View {
  show(state: State): void;
  pass?(state: State): void;
  finish(): void;
}

function counted(
  { task, unit, total: expected }: Pick<State, "task" | "unit" | "total">,
  port: ProgressPort,
  view: View,
): Progress {
  const start = port.now();
  // Counting from the start keeps a task of less than a tenth of a second from flickering.
  let shownAt = start;
  let most = 0;
  let total = expected;
  return {
    update(done, newTotal = total) {
      most = Math.max(most, done);
      total = newTotal;
      const now = port.now();
      const state = { task, unit, done: most, total, milliseconds: now - start };
      if (now - shownAt < SHOW_MILLISECONDS) {
        view.pass?.(state);
        return;
      }
      shownAt = now;
      view.show(state);
    },
    finish: () => view.finish(),
  };
}

function progressText({ task, unit, done, total, milliseconds }: State): string {
  const isBytes = unit === "bytes";
  const amount = (count: number) => isBytes ? (count / MEBIBYTE).toFixed(1) : String(count);
  const unitText = isBytes ? "MiB" : unit;
  const share = total === undefined
    ? `${amount(done)} ${unitText}`
    : `${amount(done)} of ${amount(total)} ${unitText} (${percent(done, total)}%)`;
  const perMillisecond = done / milliseconds;
  if (!isBytes || milliseconds < RATE_MILLISECONDS || done === 0) return `${task}: ${share}`;
  const rate = `${amount(perMillisecond * 1000)} MiB/s`;
  const left = total === undefined || total < done
    ? ""
    : `, ${clockTime((total - done) / perMillisecond)} left`;
  return `${task}: ${share}, ${rate}${left}`;
}

function percent(done: number, total: number): number {
  return total > 0 ? Math.min(100, Math.floor(100 * done / total)) : 100;
}

/** Hours, if there are any, minutes and seconds. */
function clockTime(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const two = (count: number) => String(count).padStart(2, "0");
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

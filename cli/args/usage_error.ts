/**
 * The error of a command line that cannot be carried out as it is written.
 *
 * Thrown by the parser and by commands whose options contradict each other; `dispatch.ts` alone turns it
 * into a message and an exit status.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";

/** How a {@linkcode UsageError} is reported. */
export interface UsageErrorOptions extends ErrorOptions {
  /**
   * Whether programs that print their usage after such an error do so after this one. True unless
   * given; false suits a bad value, where the list of options would not help.
   */
  readonly usage?: boolean;
  /** What there is to choose from, printed below the message: whole lines. */
  readonly choices?: string;
}

/** A command line that cannot be carried out. The message is one line without a final period. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** Whether the usage text belongs after the message. */
  readonly usage: boolean;
  /** What there is to choose from: whole lines. */
  readonly choices: string | undefined;

  constructor(message: string, options: UsageErrorOptions = {}) {
    super(message, options);
    this.usage = options.usage ?? true;
    this.choices = options.choices;
  }
}

/**
 * The error for an operand that is not there.
 *
 * @param alternative What may stand in its place, such as `--tar`.
 */
export function missingOperand(
  command: string,
  operand: string,
  alternative?: string,
): UsageError {
  const or = alternative === undefined ? "" : `, expected it or ${alternative}`;
  return new UsageError(`Cannot run ${command}: operand ${operand} is missing${or}`);
}

/** The error for an operand that should not be there. */
export function surplusOperand(operand: Uint8Array, state: string): UsageError {
  return new UsageError(`Cannot use operand ${quote(operand)}: ${state}`);
}

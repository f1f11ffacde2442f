/**
 * What makes a value of what was typed.
 *
 * @module
 */

/**
 * Makes a value of an option or operand out of its text. Throws a `ValueError` whose message says what
 * was expected; the parser puts the option and the text given before it.
 *
 * @param text The bytes as UTF-8, U+FFFD where they are not.
 * @param bytes The bytes as the kernel handed them over, without the terminating NUL.
 */
export type ValueParser<T> = (text: string, bytes: Uint8Array<ArrayBuffer>) => T;

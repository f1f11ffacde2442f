/**
 * The operand `-`, which stands for a standard stream.
 *
 * @module
 */

/** Tells whether an operand is a lone dash. */
export function isDash(operand: Uint8Array): boolean {
  return operand.length === 1 && operand[0] === 0x2d;
}

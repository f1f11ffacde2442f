/**
 * The xattrs at the end of a line.
 *
 * @module
 */

import { LineError, refuseProblem } from "./_line_error.ts";
import { equalBytes } from "../bytes/compare.ts";
import { latin1, quote } from "../bytes/text.ts";
import { MAX_XATTR_VALUE, XATTR_BASE_COST, xattrCost, xattrProblem } from "../tree/limits.ts";
import type { Xattr } from "../tree/tree.ts";
import { type Fields, refuseNul } from "./_fields.ts";

const SPACE = 0x20;
const EQUALS = 0x3d;

/** The most bytes of xattr text on a line, as mkcomposefs 1.0.8 takes them. */
export const MAX_XATTR_TEXT = 65535;

/** Reads the xattrs of lines. Files one after the other that have the same ones share them. */
export class XattrsParser {
  #lastText: Uint8Array = new Uint8Array();
  #lastXattrs: readonly Xattr[] = [];

  /**
   * Reads what no field has taken.
   *
   * @throws {LineError} If an xattr is malformed, or they are too many.
   */
  parse(fields: Fields): readonly Xattr[] {
    const text = fields.rest;
    if (!equalBytes(text, this.#lastText)) {
      this.#lastXattrs = parseXattrs(fields, text);
      this.#lastText = text;
    }
    return this.#lastXattrs;
  }
}

function parseXattrs(fields: Fields, text: Uint8Array): readonly Xattr[] {
  if (text.length > MAX_XATTR_TEXT) {
    throw new LineError(
      `too many xattrs: ${text.length} bytes of text, expected at most ${MAX_XATTR_TEXT}`,
    );
  }
  const xattrs = new Map<string, Xattr>();
  let cost = XATTR_BASE_COST;
  for (let start = 0; start < text.length;) {
    let end = text.indexOf(SPACE, start);
    if (end < 0) end = text.length;
    const xattr = parseXattr(fields, text.subarray(start, end));
    const key = latin1(xattr.name);
    const replaced = xattrs.get(key);
    cost += xattrCost(xattr) - (replaced === undefined ? 0 : xattrCost(replaced));
    refuseProblem(xattrProblem(xattr, cost));
    xattrs.set(key, xattr);
    start = end + 1;
  }
  return [...xattrs.values()];
}

function parseXattr(fields: Fields, text: Uint8Array): Xattr {
  const equals = text.indexOf(EQUALS);
  if (equals < 0) throw new LineError(`missing = in xattr ${quote(text)}`);
  const name = fields.unescape(text.subarray(0, equals));
  refuseNul(name, "xattr name");
  const value = fields.unescape(text.subarray(equals + 1));
  if (value.length > MAX_XATTR_VALUE) {
    throw new LineError(`xattr value of ${value.length} bytes, expected at most 65535`);
  }
  return { name, value };
}

/**
 * One line of a dump file as a node of a tree, on its own: where it goes is the parser's business.
 *
 * @see composefs-dump(5)
 *
 * @module
 */

import { binary, printable } from "../bytes/text.ts";
import {
  checkPayload,
  checkTarget,
  checkXattrs,
  MAX_EXTERNAL_SIZE,
  MAX_INLINE_SIZE,
  MAX_XATTR_VALUE,
  XATTR_BASE_COST,
  xattrCost,
} from "../tree/limits.ts";
import type { Content, FileKind, Leaf, Stat, Xattr } from "../tree/tree.ts";
import { hexDigit, unescapeField } from "./escape.ts";
import { parseI64, parseU32, parseU64 } from "./number.ts";

const SPACE = 0x20;
const DASH = 0x2d;
const EQUALS = 0x3d;
const DOT = 0x2e;

/** The most bytes of xattr text on a line, as mkcomposefs 1.0.8 takes them. */
export const MAX_XATTR_TEXT = 65535;

/** The raw fields of a line, cut at spaces from left to right. */
export class Fields {
  readonly #line: Uint8Array;
  #position = 0;

  constructor(line: Uint8Array) {
    this.#line = line;
  }

  /** The next field, zero-length if the line has ended. */
  next(): Uint8Array {
    if (this.#position > this.#line.length) return this.#line.subarray(0, 0);
    let end = this.#line.indexOf(SPACE, this.#position);
    if (end < 0) end = this.#line.length;
    const field = this.#line.subarray(this.#position, end);
    this.#position = end + 1;
    return field;
  }

  /** Everything behind the fields taken so far. */
  get rest(): Uint8Array {
    return this.#line.subarray(Math.min(this.#position, this.#line.length));
  }
}

/** How strictly a line is read. */
export interface EntryOptions {
  /** Refuses what mkcomposefs refuses under `CFS_PARSE_STRICT`. */
  readonly strict: boolean;
}

/** The fields that the parser needs before it knows where a line goes. */
export interface EntryHead {
  /** SIZE as it stands. */
  readonly size: Uint8Array;
  readonly kind: FileKind;
  /** The low twelve bits of MODE. */
  readonly mode: number;
}

/** A directory's metadata, or any other file as a whole. */
export type ParsedEntry =
  | { readonly kind: "directory"; readonly stat: Stat }
  | { readonly kind: "leaf"; readonly leaf: Leaf<Content> };

/**
 * Reads the fields behind MODE.
 *
 * @throws {SyntaxError} If a field is malformed or does not fit the kind of file.
 */
export function parseEntry(
  fields: Fields,
  head: EntryHead,
  options: EntryOptions,
): ParsedEntry {
  const { kind, mode } = head;
  const size = parseU64(head.size, 10);
  const nlink = parseU32(fields.next(), 10);
  const uid = parseU32(fields.next(), 10);
  const gid = parseU32(fields.next(), 10);
  const rdev = parseU32(fields.next(), 10);
  const { mtime, mtimeNsec } = parseTime(fields.next());
  const payload = optional(fields.next(), "payload");
  const content = optional(fields.next(), "content");
  const digest = parseDigest(optional(fields.next(), "digest"));
  checkContent(content, size);
  if (payload !== undefined) checkPayload(payload);
  const xattrs = parseXattrs(fields.rest);
  const stat = { mode, uid, gid, nlink, mtime, mtimeNsec, xattrs };
  if (options.strict) checkStrictly(kind, rdev, size, payload, content);
  switch (kind) {
    case "directory":
      return { kind, stat };
    case "regular":
      return { kind: "leaf", leaf: { kind, stat, file: regular(size, payload, content, digest) } };
    case "symlink": {
      checkTarget(payload ?? NOTHING);
      return { kind: "leaf", leaf: { kind, stat, target: payload! } };
    }
    default: {
      const device = kind === "character" || kind === "block";
      const special = { kind, stat, rdev: device ? rdev : 0 };
      const leaf = size > 0xffffffff ? { ...special, oversized: true as const } : special;
      return { kind: "leaf", leaf };
    }
  }
}

const NOTHING = new Uint8Array();

function regular(
  size: number | bigint,
  payload: Uint8Array | undefined,
  content: Uint8Array | undefined,
  digest: Uint8Array | undefined,
): Content {
  if (content !== undefined) return { kind: "inline", bytes: content };
  if (size === 0) return { kind: "inline", bytes: NOTHING };
  if (size > MAX_EXTERNAL_SIZE) {
    throw new SyntaxError(`file too large: size ${size}, expected at most ${MAX_EXTERNAL_SIZE}`);
  }
  return {
    kind: "external",
    size: Number(size),
    ...(payload !== undefined && payload.length > 0 ? { path: payload } : {}),
    ...(digest !== undefined ? { digest } : {}),
  };
}

function parseTime(field: Uint8Array): Pick<Stat, "mtime" | "mtimeNsec"> {
  const dot = field.indexOf(DOT);
  if (dot < 0) {
    throw new SyntaxError(
      `invalid time "${printable(field)}", expected seconds, a dot and nanoseconds`,
    );
  }
  return {
    mtime: parseI64(field.subarray(0, dot)),
    mtimeNsec: parseU32(field.subarray(dot + 1), 10),
  };
}

/** An optional field: a lone dash means that it is absent. */
function optional(field: Uint8Array, name: string): Uint8Array | undefined {
  if (field.length === 1 && field[0] === DASH) return undefined;
  const value = unescapeField(field);
  if (name !== "content") refuseNul(value, name);
  return value;
}

/** C cuts these strings at a NUL without a word; here they are refused. */
export function refuseNul(value: Uint8Array, name: string): void {
  if (value.includes(0)) throw new SyntaxError(`NUL byte in ${name} "${printable(value)}"`);
}

function parseDigest(text: Uint8Array | undefined): Uint8Array | undefined {
  if (text === undefined || text.length === 0) return undefined;
  if (text.length !== 64 || text.some((byte) => hexDigit(byte) < 0)) {
    throw new SyntaxError(
      `invalid digest "${printable(text)}", expected 64 hexadecimal digits or -`,
    );
  }
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) {
    digest[i] = hexDigit(text[2 * i]!) << 4 | hexDigit(text[2 * i + 1]!);
  }
  return digest;
}

function checkContent(content: Uint8Array | undefined, size: number | bigint): void {
  if (content === undefined) return;
  if (content.length !== size) {
    throw new SyntaxError(`invalid content size ${content.length}, must match size ${size}`);
  }
  if (content.length > MAX_INLINE_SIZE) {
    throw new SyntaxError(
      `inline content size ${content.length} exceeds maximum ${MAX_INLINE_SIZE}`,
    );
  }
}

function checkStrictly(
  kind: FileKind,
  rdev: number,
  size: number | bigint,
  payload: Uint8Array | undefined,
  content: Uint8Array | undefined,
): void {
  if (rdev !== 0 && kind !== "character" && kind !== "block") {
    throw new SyntaxError(`non-zero device number ${rdev} on a ${kind} file`);
  }
  if (kind !== "symlink") return;
  if (payload !== undefined && size !== payload.length) {
    throw new SyntaxError(
      `invalid symlink size ${size}, must match the target's length ${payload.length}`,
    );
  }
  if (content !== undefined && content.length > 0) {
    throw new SyntaxError("symlink cannot have content");
  }
}

const NO_XATTRS: readonly Xattr[] = [];

function parseXattrs(text: Uint8Array): readonly Xattr[] {
  if (text.length === 0) return NO_XATTRS;
  if (text.length > MAX_XATTR_TEXT) {
    throw new SyntaxError(
      `too many xattrs: ${text.length} bytes of text, expected at most ${MAX_XATTR_TEXT}`,
    );
  }
  const xattrs = new Map<string, Xattr>();
  let cost = XATTR_BASE_COST;
  for (let start = 0; start < text.length;) {
    let end = text.indexOf(SPACE, start);
    if (end < 0) end = text.length;
    const xattr = parseXattr(text.subarray(start, end));
    const key = binary(xattr.name);
    const replaced = xattrs.get(key);
    cost += xattrCost(xattr) - (replaced === undefined ? 0 : xattrCost(replaced));
    checkXattrs(xattr, cost);
    xattrs.set(key, xattr);
    start = end + 1;
  }
  return [...xattrs.values()];
}

function parseXattr(text: Uint8Array): Xattr {
  const equals = text.indexOf(EQUALS);
  if (equals < 0) throw new SyntaxError(`missing = in xattr "${printable(text)}"`);
  const name = unescapeField(text.subarray(0, equals));
  refuseNul(name, "xattr name");
  const value = unescapeField(text.subarray(equals + 1));
  if (value.length > MAX_XATTR_VALUE) {
    throw new SyntaxError(`xattr value of ${value.length} bytes, expected at most 65535`);
  }
  return { name, value };
}

/**
 * One line of a dump file as a node of a tree, on its own: where it goes is the parser's business.
 *
 * @see composefs-dump(5)
 *
 * @module
 */

import { LineError, refuseProblem } from "./_line_error.ts";
import { latin1, quote } from "../bytes/text.ts";
import { Digest, DIGEST_FORM, MAX_DIGEST_SIZE } from "../digest/digest.ts";
import { GrowingDirectory } from "../tree/growing_directory.ts";
import {
  MAX_EXTERNAL_SIZE,
  MAX_INLINE_SIZE,
  payloadLengthProblem,
  targetLengthProblem,
} from "../tree/limits.ts";
import {
  type Content,
  externalContent,
  type FileKind,
  type Leaf,
  type Xattr,
} from "../tree/tree.ts";
import type { Fields } from "./_fields.ts";
import { XattrsParser } from "./_xattrs.ts";

/** How strictly a line is read. */
export interface EntryOptions {
  /** Refuses what mkcomposefs refuses under `CFS_PARSE_STRICT`. */
  readonly strict: boolean;
}

/** The fields that the parser needs before it knows where a line goes. */
export interface EntryHead {
  /** Where SIZE stands: it is looked at later. */
  readonly sizeAt: number;
  readonly kind: FileKind;
  /** The low twelve bits of MODE. */
  readonly mode: number;
}

/** Reads what stands on a line behind MODE. */
export class EntryParser {
  readonly #options: EntryOptions;
  readonly #xattrs = new XattrsParser();
  /** NLINK, UID, GID and RDEV of the current line. */
  readonly #numbers = new Uint32Array(4);
  /** Whether the line that was read last is of a device, fifo or socket of 2^32 bytes or more. */
  isOversized = false;

  constructor(options: EntryOptions) {
    this.#options = options;
  }

  /**
   * Reads the rest of a line.
   *
   * @throws {LineError} If a field is malformed or does not fit the kind of file.
   */
  parse(
    fields: Fields,
    { sizeAt, kind, mode }: EntryHead,
  ): GrowingDirectory | Leaf<Content> {
    const { position } = fields;
    fields.position = sizeAt;
    const size = fields.u64();
    fields.position = position;
    // In a loop, since JavaScriptCore optimizes each call apart: four took it longer than to parse all.
    const numbers = this.#numbers;
    for (let i = 0; i < numbers.length; i++) numbers[i] = fields.u32();
    fields.time();
    const payload = fields.optional("payload");
    const content = fields.optional();
    const digest = fields.plainDigest() ?? parseDigest(fields.optional("digest"));
    if (content !== undefined) checkContent(content, size);
    if (payload !== undefined) refuseProblem(payloadLengthProblem(payload.length));
    this.isOversized = false;
    const xattrs = fields.ended ? NO_XATTRS : this.#xattrs.parse(fields);
    const stat = {
      mode,
      uid: numbers[1]!,
      gid: numbers[2]!,
      nlink: numbers[0]!,
      mtime: fields.mtime,
      mtimeNsec: fields.mtimeNsec,
      xattrs,
    };
    const rdev = numbers[3]!;
    if (this.#options.strict) checkStrictly(kind, rdev, size, payload, content);
    switch (kind) {
      case "directory":
        return new GrowingDirectory(stat);
      case "regular":
        return { kind, stat, file: regular(size, payload, content, digest) };
      case "symlink":
        refuseProblem(targetLengthProblem(payload?.length ?? 0));
        return { kind, stat, target: payload! };
      default: {
        const device = kind === "character" || kind === "block";
        this.isOversized = size > 0xffffffff;
        return { kind, stat, rdev: device ? rdev : 0 };
      }
    }
  }
}

const NO_XATTRS: readonly Xattr[] = [];
const NOTHING = new Uint8Array();

function regular(
  size: number | bigint,
  payload: Uint8Array | undefined,
  content: Uint8Array | undefined,
  digest: Digest | undefined,
): Content {
  if (content !== undefined) return { kind: "inline", bytes: content };
  if (size === 0) return { kind: "inline", bytes: NOTHING };
  if (size > MAX_EXTERNAL_SIZE) {
    throw new LineError(`file too large: size ${size}, expected at most ${MAX_EXTERNAL_SIZE}`);
  }
  return externalContent(Number(size), payload, digest);
}

/** Digits of the longest digest. */
const LONGEST_DIGEST = 2 * MAX_DIGEST_SIZE;

function parseDigest(text: Uint8Array | undefined): Digest | undefined {
  if (text === undefined || text.length === 0) return undefined;
  const digest = Digest.tryParse(latin1(text.subarray(0, LONGEST_DIGEST + 1)));
  // A prefix with the name of the algorithm is more than a dump has.
  if (digest !== undefined && text.length === 2 * digest.bytes.length) return digest;
  throw new LineError(
    `invalid digest ${quote(text)}, expected ${DIGEST_FORM} or -`,
  );
}

function checkContent(content: Uint8Array, size: number | bigint): void {
  if (content.length !== size) {
    throw new LineError(`invalid content size ${content.length}, must match size ${size}`);
  }
  if (content.length > MAX_INLINE_SIZE) {
    throw new LineError(
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
    throw new LineError(`non-zero device number ${rdev} on a ${kind} file`);
  }
  if (kind !== "symlink") return;
  if (payload !== undefined && size !== payload.length) {
    throw new LineError(
      `invalid symlink size ${size}, must match the target's length ${payload.length}`,
    );
  }
  if (content !== undefined && content.length > 0) {
    throw new LineError("symlink cannot have content");
  }
}

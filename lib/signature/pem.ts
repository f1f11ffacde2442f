/**
 * PEM, the text form of keys and certificates: blocks of base64 between two lines that name their kind.
 *
 * @see RFC 7468
 *
 * @module
 */

import { EncodingError } from "./encoding_error.ts";

/** One block. */
export interface PemBlock {
  /** What the lines around it say, such as `CERTIFICATE`. */
  readonly label: string;
  /** The block with these lines. */
  readonly text: string;
  /** What is between them. */
  readonly body: string;
}

const BEGIN = "-----BEGIN ";
const DASHES = "-----";

/** Finds the blocks of a text, in order. What stands between them, or has no end, is passed over. */
export function* pemBlocks(text: string): Generator<PemBlock> {
  let at = 0;
  while (true) {
    const start = text.indexOf(BEGIN, at);
    if (start < 0) return;
    const labelStart = start + BEGIN.length;
    at = labelStart;
    const labelEnd = text.indexOf(DASHES, labelStart);
    const label = text.slice(labelStart, labelEnd);
    if (labelEnd < 0 || !/^[ -,.-~]+$/.test(label)) continue;
    const bodyStart = labelEnd + DASHES.length;
    const bodyEnd = text.indexOf(DASHES, bodyStart);
    const last = `${DASHES}END ${label}${DASHES}`;
    if (bodyEnd < 0 || !text.startsWith(last, bodyEnd)) continue;
    at = bodyEnd + last.length;
    yield { label, text: text.slice(start, at), body: text.slice(bodyStart, bodyEnd) };
  }
}

/**
 * Decodes a block.
 *
 * @throws {EncodingError} If its body is not base64.
 */
export function decodePem({ label, body }: PemBlock): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    throw new EncodingError(`Cannot decode PEM block "${label}": not base64`, { cause });
  }
}

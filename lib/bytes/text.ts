/**
 * Between byte strings and JavaScript strings, where one is needed.
 *
 * Two ways lead there. `latin1` keeps every byte (one UTF-16 unit each, so the strings sort as the
 * bytes do) and serves as a map key. `printable` is for people: a message that names a path.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Encodes a string as UTF-8: ASCII constants of the formats, and text that a person typed. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Joins byte strings into a new one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    joined.set(part, position);
    position += part.length;
  }
  return joined;
}

/** A string with one UTF-16 unit (0 to 255) for each byte; equal exactly if the bytes are equal. */
export function latin1(bytes: Uint8Array): string {
  // Applying fromCharCode to the whole array is the fastest portable way for names (measured), and
  // overflows the stack for very long ones.
  if (bytes.length <= 4096) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096) as unknown as number[]);
  }
  return text;
}

/** The most bytes that a message shows of a byte string. */
const PRINTABLE_LENGTH = 200;

/** Bytes as messages name a file by them: `printable`, between quotes. */
export function quote(bytes: Uint8Array): string {
  return `"${printable(bytes)}"`;
}

/**
 * Bytes as a person may read them in one line of a message: UTF-8 where it is, `\xHH` for bytes that are
 * not and for control characters, cut after about 200 bytes.
 */
export function printable(bytes: Uint8Array): string {
  const head = bytes.subarray(0, PRINTABLE_LENGTH);
  let text = "";
  for (let at = 0; at < head.length;) {
    const length = utf8Length(head, at);
    const character = length === 0
      ? undefined
      : strictDecoder.decode(head.subarray(at, at + length));
    // deno-lint-ignore no-control-regex
    text += character === undefined || /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(character)
      ? head.subarray(at, at + Math.max(length, 1)).reduce(
        (escaped, byte) => escaped + "\\x" + byte.toString(16).padStart(2, "0"),
        "",
      )
      : character;
    at += Math.max(length, 1);
  }
  return bytes.length > head.length ? text + "…" : text;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Length of the UTF-8 character at `at`, 0 if there is none. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  try {
    strictDecoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

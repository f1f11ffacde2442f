/**
 * What `--json` prints.
 *
 * One document a run, or one a line for commands whose answer is a list. Byte strings follow one rule:
 * a field `path` holds the bytes as text if they are UTF-8. If not, it holds them with the escapes of a
 * dump file, for people, and a second field `pathBase64` holds the bytes. Where that field is, it
 * counts; where it is not, the text is exact.
 *
 * @module
 */

/** The rule for byte strings in words, for the help text of commands that offer `--json`. */
export const JSON_BYTES_HELP =
  'A path that is not UTF-8 appears with \\xHH escapes, and a second field, named after the first with "Base64" at the end, holds its bytes.';

/** The `--json` option, for the tables of commands that offer it. */
export const JSON_OPTION = {
  kind: "flag",
  summary: "Print the answer as JSON",
  help: JSON_BYTES_HELP,
  extension: true,
} as const;

/** A field that holds a byte string, and its companion if the bytes are not UTF-8. */
export type JsonBytes<Name extends string> =
  & { readonly [Key in Name]: string }
  & { readonly [Key in `${Name}Base64`]?: string };

/** Makes the field or two that hold a byte string, to be spread into an object. */
export function jsonBytes<const Name extends string>(
  name: Name,
  bytes: Uint8Array,
): JsonBytes<Name> {
  return fields(name, bytes) as JsonBytes<Name>;
}

function fields(name: string, bytes: Uint8Array): Record<string, string> {
  try {
    return { [name]: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { [name]: escapeBytes(bytes), [`${name}Base64`]: bytes.toBase64() };
  }
}

/**
 * One JSON document as a line, its line end included. A bigint becomes a string of its decimal digits:
 * only values beyond 2^53, which most readers of JSON would round, are ever one.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, field) => typeof field === "bigint" ? field.toString() : field,
  );
  return text + "\n";
}

/** Bytes 0x20 to 0x7e as they are, backslash doubled, all others `\xHH`, as in composefs-dump(5). */
function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x5c) text += "\\\\";
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += "\\x" + byte.toString(16).padStart(2, "0");
  }
  return text;
}

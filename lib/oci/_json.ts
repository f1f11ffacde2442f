/**
 * JSON documents whose shape is not known before: each value is asked for as what it should be, and the answer
 * is that, or an error that says where in the document something else stands.
 *
 * Nesting is no danger: values are looked at where the format has them, never walked, and the parsers of the
 * runtimes take any depth.
 *
 * @module
 */

import { quote, utf8 } from "../bytes/text.ts";
import { OciError } from "./oci_error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Most characters of a string that a message looks at. */
const SHOWN = 300;

/** Form of digests, for messages. */
const DIGEST_FORM = "sha256: and 64, or sha512: and 128 hexadecimal digits of lower case";

/** Tells whether text is a digest as OCI writes it, by an algorithm that is known here. */
export function isDigest(text: string): boolean {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** A value in a document, and where it stands. */
export class JsonValue {
  readonly #value: unknown;
  readonly #document: string;
  readonly #parent: JsonValue | undefined;
  readonly #key: string | number;

  private constructor(
    value: unknown,
    document: string,
    parent: JsonValue | undefined,
    key: string | number,
  ) {
    this.#value = value;
    this.#document = document;
    this.#parent = parent;
    this.#key = key;
  }

  /**
   * Parses a document.
   *
   * @param document What it is, for messages: `image index`.
   * @param place Where in it these bytes stand, if they are not all of it: `entries[3]`.
   * @throws {OciError} If it is no JSON in UTF-8.
   */
  static parse(bytes: Uint8Array, document: string, place: string = ""): JsonValue {
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(bytes));
    } catch {
      const subject = place === "" ? "" : `${place} is `;
      throw new OciError("invalid", `Cannot use ${document}: ${subject}not JSON in UTF-8`);
    }
    return new JsonValue(value, document, undefined, place);
  }

  /** What the document is, for messages. */
  get document(): string {
    return this.#document;
  }

  /** A member of an object, undefined if it is not there or null. */
  find(key: string): JsonValue | undefined {
    const object = this.#object();
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    return value === undefined || value === null ? undefined : this.#below(value, key);
  }

  /** A member of an object. Absent ones are refused where they are asked for as something. */
  get(key: string): JsonValue {
    return this.find(key) ?? this.#below(undefined, key);
  }

  /** The names and values of an object's members. */
  members(): [string, JsonValue][] {
    return Object.entries(this.#object()).map(([key, value]) => [key, this.#below(value, key)]);
  }

  /**
   * The same object with its names in lower case, as programs in Go match them.
   *
   * @throws {OciError} If that makes one name of two, of which programs would take different ones.
   */
  folded(): JsonValue {
    const folded: Record<string, unknown> = Object.create(null);
    for (const [key, value] of Object.entries(this.#object())) {
      const name = foldName(key);
      if (Object.hasOwn(folded, name)) {
        throw this.#below(value, key).refuse("one member of that name");
      }
      folded[name] = value;
    }
    return new JsonValue(folded, this.#document, this.#parent, this.#key);
  }

  /** The items of an array. */
  items(): JsonValue[] {
    const value = this.#value;
    if (!Array.isArray(value)) throw this.refuse("an array");
    return value.map((item: unknown, index) => this.#below(item, index));
  }

  /** Items of an array that is a member, none if it is absent: programs in Go write null for an empty one. */
  list(key: string): JsonValue[] {
    return this.find(key)?.items() ?? [];
  }

  /** A string. */
  text(): string {
    if (typeof this.#value !== "string") throw this.refuse("a string");
    return this.#value;
  }

  /** A number of bytes or things. */
  count(): number {
    const value = this.#value;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.refuse("an integer from 0 to 2^53-1");
    }
    return value;
  }

  /** A digest, as `sha256:HEX`. */
  digest(): string {
    const text = this.text();
    if (!isDigest(text)) throw this.refuse(DIGEST_FORM);
    return text;
  }

  /** The error that something else was expected here. */
  refuse(expected: string): OciError {
    const path = this.#path();
    const what = path === "" ? "it" : path;
    return new OciError(
      "invalid",
      `Cannot use ${this.#document}: ${what} is ${describe(this.#value)}, expected ${expected}`,
    );
  }

  #object(): Record<string, unknown> {
    if (!isObject(this.#value)) throw this.refuse("an object");
    return this.#value;
  }

  #below(value: unknown, key: string | number): JsonValue {
    return new JsonValue(value, this.#document, this, key);
  }

  /** Where it stands: `manifests[3].digest`. */
  #path(): string {
    const key = this.#key;
    if (this.#parent === undefined) return String(key);
    const before = this.#parent.#path();
    if (typeof key === "number") return `${before}[${key}]`;
    if (!/^\w{1,40}$/.test(key)) return `${before}[${quoteText(key)}]`;
    return before === "" ? key : `${before}.${key}`;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return quoteText(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** A name as programs in Go match it, in lower case. */
export function foldName(name: string): string {
  // The long s is the one letter that Go takes for another and toLowerCase leaves alone.
  return name.toLowerCase().replaceAll("\u017f", "s");
}

/** Text out of a document as messages show it. */
export function quoteText(text: string): string {
  return quote(utf8(text.slice(0, SHOWN)));
}

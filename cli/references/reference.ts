/**
 * The one grammar by which commands name what holds a tree: a transport and a colon before a path, or a path
 * alone, which is what it turns out to be.
 *
 * @module
 */

import { quote, utf8 } from "../../lib/bytes/text.ts";
import { startsWith } from "../../lib/bytes/compare.ts";
import { UsageError } from "../args/usage_error.ts";

/** What help and completions say of a transport. */
export interface Transport {
  /** What follows the name and the colon. */
  readonly form: string;
  /** What is meant, without a final period. */
  readonly summary: string;
}

/** Every transport there is, in the order of help. Other words before a colon are parts of paths. */
export const TRANSPORTS = {
  dir: { form: "PATH", summary: "A directory, whose files are digested" },
  image: { form: "FILE", summary: "A composefs image" },
  dump: { form: "FILE", summary: "A dump file" },
  tar: { form: "FILE", summary: "A tar archive, compressed or not" },
  oci: { form: "DIR[:TAG|@DIGEST]", summary: "A container image in an OCI layout" },
  "oci-archive": { form: "FILE[:TAG]", summary: "A container image in a tar archive of a layout" },
  "docker-archive": {
    form: "FILE[:REFERENCE]",
    summary: "A container image in an archive of docker save",
  },
} as const satisfies Readonly<Record<string, Transport>>;

/** The name of a transport. */
export type TransportName = keyof typeof TRANSPORTS;

/** The transports as they are typed before a path. */
export const PREFIXES: readonly string[] = Object.keys(TRANSPORTS).map((name) => `${name}:`);

/** An operand that is such a word, for the tables of commands. */
export const IMAGE_OPERAND = {
  name: "IMAGE",
  summary: "A composefs image",
  prefixes: PREFIXES,
} as const;

/** The transports that read standard input if the path is `-`, as a path alone does. */
const STREAMED: readonly TransportName[] = ["image", "dump", "tar"];

/** What a word on the command line names. */
export interface Reference {
  /** Undefined for a path alone: then its file decides. */
  readonly transport: TransportName | undefined;
  /** What follows the colon, or all of it; never empty after a transport. */
  readonly rest: Uint8Array<ArrayBuffer>;
  /** All of it, as it was given. */
  readonly word: Uint8Array<ArrayBuffer>;
  /** Whether it is standard input. */
  readonly isStream: boolean;
  /** As messages name it. */
  readonly shown: string;
}

const COLON = 0x3a;

/**
 * Reads a word as a reference. A path that looks like one is written `./dir:x`.
 *
 * @throws {UsageError} If nothing follows a transport.
 */
export function parseReference(word: Uint8Array<ArrayBuffer>): Reference {
  for (const name of Object.keys(TRANSPORTS) as TransportName[]) {
    const start = utf8(name);
    if (word[start.length] !== COLON || !startsWith(word, start)) continue;
    const rest = word.subarray(start.length + 1);
    if (rest.length > 0) return reference(name, rest, word);
    throw new UsageError(`Cannot use ${quote(word)}: expected ${name}:${TRANSPORTS[name].form}`, {
      usage: false,
    });
  }
  return reference(undefined, word, word);
}

/** A file that must be an image, whatever its path looks like: the C programs know no other. */
export function imageReference(path: Uint8Array<ArrayBuffer>): Reference {
  return { transport: "image", rest: path, word: path, isStream: false, shown: quote(path) };
}

function reference(
  transport: TransportName | undefined,
  rest: Uint8Array<ArrayBuffer>,
  word: Uint8Array<ArrayBuffer>,
): Reference {
  const isStream = rest.length === 1 && rest[0] === HYPHEN &&
    (transport === undefined || STREAMED.includes(transport));
  return { transport, rest, word, isStream, shown: isStream ? "standard input" : quote(word) };
}

const HYPHEN = 0x2d;

/** What may stand for an image, for the help of commands. */
export const REFERENCE_HELP = referenceHelp("IMAGE");

/** The same, of operands by another name. */
export function referenceHelp(operand: string): string {
  return `${mayBe(operand)} Of what is no image, one is made in memory.`;
}

/** What a source may be, likewise. */
export const SOURCE_HELP = mayBe("SOURCE");

function mayBe(operand: string): string {
  const forms = Object.entries(TRANSPORTS).map(([name, { form }]) => `${name}:${form}`);
  return `${operand} may be ${
    forms.join(", ")
  }, or a path, which is what is found there; - is standard input.`;
}

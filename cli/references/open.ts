/**
 * Opens what a reference names.
 *
 * @module
 */

import { SyscallError } from "../../ffi/sys/errno.ts";
import { printable } from "../../lib/bytes/text.ts";
import type { Context } from "../args/command.ts";
import { openDirectory } from "./_directory.ts";
import { openImageFile } from "./image_file.ts";
import { openLayeredBy } from "./_layered_image.ts";
import { Stream } from "./stream.ts";
import { kindOfFile, TELLING_SIZE } from "./kind_of_file.ts";
import {
  type Named,
  openedImage,
  type OpenedReference,
  type Opener,
  type OpenOptions,
} from "./opened.ts";
import { readDump } from "./read_dump.ts";
import { encodeByRules } from "./rules.ts";
import { imageReference, parseReference, type Reference, type TransportName } from "./reference.ts";

/** Who opens what, by transport. */
const OPENERS: Readonly<Record<TransportName, Opener>> = {
  dir: openDirectory,
  image: openImageFile,
  dump: openDump,
  tar: openLayeredBy("tar"),
  oci: openLayeredBy("oci"),
  "oci-archive": openLayeredBy("oci-archive"),
  "docker-archive": openLayeredBy("docker-archive"),
};

/**
 * Opens what a reference names, as an image. Directories and layers are digested for it.
 *
 * @throws {Error} If there is none, or it is another one than it must be.
 */
export async function openReference(
  reference: Reference,
  context: Context,
  options: OpenOptions = {},
): Promise<OpenedReference> {
  const { transport, stream } = findTransport(reference, context);
  const { shown, rest } = reference;
  return await OPENERS[transport]({ shown, rest, stream, options, context });
}

/**
 * Opens what a word on the command line names: under the C programs' names an image file, whatever the word
 * looks like.
 */
export async function openOperand(
  word: Uint8Array<ArrayBuffer>,
  context: Context,
  options: OpenOptions = {},
): Promise<OpenedReference> {
  return await openReference(referenceOf(word, context), context, options);
}

/** Opens likewise what several words name, each when it is asked for, and closes it when the next one is. */
export async function* openAll(
  words: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  options: OpenOptions = {},
): AsyncGenerator<OpenedReference> {
  for (const [i, reference] of words.map((word) => referenceOf(word, context)).entries()) {
    const opened = await openReference(reference, context, options).catch((error) => {
      throw i > 0 && !context.asC ? hintAtPath(reference, error) : error;
    });
    try {
      yield opened;
    } finally {
      opened[Symbol.dispose]();
    }
  }
}

/** Tells somebody who names a file of an image behind it how that is done. */
function hintAtPath({ rest }: Reference, error: unknown): unknown {
  if (!(error instanceof SyscallError) || error.code !== "ENOENT" || rest[0] !== SLASH) {
    return error;
  }
  const hint = `--path=${printable(rest)} looks for it in the images`;
  return new Error(`${error.message}; ${hint}`, { cause: error });
}

const SLASH = 0x2f;

/**
 * Tells whether a reference names a file with an image in it that can be opened by its path; it does so too if
 * there is no such file, so that whoever opens it says what is wrong.
 */
export function isImageFile(
  { transport, rest, isStream }: Reference,
  { machine }: Pick<Context, "machine">,
): boolean {
  if (isStream || (transport ?? "image") !== "image") return false;
  if (transport !== undefined) return true;
  try {
    const { kind, head } = machine.readStart(rest, TELLING_SIZE);
    return kind !== "directory" && kind !== "fifo" && (kindOfFile(head) ?? "image") === "image";
  } catch (error) {
    if (error instanceof SyscallError) return true;
    throw error;
  }
}

/** What a word names. */
export function referenceOf(word: Uint8Array<ArrayBuffer>, { asC }: Context): Reference {
  return asC ? imageReference(word) : parseReference(word);
}

/** What there is to be opened, and how. */
export interface FoundTransport {
  readonly transport: TransportName;
  /** What comes in, where that can be read only once. */
  readonly stream: Stream | undefined;
  /** Whether nothing says what it is: it is taken for an image then, which it is not. */
  readonly isUnknown: boolean;
}

/**
 * Finds out what a reference is to: of a path alone, by the kind of the file and its first bytes.
 *
 * @throws {SyscallError} If there is no such file.
 */
export function findTransport(
  reference: Reference,
  { terminal, machine }: Pick<Context, "terminal" | "machine">,
): FoundTransport {
  const { transport, rest, isStream } = reference;
  if (transport !== undefined) {
    const stream = isStream ? new Stream(terminal.stdin()) : undefined;
    return { transport, stream, isUnknown: false };
  }
  if (isStream) return told(new Stream(terminal.stdin()));
  const { kind, head } = machine.readStart(rest, TELLING_SIZE);
  if (kind === "directory") return { transport: "dir", stream: undefined, isUnknown: false };
  return kind === "fifo" ? told(new Stream(machine.readFile(rest))) : told(undefined, head);
}

function told(stream: Stream | undefined, head = stream!.peek(TELLING_SIZE)): FoundTransport {
  const known = kindOfFile(head);
  return { transport: known ?? "image", stream, isUnknown: known === undefined };
}

function openDump(named: Named): OpenedReference {
  const { stream, context: { machine }, rest, shown } = named;
  const { as: rules } = named.options;
  const tree = readDump(stream?.chunks() ?? machine.readFile(rest), shown);
  return openedImage(encodeByRules(tree, rules), named);
}

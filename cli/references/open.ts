/**
 * Opens what a reference names.
 *
 * @module
 */

import { SyscallError } from "../../ffi/sys/errno.ts";
import type { Digest } from "../../lib/digest/digest.ts";
import { printable } from "../../lib/bytes/text.ts";
import { encodeImage } from "../../lib/composefs/image.ts";
import type { Context } from "../args/command.ts";
import { openDirectory } from "./_directory.ts";
import { openImageFile } from "./_image_file.ts";
import { Stream } from "./_stream.ts";
import { kindOfFile, TELLING_SIZE } from "./kind_of_file.ts";
import { type Named, openedImage, type OpenedReference, type Opener } from "./opened.ts";
import { readDump } from "./read_dump.ts";
import { imageReference, parseReference, type Reference, type TransportName } from "./reference.ts";

/** Who opens what, by transport. */
const OPENERS: Readonly<Record<TransportName, Opener>> = {
  dir: openDirectory,
  image: openImageFile,
  dump: openDump,
  tar: refuse,
  oci: refuse,
  "oci-archive": refuse,
  "docker-archive": refuse,
};

/**
 * Opens what a reference names, as an image. Directories are digested for it.
 *
 * @param digest fs-verity digest that the image must have.
 * @throws {Error} If there is none, or it is another one.
 */
export async function openReference(
  reference: Reference,
  context: Context,
  digest?: Digest,
): Promise<OpenedReference> {
  const { transport, stream } = find(reference, context);
  const { shown, rest } = reference;
  return await OPENERS[transport]({ shown, rest, stream, digest, context });
}

/**
 * Opens what a word on the command line names: under the C programs' names an image file, whatever the word
 * looks like.
 */
export async function openOperand(
  word: Uint8Array<ArrayBuffer>,
  context: Context,
  digest?: Digest,
): Promise<OpenedReference> {
  return await openReference(referenceOf(word, context), context, digest);
}

/** Opens likewise what several words name, each when it is asked for, and closes it when the next one is. */
export async function* openAll(
  words: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
): AsyncGenerator<OpenedReference> {
  for (const [i, reference] of words.map((word) => referenceOf(word, context)).entries()) {
    const opened = await openReference(reference, context).catch((error) => {
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
    return kind !== "directory" && kind !== "fifo" && transportOf(head) === "image";
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
interface Found {
  readonly transport: TransportName;
  readonly stream: Stream | undefined;
}

function find(reference: Reference, { terminal, machine }: Context): Found {
  const { transport, rest } = reference;
  if (reference.isStream) {
    const stream = new Stream(terminal.stdin());
    return { transport: transport ?? transportOf(stream.peek(TELLING_SIZE)), stream };
  }
  if (transport !== undefined) return { transport, stream: undefined };
  const { kind, head } = machine.readStart(rest, TELLING_SIZE);
  if (kind === "directory") return { transport: "dir", stream: undefined };
  const stream = kind === "fifo" ? new Stream(machine.readFile(rest)) : undefined;
  return { transport: transportOf(stream?.peek(TELLING_SIZE) ?? head), stream };
}

/** What a file is that nobody has named otherwise; it is said of a file of no known kind that it is no image. */
function transportOf(head: Uint8Array): TransportName {
  return kindOfFile(head) ?? "image";
}

function openDump(named: Named): OpenedReference {
  const { stream, context: { machine }, rest, shown } = named;
  const tree = readDump(stream?.chunks() ?? machine.readFile(rest), shown);
  return openedImage(encodeImage(tree, { isValid: true }), named);
}

function refuse({ shown }: Named): never {
  throw new Error(`Cannot read ${shown}: archives and layouts are not read here`);
}

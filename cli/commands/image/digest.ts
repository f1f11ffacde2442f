/**
 * `digest`: the fs-verity digest of files, images above all.
 *
 * @module
 */

import type { File } from "../../../lib/file/file.ts";
import type { Piece } from "../../../lib/file/pieces.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import {
  fsVerityDigest,
  FsVerityHasher,
  type FsVerityHasherOptions,
} from "../../../lib/digest/fs_verity.ts";
import { hashFile } from "../../../lib/digest/hash_file.ts";
import {
  type Context,
  defineCommand,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { openReference } from "../../references/open.ts";
import { type ReferenceOptions, referenceOptions } from "../../references/options.ts";
import { parseReference, type Reference } from "../../references/reference.ts";
import type { Terminal } from "../../terminal.ts";

/** What `composefs digest` and `composefs-info measure-file` have in common. */
export const DIGEST = {
  summary: "Print the fs-verity digests of files",
  description: [
    "Any file will do. Prints a digest a line, in hexadecimal: the kernel's where fs-verity is enabled on the file, else the one it would have.",
  ],
  operands: {
    files: {
      name: "FILE",
      summary: "A file to measure",
      repeated: true,
      missing: "No files specified",
    },
  },
} as const;

const options = { json: JSON_OPTION, ...referenceOptions } as const satisfies OptionTable;

/** An operand, as it was given. */
type Word = Uint8Array<ArrayBuffer>;

type DigestOptions = Pick<OptionValues<typeof options>, "json"> & Pick<ReferenceOptions, "threads">;

/** The command `composefs digest`. */
export const digest = defineCommand({
  name: "digest",
  ...DIGEST,
  description: [
    ...DIGEST.description,
    "Of a directory, and of whatever is named as what it is (dump:FILE, tar:FILE, …), it is the digest of the image of it: the one that create --hardlinks makes.",
  ],
  options,
  examples: [{
    summary: "See whether an image is the one that a directory gives",
    command: "composefs digest rootfs.cfs rootfs",
  }],
  seeAlso: ["fsverity(1)"],
  run: (options, { files }, context) => digestAll(options, files, context),
});

async function digestAll(
  { json, ...reading }: OptionValues<typeof options>,
  words: readonly Word[],
  context: Context,
): Promise<number> {
  for (const { files, reference } of batches(words, context)) {
    runDigest({ json, threads: reading.threads }, files, context);
    if (reference === undefined) continue;
    const digest = await digestOf(reference, context, reading);
    print({ json }, { path: reference.word, digest }, context.terminal);
  }
  return 0;
}

/** Files that follow each other, which several threads digest, and what else comes behind them. */
interface Batch {
  readonly files: readonly Word[];
  readonly reference?: Reference;
}

function batches(words: readonly Word[], { machine }: Context): Batch[] {
  const found: Batch[] = [];
  let files: Word[] = [];
  for (const reference of words.map(parseReference)) {
    const { transport, rest, isStream } = reference;
    const isFile = transport === "image" || transport === undefined && !machine.isDirectory(rest);
    if (isFile && !isStream) {
      files.push(rest);
    } else {
      found.push({ files, reference });
      files = [];
    }
  }
  return [...found, { files }];
}

async function digestOf(
  reference: Reference,
  context: Context,
  reading: ReferenceOptions,
): Promise<Digest> {
  const { transport, isStream } = reference;
  if (isStream && (transport === undefined || transport === "image")) {
    const hasher = new FsVerityHasher();
    for (const chunk of context.terminal.stdin()) hasher.update(chunk);
    return hasher.digest();
  }
  using opened = await openReference(reference, context, reading);
  return fsVerityDigest(opened.read().bytes);
}

/** Measures files as images and objects are named: SHA-256, blocks of 4096 bytes, no salt. */
export function runDigest(
  options: DigestOptions,
  files: readonly Uint8Array[],
  { terminal, machine }: Context,
): number {
  const progress = terminal.progress("Digesting", "bytes");
  let next = 0;
  for (
    const digest of machine.digestFiles(files, {
      algorithm: "sha256",
      blockSize: 4096,
      measure: true,
      threads: options.threads,
      onRead: progress.update,
    })
  ) {
    print(options, { path: files[next++]!, digest }, terminal);
  }
  progress.finish();
  return 0;
}

function print(
  { json }: DigestOptions,
  { path, digest }: { readonly path: Uint8Array; readonly digest: Digest },
  { stdout }: Terminal,
): void {
  const hex = digest.toHex();
  stdout.write(
    json
      ? jsonLine({ ...jsonBytes("path", path), algorithm: digest.algorithm, digest: hex })
      : hex + "\n",
  );
}

/** Hashes an open file from its start, with a progress line. */
export function hashWithProgress(
  file: File,
  options: FsVerityHasherOptions,
  terminal: Terminal,
): FsVerityHasher {
  const progress = terminal.progress("Digesting", "bytes", file.size);
  const onPiece = ({ position }: Piece) => progress.update(position);
  const hasher = hashFile(file, { ...options, onPiece });
  progress.finish();
  return hasher;
}

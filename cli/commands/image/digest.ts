/**
 * `digest`: the fs-verity digest of files, images above all.
 *
 * @module
 */

import type { File } from "../../../lib/file/file.ts";
import type { Piece } from "../../../lib/file/pieces.ts";
import type { FsVerityHasher, FsVerityHasherOptions } from "../../../lib/digest/fs_verity.ts";
import { hashFile } from "../../../lib/digest/hash_file.ts";
import { type Context, defineCommand, type OptionTable } from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
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

const options = { json: JSON_OPTION } as const satisfies OptionTable;

/** The command `composefs digest`. */
export const digest = defineCommand({
  name: "digest",
  ...DIGEST,
  options,
  run: (options, { files }, context) => runDigest(options, files, context),
});

/** Measures files as images and objects are named: SHA-256, blocks of 4096 bytes, no salt. */
export function runDigest(
  { json }: { readonly json: boolean },
  files: readonly Uint8Array[],
  { terminal, machine }: Context,
): number {
  const progress = terminal.progress("Digesting, bytes:");
  let next = 0;
  for (
    const digest of machine.digestFiles(files, {
      algorithm: "sha256",
      blockSize: 4096,
      measure: true,
      onRead: progress.update,
    })
  ) {
    const path = files[next++]!;
    const hex = digest.toHex();
    terminal.stdout.write(
      json
        ? jsonLine({ ...jsonBytes("path", path), algorithm: "sha256", digest: hex })
        : hex + "\n",
    );
  }
  progress.finish();
  return 0;
}

/** Hashes an open file from its start, with a progress line. */
export function hashWithProgress(
  file: File,
  options: FsVerityHasherOptions,
  terminal: Terminal,
): FsVerityHasher {
  const progress = terminal.progress("Digesting, bytes:", file.size);
  const onPiece = ({ position }: Piece) => progress.update(position);
  const hasher = hashFile(file, { ...options, onPiece });
  progress.finish();
  return hasher;
}

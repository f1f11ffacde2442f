/**
 * Options and operands that several commands of `fsverity` share.
 *
 * @module
 */

import { ValueError } from "../../args/value_error.ts";
import type { FsVerityHasher, FsVerityHasherOptions } from "../../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import type { Context, OptionTable, OptionValues } from "../../args/command.ts";
import { type Choice, choice, hex, integer, path } from "../../args/values.ts";
import { hashWithProgress } from "../image/digest.ts";

const ALGORITHMS = choice("sha256", "sha512");

const NUMBERS: Readonly<Record<string, HashAlgorithm>> = { 1: "sha256", 2: "sha512" };

/** Algorithms by name or, as fsverity-utils takes them too, by number. */
const hashAlgorithm: Choice<HashAlgorithm> = Object.assign(
  (text: string, bytes: Uint8Array<ArrayBuffer>) => NUMBERS[text] ?? ALGORITHMS(text, bytes),
  { words: ALGORITHMS.words },
);

/** Options that decide the Merkle tree. */
export const TREE_OPTIONS = {
  "hash-alg": {
    kind: "value",
    value: "ALGORITHM",
    parse: hashAlgorithm,
    default: "sha256",
    summary: "Hash with sha256 or sha512",
  },
  "block-size": {
    kind: "value",
    value: "BYTES",
    parse: blockSize,
    default: 4096,
    summary: "Hash blocks of BYTES, a power of two",
  },
  salt: {
    kind: "value",
    value: "HEX",
    parse: hex(32),
    summary: "Hash every block with this salt before it, up to 32 bytes",
    defaultText: "none",
  },
} as const satisfies OptionTable;

/** Options of the commands that compute a Merkle tree. */
export const COMPUTE_OPTIONS = {
  ...TREE_OPTIONS,
  "out-merkle-tree": {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Write the Merkle tree to FILE",
  },
  "out-descriptor": {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Write the fs-verity descriptor to FILE",
  },
} as const satisfies OptionTable;

type DigestParameters = Pick<FsVerityHasherOptions, "salt"> & {
  readonly algorithm: HashAlgorithm;
  readonly blockSize: number;
};

/** The tree's options as libraries take them. */
export function treeSettings(
  { hashAlg: algorithm, blockSize, salt }: OptionValues<typeof TREE_OPTIONS>,
): DigestParameters {
  return { algorithm, blockSize, ...(salt === undefined ? {} : { salt }) };
}

/** Hashes a file, and writes tree and descriptor where the options ask for them. */
export function computeFile(
  path: Uint8Array,
  options: OptionValues<typeof COMPUTE_OPTIONS>,
  { terminal, machine }: Context,
): FsVerityHasher {
  const { outMerkleTree, outDescriptor } = options;
  using file = machine.openFile(path);
  const keepTree = outMerkleTree !== undefined;
  const hasher = hashWithProgress(file, { ...treeSettings(options), keepTree }, terminal);
  if (outMerkleTree !== undefined) machine.writeFile(outMerkleTree, hasher.merkleTree());
  if (outDescriptor !== undefined) machine.writeFile(outDescriptor, hasher.descriptor());
  return hasher;
}

/** Powers of two that fsverity-utils takes; a kernel enables those from 1024 to its page size. */
function blockSize(text: string): number {
  const value = integer(64, 2 ** 30)(text, new Uint8Array(0));
  if ((value & (value - 1)) === 0) return value;
  throw new ValueError("expected a power of two");
}

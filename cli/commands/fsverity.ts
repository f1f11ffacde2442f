/**
 * The tables of `fsverity`: the program's group and its command `digest`, with the options of
 * fsverity-utils 1.6.
 *
 * @module
 */

import {
  type Context,
  defineCommand,
  type Group,
  type OperandValues,
  type OptionTable,
  type OptionValues,
} from "../command.ts";
import { formatFsVerityDigest } from "../../lib/fsverity/descriptor.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../json.ts";
import { hashFile } from "./digest.ts";
import { choice, hex, integer, path } from "../values.ts";

/** Options that decide the Merkle tree, shared by `digest`, `enable` and `sign`. */
export const TREE_OPTIONS = {
  "hash-alg": {
    kind: "value",
    value: "ALGORITHM",
    parse: choice("sha256", "sha512"),
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

const digestOptions = {
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
  compact: { kind: "flag", summary: "Print the digest only, without algorithm and name" },
  "for-builtin-sig": {
    kind: "flag",
    summary: "Print what a built-in signature signs, in hexadecimal",
  },
  json: JSON_OPTION,
} as const satisfies OptionTable;

const digestOperands = {
  files: {
    name: "FILE",
    summary: "A file to digest; fs-verity need not be enabled",
    repeated: true,
  },
} as const;

type FsverityDigestOptions = OptionValues<typeof digestOptions>;

type FsverityDigestOperands = OperandValues<typeof digestOperands>;

/** The command `fsverity digest`. */
export const fsverityDigest = defineCommand({
  name: "digest",
  summary: "Compute the fs-verity digest of files",
  description: [
    "Prints a line for each file: algorithm, colon, digest in hexadecimal, space, name. The digest is the one the kernel would report once fs-verity is enabled with the same options.",
    "The first file that cannot be read ends the run.",
  ],
  operands: digestOperands,
  options: digestOptions,
  examples: [
    { summary: "Digest a file", command: "fsverity digest rootfs.cfs" },
    {
      summary: "Digest a file with SHA-512",
      command: "fsverity digest --hash-alg=sha512 --compact rootfs.cfs",
    },
  ],
  exitStatus: ["0 if all files were digested, 1 if one could not be, 2 for a wrong command line."],
  seeAlso: ["mkcomposefs(1)"],
  run: runFsverityDigest,
});

/** The program `fsverity`. */
export const fsverity: Group = {
  kind: "group",
  name: "fsverity",
  summary: "Compute, enable and read fs-verity digests",
  program: { usageStatus: 2, printUsage: true, prefix: "ERROR: " },
  description: ["Each command has a help text of its own: fsverity COMMAND --help."],
  options: {},
  commands: [fsverityDigest],
  missing: "no command specified",
  exitStatus: ["0 done, 1 failed, 2 for a wrong command line."],
};

function runFsverityDigest(
  options: FsverityDigestOptions,
  { files }: FsverityDigestOperands,
  { terminal, system }: Context,
): number {
  const { hashAlg: algorithm, blockSize, salt, outMerkleTree, outDescriptor } = options;
  const keepTree = outMerkleTree !== undefined;
  const settings = { algorithm, blockSize, keepTree, ...(salt !== undefined ? { salt } : {}) };
  for (const path of files) {
    using file = system.openFile(path);
    const hasher = hashFile(file, settings, terminal);
    if (outMerkleTree !== undefined) system.writeFile(outMerkleTree, hasher.merkleTree());
    if (outDescriptor !== undefined) system.writeFile(outDescriptor, hasher.descriptor());
    const digest = hasher.digest();
    const shown = options.forBuiltinSig ? formatFsVerityDigest(digest, algorithm) : digest;
    const { stdout } = terminal;
    if (options.json) {
      stdout.write(jsonLine({ ...jsonBytes("path", path), algorithm, digest: digest.toHex() }));
    } else if (options.compact) {
      stdout.write(shown.toHex() + "\n");
    } else {
      stdout.write(`${options.forBuiltinSig ? "" : algorithm + ":"}${shown.toHex()} `);
      stdout.write(path);
      stdout.write("\n");
    }
  }
  return 0;
}

/** Powers of two that fsverity-utils takes; a kernel enables those from 1024 to its page size. */
function blockSize(text: string): number {
  const value = integer(64, 2 ** 30)(text, new Uint8Array(0));
  if ((value & (value - 1)) === 0) return value;
  throw new RangeError("expected a power of two");
}

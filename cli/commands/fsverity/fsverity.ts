/**
 * The program `fsverity` with the commands and options of fsverity-utils 1.6, and its command `digest`.
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
} from "../../args/command.ts";
import { THREADS_OPTION } from "../../args/threads.ts";
import { encodeHex } from "../../../lib/bytes/hex.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { formatFsVerityDigest } from "../../../lib/digest/descriptor.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { fsverityDumpMetadata } from "./dump_metadata.ts";
import { fsverityEnable } from "./enable.ts";
import { fsverityMeasure } from "./measure.ts";
import { COMPUTE_OPTIONS, computeFile, treeSettings } from "./_options.ts";
import { fsveritySign } from "./sign.ts";

const digestOptions = {
  ...COMPUTE_OPTIONS,
  compact: { kind: "flag", summary: "Print the digest only, without algorithm and name" },
  "for-builtin-sig": {
    kind: "flag",
    summary: "Print what a built-in signature signs, in hexadecimal",
  },
  threads: THREADS_OPTION,
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
  seeAlso: ["composefs-digest(1)", "mkcomposefs(1)"],
  run: runFsverityDigest,
});

/** The program `fsverity`. */
export const fsverity: Group = {
  kind: "group",
  name: "fsverity",
  summary: "Compute, enable, sign and read fs-verity digests",
  program: { usageStatus: 2, printUsage: true, prefix: "ERROR: ", jsonErrors: true },
  description: ["Each command has a help text of its own: fsverity COMMAND --help."],
  options: {},
  commands: [fsverityDigest, fsverityEnable, fsverityMeasure, fsveritySign, fsverityDumpMetadata],
  missing: "no command specified",
  exitStatus: ["0 done, 1 failed, 2 for a wrong command line."],
};

/** Digests files together, unless one of them at a time has its tree or descriptor written out. */
function* computeDigests(
  files: readonly Uint8Array[],
  options: FsverityDigestOptions,
  context: Context,
): Generator<Digest> {
  if (options.outMerkleTree !== undefined || options.outDescriptor !== undefined) {
    for (const path of files) yield computeFile(path, options, context).digest();
    return;
  }
  const { terminal, machine } = context;
  const progress = terminal.progress("Digesting", "bytes");
  const { threads } = options;
  const settings = { ...treeSettings(options), measure: false, threads, onRead: progress.update };
  yield* machine.digestFiles(files, settings);
  progress.finish();
}

function runFsverityDigest(
  options: FsverityDigestOptions,
  { files }: FsverityDigestOperands,
  context: Context,
): number {
  const { stdout } = context.terminal;
  const { hashAlg: algorithm } = options;
  let next = 0;
  for (const digest of computeDigests(files, options, context)) {
    const path = files[next++]!;
    const shown = options.forBuiltinSig ? encodeHex(formatFsVerityDigest(digest)) : digest.toHex();
    if (options.json) {
      stdout.write(jsonLine({ ...jsonBytes("path", path), algorithm, digest: digest.toHex() }));
    } else if (options.compact) {
      stdout.write(shown + "\n");
    } else {
      stdout.write(`${options.forBuiltinSig ? "" : algorithm + ":"}${shown} `);
      stdout.write(path);
      stdout.write("\n");
    }
  }
  return 0;
}

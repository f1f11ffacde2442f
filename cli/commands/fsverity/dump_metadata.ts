/**
 * `fsverity dump_metadata`: what the file system keeps for fs-verity.
 *
 * @module
 */

import { defineCommand, type OperandTable, type OptionTable } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { choice, integer } from "../../args/values.ts";

const options = {
  offset: {
    kind: "value",
    value: "BYTES",
    parse: integer(0),
    summary: "Begin BYTES after the start, together with --length",
  },
  length: {
    kind: "value",
    value: "BYTES",
    parse: integer(0),
    summary: "Write BYTES at most, together with --offset",
  },
} as const satisfies OptionTable;

const operands = {
  type: {
    name: "TYPE",
    summary: "What to write: merkle_tree, descriptor or signature",
    parse: choice("merkle_tree", "descriptor", "signature"),
  },
  file: { name: "FILE", summary: "A file on which fs-verity is enabled" },
} as const satisfies OperandTable;

/** The command `fsverity dump_metadata`. */
export const fsverityDumpMetadata = defineCommand({
  name: "dump_metadata",
  summary: "Write the Merkle tree, descriptor or signature of a file to standard output",
  description: [
    "Asks the kernel, Linux 5.12 or newer, for what the file system keeps of a file on which fs-verity is enabled, and writes the bytes as they are.",
    "The descriptor is the kernel's: 256 bytes, with the length of the signature where the digest has zero.",
  ],
  operands,
  options,
  examples: [{
    summary: "Look at a descriptor",
    command: "fsverity dump_metadata descriptor rootfs.cfs | xxd",
  }],
  exitStatus: ["0 if all was written, 1 if not, 2 for a wrong command line."],
  run({ offset, length }, { type, file }, { terminal: { stdout }, machine }) {
    if ((offset === undefined) !== (length === undefined)) {
      const [given, absent] = length === undefined ? ["offset", "length"] : ["length", "offset"];
      throw new UsageError(`Cannot use --${given} without --${absent}: expected both or neither`);
    }
    const range = offset === undefined || length === undefined ? undefined : { offset, length };
    for (const chunk of machine.readVerityMetadata(file, type, range)) stdout.write(chunk);
    return 0;
  },
});

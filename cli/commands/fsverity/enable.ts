/**
 * `fsverity enable`: turns fs-verity on.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { defineCommand, type OptionTable } from "../../args/command.ts";
import { path } from "../../args/values.ts";
import { TREE_OPTIONS, treeSettings } from "./_options.ts";
import { readSmallFile } from "../../small_file.ts";

const options = {
  ...TREE_OPTIONS,
  signature: {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: 'Hand the kernel a signature made by "fsverity sign"',
  },
} as const satisfies OptionTable;

/** The command `fsverity enable`. */
export const fsverityEnable = defineCommand({
  name: "enable",
  summary: "Enable fs-verity on a file, which makes it read-only for good",
  description: [
    "The file may not be open for writing anywhere. Afterwards the kernel verifies every block that is read from it. Prints nothing.",
    "Kernels take block sizes from 1024 up to their page size, older ones than Linux 6.3 the page size only.",
  ],
  operands: { file: { name: "FILE", summary: "A file on ext4, f2fs or btrfs" } },
  options,
  examples: [
    { summary: "Protect an image", command: "fsverity enable rootfs.cfs" },
    {
      summary: "Protect an image for a kernel that asks for signatures",
      command: "fsverity enable --signature=rootfs.sig rootfs.cfs",
    },
  ],
  exitStatus: ["0 if fs-verity is enabled now, 1 if not, 2 for a wrong command line."],
  run(options, { file }, context) {
    const { machine } = context;
    const { signature: signaturePath } = options;
    const settings = treeSettings(options);
    if (signaturePath === undefined) {
      machine.enableVerity(file, settings);
      return 0;
    }
    const signature = readSmallFile(context, signaturePath);
    if (signature.length === 0) {
      throw new RangeError(`Cannot use signature ${quote(signaturePath)}: file is empty`);
    }
    machine.enableVerity(file, { ...settings, signature });
    return 0;
  },
});

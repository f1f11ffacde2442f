/**
 * `fsverity measure`: the digests that the kernel has.
 *
 * @module
 */

import { encodeHex } from "../../../lib/bytes/hex.ts";
import { defineCommand, type OptionTable } from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";

const options = { json: JSON_OPTION } as const satisfies OptionTable;

/** The command `fsverity measure`. */
export const fsverityMeasure = defineCommand({
  name: "measure",
  summary: "Print the digests of files on which fs-verity is enabled",
  description: [
    "Asks the kernel, which has read none of the file for it. Prints a line for each file: algorithm, colon, digest in hexadecimal, space, name. An algorithm that has no name here is printed as ALG_ and its number.",
    "The first file without fs-verity ends the run.",
  ],
  operands: {
    files: { name: "FILE", summary: "A file on which fs-verity is enabled", repeated: true },
  },
  options,
  exitStatus: ["0 if all files were measured, 1 if one could not be, 2 for a wrong command line."],
  run({ json }, { files }, { terminal: { stdout }, machine }) {
    for (const path of files) {
      const { algorithm, bytes } = machine.measureVerity(path);
      const digest = encodeHex(bytes);
      const name = typeof algorithm === "number" ? `ALG_${algorithm}` : algorithm;
      if (json) {
        stdout.write(
          jsonLine({ ...jsonBytes("path", path), algorithm: name, digest }),
        );
      } else {
        stdout.write(`${name}:${digest} `);
        stdout.write(path);
        stdout.write("\n");
      }
    }
    return 0;
  },
});

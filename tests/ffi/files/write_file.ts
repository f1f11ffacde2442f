/**
 * Writes a text to a file: a program that tests start.
 *
 *     write_file.ts PATH TEXT
 *
 * @module
 */

import process from "node:process";
import { openKernel } from "../../../ffi/sys/open.ts";
import { writeFileAtomically } from "../../../ffi/files/output_file.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

const [path, text] = process.argv.slice(2);
try {
  writeFileAtomically(await openKernel(), utf8(path!), [utf8(text!)]);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

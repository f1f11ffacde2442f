/**
 * The tests of `ffi/` as a program, to be bundled and run on Bun. `bun_test.ts` does so.
 *
 * @module
 */

import process from "node:process";
import "./address_test.ts";
import "./errno_test.ts";
import "./fd_test.ts";
import "./fsverity_test.ts";
import "./linux_test.ts";
import "./object_store_test.ts";
import "./output_file_test.ts";
import "./path_test.ts";
import "./source_tree_test.ts";
import "./store_processes_test.ts";
import "./verity_metadata_test.ts";
import { CASES } from "./harness.ts";

let failed = 0;
for (const { name, ignore, run } of CASES) {
  if (ignore) {
    process.stdout.write(`ignored ${name}\n`);
    continue;
  }
  try {
    await run();
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`FAILED ${name}\n${error instanceof Error ? error.stack : error}\n`);
  }
}
process.stdout.write(`${CASES.length} cases, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * The tests of `ffi/` as a program, to be bundled and run on Bun. `bun_test.ts` does so.
 *
 * @module
 */

import "./address_test.ts";
import "./cpus_test.ts";
import "./crew/crew_test.ts";
import "./errno_test.ts";
import "./fd_test.ts";
import "./fingerprint_test.ts";
import "./finite_file_test.ts";
import "./fsverity_test.ts";
import "./image_file_test.ts";
import "./linux_test.ts";
import "./object_store_test.ts";
import "./output_file_test.ts";
import "./path_test.ts";
import "./place_test.ts";
import "./probe_test.ts";
import "./source_tree_test.ts";
import "./store_processes_test.ts";
import "./verity_metadata_test.ts";
import { runCases } from "../support/cases.ts";

await runCases();

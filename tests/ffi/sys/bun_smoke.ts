/**
 * The tests of `ffi/` as a program, to be bundled and run on Bun. `bun_test.ts` does so.
 *
 * @module
 */

import "./address_test.ts";
import "../process/cpus_test.ts";
import "../threads/thread_pool_test.ts";
import "../threads/tree_source_test.ts";
import "../objects/tree_cache_test.ts";
import "../decode/decode_test.ts";
import "./errno_test.ts";
import "../files/fd_test.ts";
import "../tree/fingerprint_test.ts";
import "../files/finite_file_test.ts";
import "../files/fsverity_test.ts";
import "../files/image_file_test.ts";
import "./linux_test.ts";
import "../machine_test.ts";
import "../objects/object_store_test.ts";
import "../objects/object_store_writes_test.ts";
import "../files/output_file_test.ts";
import "./path_test.ts";
import "../files/place_test.ts";
import "../probe/probe_test.ts";
import "../tree/source_tree_refusals_test.ts";
import "../tree/source_tree_test.ts";
import "../objects/store_processes_test.ts";
import "../files/verity_metadata_test.ts";
import { runCases } from "../../kit/cases.ts";

await runCases();

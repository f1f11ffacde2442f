/**
 * The module of threads in tests, as a user of the library would have one.
 *
 * @module
 */

import { serveThreads } from "../../../ffi/mod.ts";

serveThreads();

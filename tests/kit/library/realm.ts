/**
 * The cases for a script, which has no exports: leaves a function behind as the global `runCases`, whose result is
 * text.
 *
 * @module
 */

import { runCases } from "./cases.ts";

Object.assign(globalThis, { runCases: async () => JSON.stringify(await runCases()) });

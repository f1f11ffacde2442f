/**
 * The golden tests as a program, to be bundled and run on Bun. `golden_on_bun_test.ts` does so.
 *
 * @module
 */

import "./golden_test.ts";
import { runCases } from "../../kit/cases.ts";

await runCases();

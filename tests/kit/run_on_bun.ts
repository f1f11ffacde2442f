/**
 * Runs a module of declared cases on Bun, as one Deno test.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { bundle, repositoryPath } from "../../scripts/build.ts";
import { findBun } from "../../scripts/bun.ts";
import { long } from "../../scripts/test/effort.ts";
import { Scratch } from "./scratch.ts";

const bun = findBun();

/**
 * Declares a test that bundles a module and runs it on Bun.
 *
 * @param module Path from the root of the repository; it ends by calling `runCases`.
 */
export function testOnBun(name: string, module: string): void {
  const { suffix, ignore } = long("path" in bun ? "" : ` (skipped: ${bun.missing})`);
  Deno.test({
    name: `Bun: ${name}${suffix}`,
    ignore,
    fn() {
      if (!("path" in bun)) return;
      using scratch = new Scratch();
      const program = scratch.path("cases.js");
      bundle(module, program, "deno");
      const done = spawnSync(bun.path, [program], {
        encoding: "utf8",
        cwd: scratch.directory,
        env: { ...process.env, COMPOSEFS_TEST_REPOSITORY: repositoryPath(".") },
      });
      assertEquals(done.status, 0, done.stdout + done.stderr);
      assertMatch(done.stdout, /^[1-9][0-9]* cases, 0 failed$/m);
    },
  });
}

import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { bundle, repositoryPath } from "../../scripts/build.ts";
import { findBun } from "../support/bun.ts";

const bun = findBun();

Deno.test({
  name: `Bun: every test of ffi passes${"path" in bun ? "" : ` (skipped: ${bun.missing})`}`,
  ignore: !("path" in bun),
  fn() {
    if (!("path" in bun)) return;
    const directory = mkdtempSync(join(tmpdir(), "composefs-ffi-bun-"));
    try {
      const program = join(directory, "smoke.js");
      bundle("tests/ffi/bun_smoke.ts", program, "deno");
      const done = spawnSync(bun.path, [program], {
        encoding: "utf8",
        cwd: directory,
        env: { ...process.env, COMPOSEFS_TEST_REPOSITORY: repositoryPath(".") },
      });
      assertEquals(done.status, 0, done.stdout + done.stderr);
      assertStringIncludes(done.stdout, " 0 failed");
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
});

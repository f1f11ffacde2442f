import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { repositoryPath } from "../../scripts/build.ts";
import { longTest } from "../../scripts/test/effort.ts";

longTest("publish: the registry of Deno would take the library as it is", () => {
  const done = spawnSync(process.execPath, ["publish", "--dry-run", "--allow-dirty"], {
    cwd: repositoryPath("."),
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assertEquals(done.status, 0, done.stderr);
});

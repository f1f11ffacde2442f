import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";

const MODULE = new URL("../../../scripts/test/effort.ts", import.meta.url).href;

/** What a process with these variables makes of ten cases from seed 100 on. */
function seedsWith(environment: Record<string, string>): string {
  const code = `const { seeds, QUICK } = await import("${MODULE}");
    console.log(JSON.stringify([...seeds(100, 10)]), QUICK);`;
  const args = ["eval", "--no-config", code];
  // The run that this is part of may have been given some of them.
  const none = { COMPOSEFS_TEST_SEED: "", COMPOSEFS_TEST_SIZE: "", COMPOSEFS_TEST_QUICK: "" };
  const env = { ...none, ...environment };
  const done = spawnSync(Deno.execPath(), args, { encoding: "utf8", env });
  return done.stdout.trim() || `${done.status}`;
}

Deno.test("seeds() begins where it is told, and gives as many as it is told", () => {
  assertEquals(seedsWith({}), "[100,101,102,103,104,105,106,107,108,109] false");
  const environment = { COMPOSEFS_TEST_SEED: "7", COMPOSEFS_TEST_SIZE: "0.2" };
  assertEquals(seedsWith({ ...environment, COMPOSEFS_TEST_QUICK: "1" }), "[107,108] true");
  assertEquals(seedsWith({ COMPOSEFS_TEST_SIZE: "many" }), "1");
});

/**
 * Runtimes as they find a clone or the module: Bun, which knows nothing of `deno.json`, and Node, which
 * cannot run it.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { cpSync } from "node:fs";
import { repositoryPath, START } from "../../scripts/build.ts";
import { findBun } from "../../scripts/bun.ts";
import { findBundle } from "../../scripts/test/bundle.ts";
import { makeWorkspace } from "./each_program.ts";
import { run, textOutput, which } from "./process.ts";

const bun = findBun();
const noBun = "missing" in bun ? ` (skipped: ${bun.missing})` : "";

/** Nobody answers there: whatever is to be fetched makes a run fail. */
const NO_REGISTRY = { BUN_CONFIG_REGISTRY: "http://127.0.0.1:1/" };

Deno.test({
  name: `runtimes: Bun runs the source, and fetches nothing for it${noBun}`,
  ignore: noBun !== "",
  fn() {
    if ("missing" in bun) return;
    const directory = makeWorkspace();
    try {
      for (const name of ["cli", "ffi", "lib"]) {
        cpSync(repositoryPath(name), `${directory}/${name}`, { recursive: true });
      }
      const options = { cwd: directory, env: NO_REGISTRY };
      const args = ["digest", `${directory}/${START}`];
      assertEquals(
        textOutput([bun.path, `${directory}/${START}`], args, options),
        textOutput([bun.path, findBundle()], args),
      );
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: `runtimes: in a clone Bun asks no registry for what tests import${noBun}`,
  ignore: noBun !== "",
  fn() {
    if ("missing" in bun) return;
    const options = { cwd: repositoryPath("."), env: NO_REGISTRY };
    const { code, stderr } = run([bun.path], ["scripts/build_task.ts"], options);
    assertEquals(code, 1);
    assertMatch(stderr, /Cannot find module '@std\//);
  },
});

const node = which("node");

Deno.test({
  name: `runtimes: Node says what the module needs${node ? "" : " (skipped: no node on PATH)"}`,
  ignore: node === undefined,
  fn() {
    const { code, stderr } = run([node!], [findBundle(), "--version"]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^[^\n]*(needs Deno 2\.9 or Bun 1\.4, not Node|Deno 2\.9 or Bun 1\.4 expected)/m,
    );
    // A syntax error would print the line it is in, and the bundled module is one long line.
    assertEquals(stderr.length < 4000, true);
  },
});

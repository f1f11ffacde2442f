/**
 * The executable as npm brings it: from a registry that has what a release has, by the name of the package.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, readdirSync } from "node:fs";
import { arch, platform } from "node:process";
import { VERSION } from "../../cli/version.ts";
import { TARGETS } from "../../scripts/executable.ts";
import { findOnPath } from "../../scripts/npm_tool.ts";
import {
  fillLauncherPackage,
  fillProgramPackage,
  PROGRAM,
  programPackage,
} from "../../scripts/program_packages.ts";
import { makePackage } from "../../scripts/release.ts";
import { long } from "../../scripts/test/effort.ts";
import { findBunExecutable } from "../../scripts/test/executables.ts";
import { moduleWorkspace } from "./each_program.ts";
import { withRegistry } from "./npm_registry.ts";

const directory = moduleWorkspace();
const executable = findBunExecutable();
const HERE = `${platform}-${arch}`;

const reason = findOnPath("npx") === undefined
  ? " (skipped: no npx on PATH)"
  : "missing" in executable
  ? ` (skipped: ${executable.missing})`
  : "";
const { suffix, ignore } = long(reason);

/** Packages for all machines. Those for others have an executable that fails, should npm take one. */
function makePackages(path: string): string[] {
  const launcher = makePackage(directory, PROGRAM, (made) => fillLauncherPackage(made, TARGETS));
  const programs = TARGETS.map((target) => {
    const contents = target === HERE ? path : "/bin/false";
    const fill = (made: string) => fillProgramPackage(made, target, contents);
    return makePackage(directory, programPackage(target), fill, 1);
  });
  return [launcher, ...programs];
}

interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of npm's, which nothing of this machine's own settings reaches. */
async function runNpm(url: string, command: string, args: readonly string[]): Promise<Done> {
  const home = `${directory}/home`;
  mkdirSync(home, { recursive: true });
  const done = await new Deno.Command(command, {
    args: [...args],
    cwd: home,
    env: {
      HOME: home,
      npm_config_registry: url,
      npm_config_cache: `${home}/.npm`,
      npm_config_update_notifier: "false",
    },
  }).output();
  const [stdout, stderr] = [done.stdout, done.stderr].map((text) => new TextDecoder().decode(text));
  return { code: done.code, stdout: stdout!, stderr: stderr! };
}

Deno.test({
  name: `npm: npx fetches the executable for this machine, and starts it${suffix}`,
  ignore,
  async fn() {
    if ("missing" in executable) return;
    await withRegistry(makePackages(executable.path), async (url, fetched) => {
      const first = await runNpm(url, "npx", ["--yes", PROGRAM, "--version"]);
      assertEquals([first.code, first.stderr], [0, ""]);
      assert(first.stdout.startsWith(`composefs-ts ${VERSION} (`), first.stdout);
      assertEquals([...fetched].sort(), [PROGRAM, programPackage(HERE)]);
    });
  },
});

Deno.test({
  name: `npm: installed, the programs have their names, statuses and signals${suffix}`,
  ignore,
  async fn() {
    if ("missing" in executable) return;
    await withRegistry(makePackages(executable.path), async (url) => {
      assertEquals((await runNpm(url, "npm", ["install", "--silent", PROGRAM])).code, 0);
      const bin = `${directory}/home/node_modules/.bin`;
      const names = ["composefs", "composefs-dump", "composefs-info", PROGRAM, "mkcomposefs"];
      assertEquals(readdirSync(bin).sort(), names.sort());
      const version = await runNpm(url, `${bin}/mkcomposefs`, ["--version"]);
      assertEquals(version.stdout, `mkcomposefs (composefs-ts) ${VERSION}\n`);
      const wrong = await runNpm(url, `${bin}/composefs`, ["create", "--no-such-option"]);
      assertEquals([wrong.code, wrong.stdout], [2, ""]);
      assertMatch(wrong.stderr, /no-such-option/);
      await assertPassesSignals(`${bin}/mkcomposefs`);
    });
  },
});

/** A signal to the launcher alone ends the program, and the launcher says by which. */
async function assertPassesSignals(path: string): Promise<void> {
  const args = ["--from-file", "-", `${directory}/image`];
  const child = new Deno.Command(path, { args, stdin: "piped", stderr: "null" }).spawn();
  // Nothing shows that it reads; what it does not read yet waits in the pipe.
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("/ 0 40755 2 0 0 0 0.0 - - -\n"));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 128 + 15);
  await writer.close().catch(() => {});
}

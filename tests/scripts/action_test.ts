/**
 * The action for GitHub: its script as a runner starts it, and its inputs.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryPath } from "../../scripts/build.ts";
import { makeWorkspace } from "../e2e/each_program.ts";
import { run } from "../e2e/process.ts";

const ACTION = repositoryPath(".github/actions/image");

/** The variables that the action gives its script, as its text has them. */
function variables(): string[] {
  const text = readFileSync(`${ACTION}/action.yml`, "utf8");
  const block = /\n {6}env:\n((?: {8}.*\n)+)/.exec(text)![1]!;
  return [...block.matchAll(/^ {8}(\w+):/gm)].map(([, name]) => name!);
}

Deno.test("action: makes an image, and tells what has changed since the last one", () => {
  const directory = makeWorkspace();
  const path = (name: string) => join(directory, name);
  mkdirSync(path("tree"));
  mkdirSync(path("bin"));
  writeFileSync(path("tree/a"), "x".repeat(100));
  // The Deno that runs this is the one that would be fetched.
  const npx =
    `#!/bin/sh\n[ "$1 $2" = "--yes deno@2.9.6" ] || exit 9\nshift 2\nexec "${Deno.execPath()}" "$@"\n`;
  writeFileSync(path("bin/npx"), npx, { mode: 0o755 });
  const make = (image: string, previous: string) => {
    const env: Record<string, string> = {
      PATH: `${path("bin")}:${process.env.PATH}`,
      SOURCE: path("tree"),
      IMAGE: path(image),
      STORE: path("store"),
      PREVIOUS: previous === "" ? "" : path(previous),
      OPTIONS: "--hardlinks --mtime=@1",
      PROGRAM: repositoryPath("cli/main.ts"),
      SCRIPT: `${ACTION}/make.sh`,
      GITHUB_STEP_SUMMARY: path(`${image}.summary`),
      GITHUB_OUTPUT: path(`${image}.output`),
    };
    for (const name of variables()) assert(name in env, name);
    const { code, stderr } = run(["bash"], [env["SCRIPT"]!], { env });
    assertEquals([code, stderr], [0, ""]);
    const output = Object.fromEntries(
      readFileSync(path(`${image}.output`), "utf8").trim().split("\n").map((line) =>
        line.split("=")
      ),
    );
    return { output, summary: readFileSync(path(`${image}.summary`), "utf8") };
  };
  const first = make("first", "");
  assertEquals(first.output.changed, "true");
  assert(first.summary.includes(first.output.digest!) && first.output.digest!.length === 64);
  assertEquals(make("second", "first").output, { ...first.output, changed: "false" });
  writeFileSync(path("tree/b"), "more");
  const third = make("third", "second");
  assertEquals(third.output.changed, "true");
  assert(third.summary.includes("| A | `/b` |"), third.summary);
});

/** README's own session gives what README shows. */

import { assert } from "@std/assert";
import { readFileSync } from "node:fs";
import { repositoryPath } from "../../scripts/build.ts";
import { testEach } from "./each_program.ts";
import { runSteps, stepsOf } from "./session.ts";

testEach("README: its quick start, root", { root: true }, (subject) => {
  const readme = readFileSync(repositoryPath("README.md"), "utf8");
  const [, block = ""] = /```console\n([^]*?)```/.exec(readme) ?? [];
  const [alias, ...steps] = stepsOf(block);
  assert(alias!.command.startsWith("alias composefs="));
  assert(steps.length >= 4);
  runSteps(subject, steps);
});

/** README's own session gives what README shows. */

import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { repositoryPath } from "../../scripts/build.ts";
import { testEach } from "./each_program.ts";
import { run } from "./process.ts";

/** A command line of the session, and what is shown below it. */
interface Step {
  readonly command: string;
  readonly output: string;
}

function session(): Step[] {
  const readme = readFileSync(repositoryPath("README.md"), "utf8");
  const [, block = ""] = /```console\n([^]*?)```/.exec(readme) ?? [];
  return block.split(/^\$ /m).slice(1).map((step) => {
    const end = step.indexOf("\n");
    return { command: step.slice(0, end), output: step.slice(end + 1) };
  });
}

/** What is told, and README says so, where temporary files have no fs-verity. */
const NO_VERITY = /^composefs: note: objects in "objects" have no fs-verity[^\n]*\n$/;

testEach("README: its quick start, root", { root: true }, (subject) => {
  const [alias, ...steps] = session();
  assert(alias!.command.startsWith("alias composefs="));
  assert(steps.length >= 4);
  for (const { command, output } of steps) {
    // The program's own words are the script's arguments.
    const script = `umask 022; ${command.replace(/^composefs /, '"$@" ')}`;
    const args = ["-c", script, "sh", ...subject.composefs];
    const { code, stdout, stderr } = run(["sh"], args, { cwd: subject.directory });
    assertEquals([code, new TextDecoder().decode(stdout)], [0, output], `${command}: ${stderr}`);
    assert(stderr === "" || NO_VERITY.test(stderr), stderr);
  }
});

/**
 * Sessions in documents: commands behind a dollar sign, and what is printed below them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Subject } from "./each_program.ts";
import { run } from "./process.ts";

/** A command line, and what is shown below it. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

/** Takes a session apart. */
export function stepsOf(session: string): Step[] {
  return session.split(/^\$ /m).slice(1).map((step) => {
    const end = step.indexOf("\n");
    return end < 0
      ? { command: step, output: "" }
      : { command: step.slice(0, end), output: step.slice(end + 1) };
  });
}

/** What is told, and the documents say so, where temporary files have no fs-verity. */
const NO_VERITY = /^composefs: note: objects in "objects" have no fs-verity[^\n]*\n$/;

/** Runs steps one after the other, each of which has to print what is shown. */
export function runSteps({ composefs, directory }: Subject, steps: readonly Step[]): void {
  for (const { command, output } of steps) {
    const args = ["-c", `${FUNCTIONS}\n${command}`, "sh", ...composefs];
    const { code, stdout, stderr } = run(["sh"], args, { cwd: directory });
    assertEquals([code, new TextDecoder().decode(stdout)], [0, output], `${command}: ${stderr}`);
    assert(stderr === "" || NO_VERITY.test(stderr), stderr);
  }
}

/** The program's words are the script's arguments, which a function has to find where they are kept. */
const FUNCTIONS = `umask 022
words=
for word; do words="$words '$word'"; done
composefs() { eval "$words" '"$@"'; }
mkcomposefs() { composefs mkcomposefs "$@"; }`;

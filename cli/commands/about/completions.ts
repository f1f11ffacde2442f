/**
 * `completions`: the completion script of a shell, to be read by it at its start.
 *
 * @module
 */

import { bashCompletion } from "../../args/bash.ts";
import { type Command, defineCommand, type Group, type OperandTable } from "../../args/command.ts";
import { fishCompletion } from "../../args/fish.ts";
import { choice } from "../../args/values.ts";
import { zshCompletion } from "../../args/zsh.ts";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const operands = {
  shell: {
    name: "SHELL",
    summary: "A shell: bash, zsh or fish",
    parse: choice("bash", "zsh", "fish"),
  },
} as const satisfies OperandTable;

/**
 * The command `composefs completions`.
 *
 * @param composefs Gives the table that it is in itself.
 */
export function completions(composefs: () => Group): Command {
  return defineCommand({
    name: "completions",
    summary: "Print the completion script of a shell",
    description: [
      "For who has not installed this program: composefs install puts the scripts of all three shells in place. The script completes commands, options and their values for composefs and the C programs' names; for paths in images it asks composefs.",
    ],
    operands,
    options: {},
    examples: [
      { summary: "Complete in this bash", command: "source <(composefs completions bash)" },
      {
        summary: "Complete in every zsh, by a directory in $fpath",
        command: "composefs completions zsh >~/.zfunc/_composefs",
      },
      { summary: "Complete in this fish", command: "composefs completions fish | source" },
    ],
    run(_, { shell }, { terminal }) {
      terminal.stdout.write(SCRIPTS[shell](composefs()));
      return 0;
    },
  });
}

/**
 * `help`: what `--help` prints, by a word.
 *
 * @module
 */

import { printable } from "../../../lib/bytes/text.ts";
import { calledBy, calledWith } from "../../args/called.ts";
import { type Command, defineCommand, type Group } from "../../args/command.ts";
import { helpText } from "../../args/help.ts";
import { UsageError } from "../../args/usage_error.ts";

/**
 * The command `composefs help`.
 *
 * @param composefs Gives the table that it is in itself.
 */
export function help(composefs: () => Group): Command {
  return defineCommand({
    name: "help",
    summary: "Print the help of a command",
    description: ["The same as COMMAND --help; without COMMAND, the list of all commands."],
    operands: {
      words: { name: "COMMAND", summary: "A command", optional: true, repeated: true },
    },
    options: {},
    examples: [{ summary: "Read about making images", command: "composefs help create" }],
    run(_, { words }, { terminal }) {
      let called = calledBy(composefs().name, composefs());
      for (const word of words.map(printable)) {
        if (called.entry.kind === "command") {
          throw new UsageError(`Cannot run "${word}": ${called.name} has no commands`);
        }
        called = calledWith(called, called.entry, word);
      }
      const { entry, name, asC } = called;
      terminal.stdout.write(helpText(entry, name, terminal.width, asC));
      return 0;
    },
  });
}

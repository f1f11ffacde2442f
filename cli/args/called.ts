/**
 * Which program and which of its commands the words of a command line name.
 *
 * @module
 */

import type { Entry, Group, ProgramPolicy } from "./command.ts";
import { suggestion } from "./suggest.ts";
import { UsageError } from "./usage_error.ts";

/** How composefs itself reports failure. */
const OWN_POLICY: ProgramPolicy = { usageStatus: 2, printUsage: false };

/** A program or command, as far as a command line has named it. */
export interface Called {
  readonly entry: Entry;
  /** Name that messages begin with. */
  readonly program: string;
  /** Name that usage begins with: the program's and the commands'. */
  readonly name: string;
  readonly policy: ProgramPolicy;
  /** Whether that is a C program's name. */
  readonly asC: boolean;
}

/** The program that the first argument of a process names: one of those in composefs, or composefs. */
export function calledBy(argv0: string, composefs: Group): Called {
  const name = argv0.slice(argv0.lastIndexOf("/") + 1);
  const own: Called = {
    entry: composefs,
    program: composefs.name,
    name: composefs.name,
    policy: composefs.program ?? OWN_POLICY,
    asC: false,
  };
  const program = composefs.commands.find((child) => child.program && child.name === name);
  return program === undefined ? own : enter(own, program);
}

/**
 * Finds the command of a group that a word names.
 *
 * @throws {UsageError} If there is none; the message says what was probably meant.
 */
export function calledWith(called: Called, group: Group, word: string): Called {
  const found = [...group.commands, ...group.hidden ?? []].find(({ name }) => name === word);
  if (found !== undefined) return enter(called, found);
  const { elsewhere = {} } = group;
  const hint = Object.hasOwn(elsewhere, word)
    ? `; ${elsewhere[word]}`
    : suggestion(word, group.commands.map((child) => child.name));
  throw new UsageError(`Cannot run "${word}": ${group.name} has no such command${hint}`);
}

/** A program inside composefs goes by its own name and ways; other commands belong to whatever has them. */
function enter(called: Called, entry: Entry): Called {
  const { program } = entry;
  if (program === undefined) return { ...called, entry, name: `${called.name} ${entry.name}` };
  return { entry, program: entry.name, name: entry.name, policy: program, asC: true };
}

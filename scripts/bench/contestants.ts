/**
 * Who is measured: the program as Bun's executable and on Deno, the C programs, composefs-rs where it is about
 * container images, and tar for orientation;
 * or the executable and another build of it.
 *
 * @module
 */

import process from "node:process";
import { findBunExecutable } from "../test/executables.ts";
import { findPeer, findProgram } from "../oracle.ts";
import { repositoryPath, START } from "../build.ts";

/** Programs that exist in C and in ours, and commands of ours that do not. */
export type ProgramName = "mkcomposefs" | "composefs-info" | "fsverity" | OwnCommand;

/** Those that nobody has but we. */
type OwnCommand = (typeof OWN_COMMANDS)[number];
const OWN_COMMANDS = ["cat", "create", "diff", "explain"] as const;

function isOwn(program: ProgramName): program is OwnCommand {
  return (OWN_COMMANDS as readonly string[]).includes(program);
}

/** One of them. */
export type ContestantId = "c" | "rs" | "bun" | "deno" | "tar" | "other";

/** What they are called in tables. */
export const CONTESTANT_NAMES: Readonly<Record<ContestantId, string>> = {
  c: "C",
  rs: "composefs-rs",
  bun: "Bun executable",
  deno: "Deno from source",
  tar: "tar",
  other: "other build",
};

/** The contestants that are there. */
export interface Contestants {
  /** Start of the command of a program, undefined if it is not installed. */
  command(
    id: Exclude<ContestantId, "tar" | "rs">,
    program: ProgramName,
  ): readonly string[] | undefined;
  /** Path of composefs-rs's cfsctl, undefined if it is not installed. */
  readonly composefsRs: () => string | undefined;
  /** Command that reads every byte of a directory. */
  readonly tar: (directory: string) => readonly string[] | undefined;
}

/**
 * Builds Bun's executable, which is removed at the end of this process, and looks for the rest.
 *
 * @param other Path of another build of the executable.
 */
export function findContestants(other?: string): Contestants {
  const executable = findBunExecutable();
  const bun = "path" in executable ? executable.path : undefined;
  return {
    command(id, program) {
      if (id === "deno") return [process.execPath, "run", "-A", repositoryPath(START), program];
      if (id === "other") return other === undefined ? undefined : [other, program];
      if (id === "bun") return bun === undefined ? undefined : [bun, program];
      const peer = isOwn(program) ? undefined : findPeer(program);
      return peer === undefined ? undefined : [peer];
    },
    composefsRs: () => findProgram("cfsctl"),
    tar(directory) {
      const tar = findProgram("tar");
      // GNU tar does not read files if it writes to /dev/null itself.
      if (tar === undefined) return undefined;
      return ["sh", "-c", '"$0" -cf - "$1" | cat >/dev/null', tar, directory];
    },
  };
}

/**
 * Options by which the image of a tree differs from the tree, so that it depends on nothing but what is meant to be in
 * it: not on who builds it, when and where.
 *
 * @module
 */

import { parseExclude } from "../../../lib/tree/excludes.ts";
import { PatternError } from "../../../lib/tree/pattern_error.ts";
import type { Time } from "../../../lib/tree/stat_change.ts";
import { parseXattrPatterns, XATTR_LISTS } from "../../../lib/tree/xattr_patterns.ts";
import type { OptionTable, OptionValues } from "../../args/command.ts";
import type { ValueParser } from "../../args/value_parser.ts";
import { time } from "../../args/time.ts";
import { UsageError } from "../../args/usage_error.ts";
import { integer, path } from "../../args/values.ts";
import { ValueError } from "../../args/value_error.ts";
import { isStdin } from "../../stdin.ts";

/** Word for the time that the variable of this name says. */
const SOURCE_DATE_EPOCH = "source-date-epoch";

/** The options, which the C program has none of. */
export const changeOptions = {
  mtime: {
    kind: "value",
    value: "TIME",
    parse: Object.assign(mtime, { words: [SOURCE_DATE_EPOCH] }),
    summary: "Set all modification times to TIME",
    help:
      "TIME is seconds since the epoch, up to nine decimals, with or without an @ in front; a date, for its first moment in UTC; a date and time with a zone, such as 2023-11-14T22:13:20Z or 2023-11-14T23:13:20+01:00; or the word source-date-epoch, for the variable SOURCE_DATE_EPOCH.",
    extension: true,
  },
  "clamp-mtime": {
    kind: "flag",
    summary: "With --mtime, set only times that are later than TIME",
    extension: true,
  },
  owner: {
    kind: "value",
    value: "UID[:GID]",
    parse: owner,
    summary: "Set the owner of all files, and their group",
    help: "Numbers only: which number a name stands for depends on the machine.",
    extension: true,
  },
  group: {
    kind: "value",
    value: "GID",
    parse: id,
    summary: "Set the group of all files",
    extension: true,
  },
  exclude: {
    kind: "list",
    value: "PATTERN",
    parse: pattern(parseExclude),
    summary: "Leave out what matches PATTERN, with all below it",
    help:
      "With a slash in front, PATTERN is a path in SOURCE (/tmp); without one it matches the end of paths, at any depth (*.o, .git/config). With a slash at its end it is for directories only. In a name, * stands for any bytes, ? for one byte, [a-z] for one of those, [!a-z] for one other, and \\ takes the byte behind it as it is; ** between slashes stands for any number of names. So /tmp/* leaves /tmp empty. What is left out is not read. A note says which patterns nothing has matched.",
    extension: true,
  },
  "exclude-from": {
    kind: "list",
    value: "FILE",
    parse: path,
    summary: "Leave out what matches a pattern in FILE (- for standard input)",
    help:
      "FILE has a pattern on each line, as --exclude takes it. Empty lines and those that begin with # are passed over; \\# is a name's.",
    extension: true,
  },
  "one-file-system": {
    kind: "flag",
    summary: "Stay on the file system of SOURCE",
    help:
      "Directories on which another one is mounted are in the image as they show themselves, and empty. A file that is mounted by itself is taken.",
    extension: true,
  },
  xattrs: {
    kind: "value",
    value: "PATTERN[,PATTERN]",
    parse: Object.assign(pattern(parseXattrPatterns), { words: XATTR_LISTS }),
    summary: "Keep extended attributes whose names match",
    defaultText: "all",
    help:
      "PATTERN is for full names, with the wildcards of --exclude: user.*. With ! in front it drops what it matches. Of several that match the last counts; what none matches is kept if the first begins with !, and is dropped otherwise. Words stand for lists: all, none, user (user.*), and as in composefs-rs allowlist-only (security.capability) and keep-user-xattrs (that and user.*).",
    extension: true,
  },
  "selinux-contexts": {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Label all files by the rules in FILE (- for standard input)",
    help:
      "FILE is a file_contexts of SELinux; FILE.homedirs and FILE.local add rules to it, FILE.subs_dist and FILE.subs substitutions, where they exist. A label is written with a NUL at its end, as setfiles(8) writes it, so that the image is that of a tree which has been labelled. What no rule is for, or <<none>>, has no label; a file whose names are to have different ones becomes several. Labels are not subject to --xattrs and its like.",
    extension: true,
  },
} as const satisfies OptionTable;

/** What they come to. */
export type ChangeOptions = OptionValues<typeof changeOptions>;

/** Other options that they may contradict. */
interface OtherOptions {
  readonly useEpoch: boolean;
  readonly skipXattrs: boolean;
  readonly userXattrs: boolean;
}

/**
 * Checks the options.
 *
 * @param source SOURCE, which may be standard input as well.
 * @throws {UsageError} If options contradict each other, or one lacks another.
 */
export function checkChanges(
  options: Partial<ChangeOptions> & OtherOptions,
  source: Uint8Array,
): void {
  if (options.skipXattrs && options.userXattrs) throw both("--skip-xattrs", "--user-xattrs");
  if (options.xattrs !== undefined) {
    if (options.skipXattrs) throw both("--xattrs", "--skip-xattrs");
    if (options.userXattrs) throw both("--xattrs", "--user-xattrs");
  }
  if (options.mtime !== undefined && options.useEpoch) throw both("--mtime", "--use-epoch");
  if (options.clampMtime && options.mtime === undefined) {
    throw new UsageError("Cannot use --clamp-mtime alone: expected --mtime with it", {
      usage: false,
    });
  }
  if (options.owner?.gid !== undefined && options.group !== undefined) {
    throw both("--owner=UID:GID", "--group");
  }
  checkInputs([source, ...options.excludeFrom ?? [], options.selinuxContexts]);
}

/** Of files that are read, only one can be standard input. */
function checkInputs(paths: readonly (Uint8Array | undefined)[]): void {
  if (paths.filter((path) => path !== undefined && isStdin(path)).length < 2) return;
  throw new UsageError("Cannot use - twice: standard input can be read once", { usage: false });
}

function both(one: string, other: string): UsageError {
  return new UsageError(`Cannot use ${one} with ${other}: expected one of them`, { usage: false });
}

function mtime(text: string): Time | typeof SOURCE_DATE_EPOCH {
  return text === SOURCE_DATE_EPOCH ? SOURCE_DATE_EPOCH : time(text);
}

/** The last number, 2^32-1, is no ID: system calls take it for none. */
const parseId = integer(0, 2 ** 32 - 2);

function id(text: string, bytes: Uint8Array<ArrayBuffer>): number {
  if (!/^[0-9]/.test(text)) {
    throw new ValueError(
      "expected a number: which one a name stands for depends on the machine",
    );
  }
  return parseId(text, bytes);
}

function owner(
  text: string,
  bytes: Uint8Array<ArrayBuffer>,
): { readonly uid: number; readonly gid?: number } {
  const colon = text.indexOf(":");
  if (colon < 0) return { uid: id(text, bytes) };
  return { uid: id(text.slice(0, colon), bytes), gid: id(text.slice(colon + 1), bytes) };
}

/** A parser of patterns for the command line. */
function pattern<T>(parse: (pattern: Uint8Array) => T): ValueParser<T> {
  return function parsePattern(_text, bytes) {
    try {
      return parse(bytes);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw new ValueError(error.message, { cause: error });
    }
  };
}

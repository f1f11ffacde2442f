/**
 * The rules of an SELinux policy that say which context a file gets: `file_contexts` and its companions.
 *
 * A rule is a pattern, perhaps a kind of file, and a context. Of those that match a path to its end the last one
 * counts, whatever file it stands in. Substitutions say that a directory is labelled as if it were at another
 * path.
 *
 * @see file_contexts(5), selabel_file(5)
 * @see composefs-rs 0.9.4, `crates/composefs-boot/src/selabel.rs`
 *
 * @module
 */

import { latin1, quote, utf8 } from "../bytes/text.ts";
import { equalBytes } from "../bytes/compare.ts";
import { splitNames } from "../tree/place.ts";
import type { FileKind } from "../tree/tree.ts";
import { Automaton, PatternCostError, type State } from "./_automaton.ts";
import { parsePattern } from "./_pattern.ts";
import { SelinuxPolicyError } from "./policy_error.ts";

/** Bytes of all files of a policy that are read: some twenty times what there is. */
const MAX_POLICY_SIZE = 1 << 24;
/** Bytes of a pattern. */
const MAX_PATTERN_LENGTH = 4096;

/** A file of a policy. */
export interface PolicyFile {
  /** What messages call it. */
  readonly name: string;
  /** The whole of it. */
  readonly bytes: Uint8Array;
}

/** Kinds of files, by the letter that a rule names them with. */
const KINDS: Readonly<Record<string, FileKind>> = {
  "--": "regular",
  "-b": "block",
  "-c": "character",
  "-d": "directory",
  "-l": "symlink",
  "-p": "fifo",
  "-s": "socket",
};

/** The context that stands for none. */
const NONE = utf8("<<none>>");

interface Rule {
  /** Undefined if it is for all kinds. */
  readonly kind: FileKind | undefined;
  /** Undefined if files are to have none. */
  readonly context: Uint8Array | undefined;
}

/** Directories that substitutions are about, as a tree. */
interface Alias {
  readonly children: Map<string, Alias>;
  /** Names of the path at which this one is looked up. */
  original?: readonly Uint8Array[];
}

/** What has been read of a policy. */
interface Policy {
  /** What messages call it. */
  readonly name: string;
  /** In the order in which their patterns are in the automaton. */
  readonly rules: readonly Rule[];
  readonly automaton: Automaton;
  readonly aliases: Alias;
}

/** Where a walk through a tree stands that asks for contexts: a directory costs its own name then, not its path. */
export class ContextPosition {
  readonly #policy: Policy;
  /** After the path. */
  readonly #state: State;
  /** Undefined where no substitution is about anything below. */
  readonly #alias: Alias | undefined;
  /** Whether it is the root itself, whose path ends in a slash as it is. */
  readonly #isRoot: boolean;

  /** @ignore */
  constructor(policy: Policy, state: State, alias: Alias | undefined, isRoot: boolean) {
    this.#policy = policy;
    this.#state = state;
    this.#alias = alias;
    this.#isRoot = isRoot;
  }

  /**
   * From a directory to a file in it.
   *
   * @throws {SelinuxPolicyError} If the patterns are such that it takes too much to find out.
   */
  enter(name: Uint8Array): ContextPosition {
    const below = this.#alias?.children.get(latin1(name));
    if (below?.original === undefined) return this.#append(name);
    return below.original.reduce(
      (position: ContextPosition, name) => position.#append(name),
      rootPosition(this.#policy),
    );
  }

  /**
   * The context that a file there gets, without a NUL at its end.
   *
   * @returns Undefined if it is to have none.
   */
  context(kind: FileKind): Uint8Array | undefined {
    for (const number of this.#state.matches) {
      const rule = this.#policy.rules[number]!;
      if (rule.kind === undefined || rule.kind === kind) return rule.context;
    }
    return undefined;
  }

  /** The same, whatever substitutions say of that path. */
  #append(name: Uint8Array): ContextPosition {
    let state = this.#isRoot ? this.#state : step(this.#policy, this.#state, SLASH);
    for (const byte of name) state = step(this.#policy, state, byte);
    return new ContextPosition(
      this.#policy,
      state,
      this.#alias?.children.get(latin1(name)),
      false,
    );
  }
}

/** The rules of a policy, made ready to be looked up by {@linkcode parseFileContexts}. */
export class FileContexts {
  readonly #policy: Policy;

  /** @ignore */
  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /**
   * The context of a file, without a NUL at its end.
   *
   * @param path Absolute.
   * @returns Undefined if it is to have none.
   * @throws {SelinuxPolicyError} If the patterns are such that it takes too much to find out.
   */
  lookup(path: Uint8Array, kind: FileKind): Uint8Array | undefined {
    return splitNames(path).reduce((position, name) => position.enter(name), this.root())
      .context(kind);
  }

  /** The root directory, from where a tree is walked through. */
  root(): ContextPosition {
    return rootPosition(this.#policy);
  }
}

function rootPosition(policy: Policy): ContextPosition {
  const state = step(policy, policy.automaton.start, SLASH);
  return new ContextPosition(policy, state, policy.aliases, true);
}

function step({ automaton, name }: Policy, state: State, byte: number): State {
  try {
    return automaton.step(state, byte);
  } catch (error) {
    throw error instanceof PatternCostError ? new SelinuxPolicyError(name, error.message) : error;
  }
}

const SLASH = 0x2f;

/**
 * Reads the rules of a policy.
 *
 * @param specs Files of rules, those that count more behind the others: `file_contexts`, then
 *   `file_contexts.local`, then `file_contexts.homedirs`.
 * @param substitutions Files of substitutions: `file_contexts.subs`, then `file_contexts.subs_dist`. Of two for
 *   one path the last counts.
 * @throws {SelinuxPolicyError} If a line breaks the format, or a pattern has what is not supported.
 *
 * @example Two rules
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFileContexts } from "composefs-ts";
 *
 * const text = "/usr(/.*)?  system_u:object_r:usr_t:s0\n/usr/bin(/.*)?  --  system_u:object_r:bin_t:s0\n";
 * const bytes = new TextEncoder().encode(text);
 * const contexts = parseFileContexts([{ name: "file_contexts", bytes }]);
 * const context = contexts.lookup(new TextEncoder().encode("/usr/bin/sh"), "regular");
 * assertEquals(new TextDecoder().decode(context), "system_u:object_r:bin_t:s0");
 * ```
 */
export function parseFileContexts(
  specs: readonly PolicyFile[],
  substitutions: readonly PolicyFile[] = [],
): FileContexts {
  checkSize([...specs, ...substitutions]);
  const automaton = new Automaton();
  const rules: Rule[] = [];
  for (const file of specs) {
    for (const line of readLines(file)) rules.push(parseRule(line, automaton));
  }
  const aliases: Alias = { children: new Map() };
  for (const file of substitutions) {
    for (const line of readLines(file)) addAlias(aliases, line);
  }
  return new FileContexts({ name: specs[0]?.name ?? "file contexts", rules, automaton, aliases });
}

function checkSize(files: readonly PolicyFile[]): void {
  let size = 0;
  for (const { name, bytes } of files) {
    size += bytes.length;
    if (size > MAX_POLICY_SIZE) {
      const state = `the policy has more than ${MAX_POLICY_SIZE} bytes up to here`;
      throw new SelinuxPolicyError(name, state);
    }
  }
}

/** A line that says something. */
interface Line {
  readonly fields: readonly Uint8Array[];
  readonly refuse: (state: string) => Error;
}

function* readLines({ name, bytes }: PolicyFile): Generator<Line> {
  let number = 0;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = ++number;
    const fields = splitFields(bytes.subarray(start, end));
    start = end + 1;
    if (fields.length === 0 || fields[0]![0] === HASH) continue;
    yield { fields, refuse: (state) => new SelinuxPolicyError(name, state, line) };
  }
}

const NEWLINE = 0x0a;
const HASH = 0x23;

/** Fields between blanks. */
function splitFields(line: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= line.length; at++) {
    const byte = line[at] ?? 0x20;
    if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) continue;
    if (at > start) fields.push(line.subarray(start, at));
    start = at + 1;
  }
  return fields;
}

function parseRule({ fields, refuse }: Line, automaton: Automaton): Rule {
  const [pattern, second, third] = fields;
  const hasKind = second !== undefined && second[0] === 0x2d;
  const kind = hasKind ? KINDS[latin1(second)] : undefined;
  if (hasKind && kind === undefined) {
    throw refuse(`${quote(second)}, expected a kind of file: -- -b -c -d -l -p -s`);
  }
  const context = hasKind ? third : second;
  if (context === undefined) throw refuse("no context, expected one behind the pattern");
  const rest = fields[hasKind ? 3 : 2];
  if (rest !== undefined) {
    throw refuse(`${quote(rest)} behind the context, expected the end of the line`);
  }
  addPattern(automaton, pattern!, refuse);
  return { kind, context: equalBytes(context, NONE) ? undefined : context.slice() };
}

function addPattern(automaton: Automaton, pattern: Uint8Array, refuse: Line["refuse"]): void {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw refuse(`a pattern of ${pattern.length} bytes, expected at most ${MAX_PATTERN_LENGTH}`);
  }
  const refusePattern = (state: string) => refuse(`${quote(pattern)}: ${state}`);
  try {
    automaton.add(parsePattern(pattern, refusePattern));
  } catch (error) {
    throw error instanceof PatternCostError ? refusePattern(error.message) : error;
  }
}

function addAlias(root: Alias, { fields, refuse }: Line): void {
  const [path, original, rest] = fields;
  if (original === undefined) throw refuse("no second path, expected one behind the first");
  if (rest !== undefined) {
    throw refuse(`${quote(rest)} behind the paths, expected the end of the line`);
  }
  let alias = root;
  for (const name of aliasNames(path!, refuse)) {
    const key = latin1(name);
    let child = alias.children.get(key);
    if (child === undefined) alias.children.set(key, child = { children: new Map() });
    alias = child;
  }
  alias.original = aliasNames(original, refuse).map((name) => name.slice());
}

/** Names of a path that is as a walk would make it. */
function aliasNames(path: Uint8Array, refuse: Line["refuse"]): Uint8Array[] {
  const names = splitNames(path);
  const length = Math.max(1, names.reduce((sum, name) => sum + 1 + name.length, 0));
  if (path[0] !== SLASH || path.length !== length) {
    throw refuse(`${quote(path)}, expected a path from the root, without a slash at its end`);
  }
  return names;
}

/**
 * The SELinux policy that an image brings along, in `/etc/selinux`.
 *
 * `config` there names a policy, whose rules lie in `NAME/contexts/files`. Symbolic links are not followed: what
 * composefs-rs refuses is refused, so that an image either gets the labels that it gets there, or none.
 *
 * @see composefs-rs 0.9.4, `crates/composefs-boot/src/selabel.rs`
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { latin1, printable, quote, utf8 } from "../bytes/text.ts";
import { findEntry } from "../tree/growing_directory.ts";
import { hasNulOrSlash, isDotOrDotDot } from "../tree/name.ts";
import { splitNames } from "../tree/place.ts";
import type { Directory, Tree } from "../tree/tree.ts";
import { type FileContexts, parseFileContexts, type PolicyFile } from "./file_contexts.ts";
import { SelinuxPolicyError } from "./policy_error.ts";

const CONFIG = utf8("config");
const ABOVE = ["etc", "selinux"].map(utf8);
const BELOW = ["contexts", "files"].map(utf8);
const RULES = "file_contexts";
const RULES_ADDED = ["file_contexts.local", "file_contexts.homedirs"];
const SUBSTITUTIONS = ["file_contexts.subs", "file_contexts.subs_dist"];
const FILES = [RULES, ...RULES_ADDED, ...SUBSTITUTIONS].map(utf8);

/** Gives the contents of a file; undefined if they are not at hand. */
export type ReadPolicyFile<File> = (file: File) => Uint8Array | undefined;

/**
 * Tells whether a path may be that of a file that {@linkcode readPolicy} asks for, so that its contents have to be
 * kept.
 *
 * @param path Of a file in a tree, or the name of a member of a layer.
 */
export function isPolicyPath(path: Uint8Array): boolean {
  const names: Uint8Array[] = [];
  for (const name of splitNames(path)) {
    if (!isDotOrDotDot(name)) names.push(name);
    else if (name.length === 2) names.pop();
  }
  if (!ABOVE.every((name, i) => names[i] !== undefined && equalBytes(names[i], name))) return false;
  if (names.length === 3) return equalBytes(names[2]!, CONFIG);
  const last = names.length - 1;
  return names.length >= 6 && FILES.some((name) => equalBytes(name, names[last]!)) &&
    BELOW.every((name, i) => equalBytes(names[last - 2 + i]!, name));
}

/**
 * Reads the policy of a tree.
 *
 * @returns Undefined if the tree has none: no `/etc/selinux/config`, or no `SELINUXTYPE` in it.
 * @throws {SelinuxPolicyError} If a file of it is missing, or breaks its format, or is no regular file.
 */
export function readPolicy<File>(
  tree: Tree<File>,
  readFile: ReadPolicyFile<File>,
): FileContexts | undefined {
  const reader = new PolicyReader(tree, readFile);
  const config = reader.find(CONFIG);
  const type = config === undefined ? undefined : policyType(config.bytes);
  if (type === undefined) return undefined;
  if (type.length === 0 || hasNulOrSlash(type) || isDotOrDotDot(type)) {
    const state = `SELINUXTYPE=${printable(type)}, expected the name of a directory`;
    throw new SelinuxPolicyError(config!.name, state);
  }
  reader.descend([type, ...BELOW]);
  const rules = reader.find(utf8(RULES));
  if (rules === undefined) throw reader.missing(utf8(RULES));
  const others = (names: readonly string[]) =>
    names.map((name) => reader.find(utf8(name))).filter((file) => file !== undefined);
  return parseFileContexts([rules, ...others(RULES_ADDED)], others(SUBSTITUTIONS));
}

/** Looks for files below `/etc/selinux`. */
class PolicyReader<File> {
  readonly #tree: Tree<File>;
  readonly #readFile: ReadPolicyFile<File>;
  /** Undefined if it is not there. */
  #directory: Directory | undefined;
  #path = "";

  constructor(tree: Tree<File>, readFile: ReadPolicyFile<File>) {
    this.#tree = tree;
    this.#readFile = readFile;
    this.#directory = tree.root;
    for (const name of ABOVE) this.#enter(name);
  }

  /** Goes down to a directory that has to be there. */
  descend(names: readonly Uint8Array[]): void {
    for (const name of names) {
      this.#enter(name);
      if (this.#directory === undefined) throw this.#error("", "no such directory");
    }
  }

  /** The file of that name in the directory; undefined if there is none. */
  find(name: Uint8Array): PolicyFile | undefined {
    const entry = this.#directory && findEntry(this.#directory.entries, name);
    if (entry === undefined) return undefined;
    const node = typeof entry.node === "number" ? this.#tree.leaves[entry.node]! : entry.node;
    if (node.kind !== "regular") throw this.#error(name, `a ${node.kind}, expected a regular file`);
    const bytes = this.#readFile(node.file);
    if (bytes === undefined) throw this.#error(name, "its contents are not at hand");
    return { name: this.#named(name), bytes };
  }

  /** Says that a file is not there. */
  missing(name: Uint8Array): SelinuxPolicyError {
    return this.#error(name, "no such file, expected the rules of the policy");
  }

  #enter(name: Uint8Array): void {
    const entry = this.#directory && findEntry(this.#directory.entries, name);
    this.#path += `/${latin1(name)}`;
    if (typeof entry?.node === "number") {
      const { kind } = this.#tree.leaves[entry.node]!;
      throw this.#error("", `a ${kind}, expected a directory`);
    }
    this.#directory = entry?.node;
  }

  #named(name: Uint8Array | ""): string {
    const path = name === "" ? this.#path : `${this.#path}/${latin1(name)}`;
    return quote(Uint8Array.from(path, (unit) => unit.charCodeAt(0)));
  }

  #error(name: Uint8Array | "", state: string): SelinuxPolicyError {
    return new SelinuxPolicyError(this.#named(name), state);
  }
}

/** The name of the policy that a configuration asks for: what stands behind the first `SELINUXTYPE=`. */
function policyType(bytes: Uint8Array): Uint8Array | undefined {
  for (const line of latin1(bytes).split("\n")) {
    const equals = line.indexOf("=");
    if (equals < 0 || line.slice(0, equals).trim().toUpperCase() !== "SELINUXTYPE") continue;
    return Uint8Array.from(line.slice(equals + 1).trim(), (unit) => unit.charCodeAt(0));
  }
  return undefined;
}

/**
 * Which extended attributes are kept, said by patterns for their names.
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import { Glob } from "./glob.ts";
import { PatternError } from "./pattern_error.ts";
import type { XattrFilter, XattrSelection } from "./source.ts";

const COMMA = 0x2c;
const DOT = 0x2e;
const EXCLAMATION_MARK = 0x21;
const BACKSLASH = 0x5c;

/** A pattern, and what becomes of names that match it. */
interface Rule {
  readonly keeps: boolean;
  readonly glob: Glob;
}

/** Words for lists that are often wanted: names have a dot in them, so that no word is one. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  all: ["*"],
  none: ["!*"],
  user: ["user.*"],
  "allowlist-only": ["security.capability"],
  "keep-user-xattrs": ["security.capability", "user.*"],
};

/** The words that {@linkcode parseXattrPatterns} takes for lists of patterns. */
export const XATTR_LISTS: readonly string[] = Object.keys(LISTS);

/**
 * Reads a list of patterns for full names, separated by commas: `user.*,security.capability`, or `!user.secret`.
 *
 * Of several that match a name the last counts. A name that none matches is kept if the first of them begins with `!`,
 * and is not otherwise. Each is a {@linkcode Glob}, in which a comma is written `\,`; or a word for a list:
 * `all`, `none`, `user`, and `allowlist-only` and `keep-user-xattrs`, which are those of composefs-rs:
 * `security.capability` alone, or with `user.*`.
 *
 * @throws {PatternError} If one is empty, a word without a dot that is not one of these, or no pattern.
 *
 * @example All but one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryNode, memoryTree, parseXattrPatterns, scanTree } from "composefs-ts";
 *
 * const utf8 = (text: string) => new TextEncoder().encode(text);
 * const xattrs = ["user.a", "user.b"].map((name) => ({ name: utf8(name), value: utf8("") }));
 * const source = memoryTree({ "file": new MemoryNode("hello", { xattrs }) });
 * const options = { xattrs: parseXattrPatterns(utf8("!user.a")) };
 * const { leaves } = scanTree(source, () => undefined, options);
 * assertEquals(leaves[0]!.stat.xattrs, [xattrs[1]!]);
 * ```
 */
export function parseXattrPatterns(list: Uint8Array): XattrFilter {
  const items = splitList(list);
  const keepsOthers = items[0]![0] === EXCLAMATION_MARK;
  const rules = items.flatMap(rulesOf);
  return keepsOthers || rules.some(({ keeps }) => keeps)
    ? new PatternSelection(rules, keepsOthers)
    : "none";
}

class PatternSelection implements XattrSelection {
  /** The last one first. */
  readonly #rules: readonly Rule[];
  readonly #keepsOthers: boolean;

  constructor(rules: readonly Rule[], keepsOthers: boolean) {
    this.#rules = rules.toReversed();
    this.#keepsOthers = keepsOthers;
  }

  keeps(name: Uint8Array): boolean {
    const rule = this.#rules.find(({ glob }) => glob.matches(name));
    return rule === undefined ? this.#keepsOthers : rule.keeps;
  }
}

function rulesOf(item: Uint8Array): readonly Rule[] {
  if (item.length === 0) throw new PatternError("expected a pattern before and behind each comma");
  if (item.includes(DOT)) return [ruleOf(item)];
  const word = new TextDecoder().decode(item);
  if (Object.hasOwn(LISTS, word)) {
    return LISTS[word]!.map((pattern) => ruleOf(utf8(pattern)));
  }
  throw new PatternError(
    "expected patterns for full names, such as user.* or !security.selinux, or one of " +
      XATTR_LISTS.join(", "),
  );
}

function ruleOf(item: Uint8Array): Rule {
  const keeps = item[0] !== EXCLAMATION_MARK;
  return { keeps, glob: new Glob(keeps ? item : item.subarray(1)) };
}

/** Splits at commas that no backslash stands before. */
function splitList(list: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < list.length; at++) {
    if (list[at] === BACKSLASH) at++;
    else if (list[at] === COMMA) {
      items.push(list.subarray(start, at));
      start = at + 1;
    }
  }
  return [...items, list.subarray(start)];
}

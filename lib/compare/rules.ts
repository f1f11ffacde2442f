/**
 * All rules that are known, in the order in which they are applied where several are.
 *
 * @module
 */

import { CONTENT_RULES } from "./_content_rules.ts";
import { ROOTLESS } from "./_rootless_rule.ts";
import { NAME_RULES } from "./_name_rules.ts";
import { STAT_RULES } from "./_stat_rules.ts";
import { TIME_RULES } from "./_time_rules.ts";
import { DIRECTORY_RULES, TREE_RULES, WHOLE_RULES } from "./_tree_rules.ts";
import { XATTR_RULES } from "./_xattr_rules.ts";
import type { Rule } from "./rule.ts";

/** The rules that are tried. */
export const RULES: readonly Rule[] = [
  ROOTLESS,
  ...WHOLE_RULES,
  ...NAME_RULES,
  ...TREE_RULES,
  ...XATTR_RULES,
  ...TIME_RULES,
  ...STAT_RULES,
  ...DIRECTORY_RULES,
  ...CONTENT_RULES,
];

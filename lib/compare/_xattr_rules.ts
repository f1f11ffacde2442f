/**
 * Rules about which extended attributes survive.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { utf8 } from "../bytes/text.ts";
import { changeTree } from "../tree/change_tree.ts";
import { statChange } from "../tree/stat_change.ts";
import type { Stat } from "../tree/tree.ts";
import { parseXattrPatterns } from "../tree/xattr_patterns.ts";
import type { Rule } from "./rule.ts";

/** Patterns as `--xattrs` takes them, with who lets just these through. */
const LISTS: readonly (readonly [name: string, patterns: string, says: string, knownOf: string])[] =
  [
    [
      "no-labels",
      "!security.selinux",
      "SELinux labels are lost",
      "tar without --selinux or --xattrs, hosts without SELinux",
    ],
    [
      "no-acls",
      "!system.posix_acl_*",
      "access control lists are lost",
      "tar without --acls, buildah 1.28 with the driver vfs, file systems mounted with noacl",
    ],
    [
      "no-trusted",
      "!trusted.*",
      "xattrs of trusted. are lost",
      "whoever reads or unpacks without root's rights; GNU tar without --xattrs-include",
    ],
    [
      "no-capabilities",
      "!security.capability",
      "file capabilities are lost",
      "unpackers that change owners after xattrs, or run without root's rights; rsync without -X, GNU tar without --xattrs-include, ostree checkout -U",
    ],
    [
      "allowlist-only",
      "allowlist-only",
      "no xattrs are left but security.capability",
      "composefs-rs, for every image of layers",
    ],
    [
      "keep-user-xattrs",
      "keep-user-xattrs",
      "no xattrs are left but security.capability and those of user.",
      "composefs-rs with --xattrs=keep-user-xattrs",
    ],
    [
      "user-xattrs",
      "user",
      "no xattrs are left but those of user.",
      "mkcomposefs --user-xattrs; GNU tar with --xattrs alone, as unpacker (seen with 1.34)",
    ],
    [
      "no-xattrs",
      "none",
      "xattrs are lost",
      "tar without --xattrs, cp -r, rsync -a, mkcomposefs --skip-xattrs, git, archives in the formats ustar and gnu",
    ],
  ];

const TERMINATED_LABELS: Rule = {
  name: "terminated-labels",
  says: "SELinux labels end with a NUL",
  knownOf: "GNU tar --selinux (seen with 1.34), setfiles",
  changes: ["xattrs"],
  ways: () => [{ apply: (tree) => changeTree(tree, { stat: terminated }) }],
};

const LABEL = utf8("security.selinux");

function terminated(stat: Stat): Stat {
  if (!stat.xattrs.some(({ name }) => equalBytes(name, LABEL))) return stat;
  const xattrs = stat.xattrs.map((xattr) =>
    equalBytes(xattr.name, LABEL) && xattr.value.at(-1) !== 0
      ? { ...xattr, value: Uint8Array.of(...xattr.value, 0) }
      : xattr
  );
  return { ...stat, xattrs };
}

const LOST_XATTRS: readonly Rule[] = LISTS.map(([name, patterns, says, knownOf]) => ({
  name,
  says,
  knownOf,
  changes: ["xattrs"],
  ways: () => [{
    option: `--xattrs='${patterns}'`,
    apply: (tree) =>
      changeTree(tree, { stat: statChange({ xattrs: parseXattrPatterns(utf8(patterns)) }) }),
  }],
}));

/** In the order in which they are applied. */
export const XATTR_RULES: readonly Rule[] = [...LOST_XATTRS, TERMINATED_LABELS];

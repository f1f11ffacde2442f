/**
 * What a kernel shows of a file whose inode is known: which xattrs it lists, and what it keeps back.
 *
 * Xattrs without a handler are not listed: `lustre.*`, `system.*`, names without a namespace and, where
 * ACLs are off, those. Bogus capabilities, `user.*` of other than files and directories, names that
 * escaping made longer than 255 bytes, and empty names of a namespace are listed and refused. Files of
 * user or group -1 are open only as far as their permissions go.
 *
 * @see fs/erofs/xattr.c, fs/xattr.c, fs/namei.c, security/commoncap.c
 *
 * @module
 */

import {
  contentsFact,
  type Facts,
  type FactTree,
  linkFacts,
  READ_LIMIT,
  statFacts,
  xattrFact,
} from "./facts.ts";
import type { ModelFile, ModelTree } from "./dump_model.ts";

const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const TYPE = 0o170000;
const ACL = "system.posix_acl_";

/** The longest name that getxattr(2) takes; escaping can make a longer one, which is only listed. */
const XATTR_NAME_MAX = 255;

/** The id -1 is no user's and no group's; the kernel shows another in its place. */
const INVALID_ID = 2 ** 32 - 1;
const OVERFLOW_ID = 65534;

const READ = 4;
const EXECUTE = 1;

/** Whether even root may not look into the root directory: there is nothing to compare then. */
export function isSealed(tree: ModelTree): boolean {
  return !rootMay(READ | EXECUTE, tree.get("/")!);
}

/** What a kernel should show to root of a tree of inodes. */
export function expectedFacts(tree: ModelTree, mount: { readonly acl: boolean }): FactTree {
  const facts: FactTree = new Map();
  const closed = new Set<string>();
  // A directory sorts before all that is in it.
  for (const path of [...tree.keys()].sort()) {
    const file = tree.get(path)!;
    if (closed.has(parentOf(path))) {
      closed.add(path);
      continue;
    }
    const known = fileFacts(file, mount.acl);
    facts.set(path, known);
    if ((file.mode & TYPE) === DIRECTORY && !rootMay(READ | EXECUTE, file)) {
      known.set("entries", "EACCES");
      closed.add(path);
    }
  }
  linkFacts(facts, (path) => {
    const file = tree.get(path)!;
    return file.nlink > 1 && (file.mode & TYPE) !== DIRECTORY ? file : undefined;
  });
  return facts;
}

function fileFacts(file: ModelFile, acl: boolean): Facts {
  const facts = statFacts({ ...file, uid: shownId(file.uid), gid: shownId(file.gid) });
  if (file.target !== undefined) facts.set("target", file.target);
  if ((file.mode & TYPE) === REGULAR && file.size <= READ_LIMIT) {
    const { contents } = file;
    const bytes = contents === undefined
      ? new Uint8Array(file.size)
      : Uint8Array.from(contents, (unit) => unit.charCodeAt(0));
    facts.set("contents", rootMay(READ, file) ? contentsFact(bytes) : "EACCES");
  }
  for (const [name, value] of file.xattrs) {
    if (isListed(name, acl)) facts.set(xattrFact(name), refusal(file, name, value) ?? "=" + value);
  }
  return facts;
}

/** Whether root has a permission. Root overrides none where owner or group is no one. */
function rootMay(permission: number, { uid, gid, mode }: ModelFile): boolean {
  if (uid !== INVALID_ID && gid !== INVALID_ID) return true;
  const granted = uid === 0 ? mode >> 6 : gid === 0 ? mode >> 3 : mode;
  return (granted & permission) === permission;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}

function shownId(id: number): number {
  return id === INVALID_ID ? OVERFLOW_ID : id;
}

/** Whether EROFS has a handler for the name; all others are in the image and stay hidden. */
function isListed(name: string, acl: boolean): boolean {
  return /^(?:user|trusted|security)\./.test(name) || (acl && name.startsWith(ACL));
}

/** The error that getxattr(2) gives for an xattr that is there. */
function refusal(file: ModelFile, name: string, value: string): string | undefined {
  const type = file.mode & TYPE;
  if (name.startsWith("user.") && type !== REGULAR && type !== DIRECTORY) return "ENODATA";
  if (name.startsWith("user.") && !rootMay(READ, file)) return "EACCES";
  if (name.length > XATTR_NAME_MAX) return "ERANGE";
  if (/^(?:user|trusted|security)\.$/.test(name)) return "EINVAL";
  if (name === "security.capability" && !isCapability(value)) return "EINVAL";
  return undefined;
}

/** Whether a value is what the kernel takes for file capabilities of revision 2. */
function isCapability(value: string): boolean {
  return value.length === 20 && value.charCodeAt(3) === 2;
}

/** Whether the inodes have ACLs, and all of them such as the kernel can read. */
export function hasSoundAcls(tree: ModelTree): boolean {
  const acls = [...tree.values()].flatMap(({ xattrs }) =>
    [...xattrs].filter(([name]) => name.startsWith(ACL))
  );
  return acls.length > 0 &&
    acls.every(([name, value]) =>
      /^system\.posix_acl_(?:access|default)$/.test(name) && value.startsWith("\x02\0\0\0") &&
      value.length > 4 && value.length % 8 === 4
    );
}

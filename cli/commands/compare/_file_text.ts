/**
 * Attributes of files in words, as people compare them.
 *
 * @module
 */

import { latin1 } from "../../../lib/bytes/text.ts";
import type { Attribute, ComparedFile } from "../../../lib/compare/differences.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { aclText } from "../../../lib/tar/acl.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import type { Xattr } from "../../../lib/tree/tree.ts";
import {
  deviceText,
  type ImageFile,
  modeLetters,
  shownValue,
  timeText,
} from "../image/describe.ts";

/** One line: what it was and what it is; absent is what is not there. */
export interface AttributeText {
  /** The attribute, or the name of an xattr. */
  readonly label: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What has become of an attribute, in lines: one, but for xattrs. */
export function attributeTexts(
  attribute: Attribute,
  before: ComparedFile,
  after: ComparedFile,
): AttributeText[] {
  if (attribute === "xattrs") return xattrTexts(before.stat.xattrs, after.stat.xattrs);
  const { nlink } = before.stat;
  if (attribute === "links" && after.stat.nlink === nlink) {
    return [{ label: "links", before: `${nlink}`, after: `${nlink}, to other names` }];
  }
  return [{
    label: attribute,
    before: TEXTS[attribute](asImageFile(before)),
    after: TEXTS[attribute](asImageFile(after)),
  }];
}

/** As a file of an image: the size of a directory is that in the image, and is not compared. */
export function asImageFile(file: ComparedFile): ImageFile {
  return file.kind === "directory" ? { ...file, size: 0 } : file;
}

const TEXTS: Readonly<Record<Exclude<Attribute, "xattrs">, (file: ImageFile) => string>> = {
  type: ({ kind }) => kind,
  mode: modeLetters,
  owner: ({ stat: { uid, gid } }) => `${uid}:${gid}`,
  time: (file) => timeText(file, false),
  contents: contentText,
  target: (file) => file.kind === "symlink" ? latin1(escapeField(file.target, "path")) : "",
  device: (file) => deviceText(file) ?? "",
  links: ({ stat: { nlink } }) => `${nlink}`,
};

/** Hexadecimal digits of a digest that are shown: as many as tell objects apart. */
const SHOWN_DIGITS = 16;

function contentText(file: ImageFile): string {
  if (file.kind !== "regular") return "";
  if (file.file.kind === "inline") {
    const { bytes } = file.file;
    return `${bytes.length} bytes in the image, ${digestText(fsVerityDigest(bytes))}`;
  }
  const { size, digest, path } = file.file;
  const name = digest !== undefined
    ? digestText(digest)
    : path === undefined
    ? "no object"
    : latin1(escapeField(path, "path"));
  return `${size} bytes, ${name}`;
}

function digestText(digest: Digest): string {
  return `${digest.algorithm}:${digest.toHex().slice(0, SHOWN_DIGITS)}...`;
}

function xattrTexts(before: readonly Xattr[], after: readonly Xattr[]): AttributeText[] {
  const [from, to] = [byName(before), byName(after)];
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  return names.map((name) => ({
    label: latin1(escapeField(Uint8Array.from(name, (c) => c.charCodeAt(0)), "path")),
    before: from.get(name),
    after: to.get(name),
  })).filter(({ before, after }) => before !== after);
}

function byName(xattrs: readonly Xattr[]): Map<string, string> {
  return new Map(xattrs.map(({ name, value }) => [latin1(name), xattrText(latin1(name), value)]));
}

/** A value as the tools for its kind show it. */
export function xattrText(name: string, value: Uint8Array): string {
  const special = name === "security.capability"
    ? capabilityText(value)
    : name.startsWith("system.posix_acl_")
    ? shortAcl(value)
    : undefined;
  return special ?? shownValue(value);
}

/** An access control list in the short form of getfacl(1). */
function shortAcl(value: Uint8Array): string | undefined {
  const text = aclText(value);
  return text && latin1(text).replace(/\b(user|group|mask|other):/g, (word) => `${word[0]}:`);
}

/** Versions of `struct vfs_cap_data` that have 64 bits of capabilities. */
const CAPABILITY_VERSIONS = [2, 3];

/**
 * Capabilities in numbers of their bits, which say more than hexadecimal digits.
 *
 * @see linux/capability.h, `struct vfs_ns_cap_data`
 */
function capabilityText(value: Uint8Array): string | undefined {
  if (value.length !== 20 && value.length !== 24) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const magic = view.getUint32(0, true);
  if (!CAPABILITY_VERSIONS.includes(magic >>> 24)) return undefined;
  const set = (at: number) => view.getUint32(at, true).toString(16).padStart(8, "0");
  const permitted = set(12) + set(4);
  const inheritable = set(16) + set(8);
  const names = capabilityNames(BigInt(`0x${permitted}`));
  const effective = (magic & 1) === 1 ? "e" : "";
  const rest = inheritable === "0".repeat(16) ? "" : ` inheritable 0x${inheritable}`;
  const root = value.length === 24 ? ` root ${view.getUint32(20, true)}` : "";
  return `${names}=${effective}p${rest}${root}`;
}

/** By bit, as capabilities(7) has them, without the `cap_` in front. */
const CAPABILITIES = [
  "chown",
  "dac_override",
  "dac_read_search",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setpcap",
  "linux_immutable",
  "net_bind_service",
  "net_broadcast",
  "net_admin",
  "net_raw",
  "ipc_lock",
  "ipc_owner",
  "sys_module",
  "sys_rawio",
  "sys_chroot",
  "sys_ptrace",
  "sys_pacct",
  "sys_admin",
  "sys_boot",
  "sys_nice",
  "sys_resource",
  "sys_time",
  "sys_tty_config",
  "mknod",
  "lease",
  "audit_write",
  "audit_control",
  "setfcap",
  "mac_override",
  "mac_admin",
  "syslog",
  "wake_alarm",
  "block_suspend",
  "audit_read",
  "perfmon",
  "bpf",
  "checkpoint_restore",
];

function capabilityNames(bits: bigint): string {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((bits >> BigInt(bit) & 1n) === 1n) names.push(`cap_${CAPABILITIES[bit] ?? bit}`);
  }
  return names.join(",");
}

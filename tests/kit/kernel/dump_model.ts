/**
 * What a kernel should find in the image of a dump file, worked out from the dump's text alone.
 *
 * Shares no code with the library: its own reading of composefs-dump(5), its own rewriting for
 * overlayfs, its own size of directories. Expects a dump that is accepted, and checks nothing. Byte
 * strings have one UTF-16 unit a byte.
 *
 * @module
 */

import type { VersionRange } from "../../../scripts/oracle.ts";

/** One inode of the image; the names of a hard link share one. */
export interface ModelFile {
  /** `st_mode` with the type. */
  mode: number;
  readonly uid: number;
  readonly gid: number;
  nlink: number;
  readonly rdev: number;
  /** Bytes, as stat(2) has it: of a directory, what its entries take in the image. */
  size: number;
  readonly seconds: bigint;
  readonly nanoseconds: number;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a regular file that is kept in the image; all other files read as zeros. */
  readonly contents?: string;
  xattrs: Map<string, string>;
}

/** Files by absolute path, `/` for the root. */
export type ModelTree = Map<string, ModelFile>;

const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const CHARACTER = 0o020000;
const BLOCK = 0o060000;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;
const OVERLAY = "trusted.overlay.";
const ESCAPES: Record<string, string> = { "\\": "\\", n: "\n", r: "\r", t: "\t" };

function isType(file: ModelFile, type: number): boolean {
  return (file.mode & TYPE) === type;
}

function unescape(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|(.))/g,
    (_, hex, letter) =>
      hex === undefined ? ESCAPES[letter]! : String.fromCharCode(parseInt(hex, 16)),
  );
}

function optional(field: string | undefined): string | undefined {
  return field === undefined || field === "" || field === "-" ? undefined : unescape(field);
}

/** A number as strtoull(3) reads it, cut to a width in bits. */
function number(field: string, bits: number, base = 10): bigint {
  const [, sign, digits] = /^[\t\v\f\r]*([+-]?)([0-9]+)$/.exec(field)!;
  let value = 0n;
  for (const digit of digits!) value = value * BigInt(base) + BigInt(digit);
  if (value >= 2n ** 64n) value = 2n ** 64n - 1n;
  else if (sign === "-") value = -value;
  return BigInt.asUintN(bits, value);
}

function xattrsOf(fields: readonly string[]): Map<string, string> {
  const xattrs = new Map<string, string>();
  for (const field of fields) {
    if (field === "") continue;
    const equals = field.indexOf("=");
    xattrs.set(unescape(field.slice(0, equals)), unescape(field.slice(equals + 1)));
  }
  return xattrs;
}

function normalPath(field: string): string {
  return "/" + unescape(field).split("/").filter((name) => name !== "").join("/");
}

function metacopy(digest: string | undefined): string {
  if (digest === undefined) return "";
  return "\x00\x24\x00\x01" + digest.replace(/../g, (h) => String.fromCharCode(parseInt(h, 16)));
}

/** One line of a dump: a file with the xattrs that overlayfs is to see, or a further name of one. */
type Line =
  | {
    readonly path: string;
    readonly file: ModelFile;
    readonly added: readonly (readonly [string, string])[];
  }
  | { readonly path: string; readonly link: string };

function readLine(text: string): Line {
  const fields = text.split(" ");
  const path = normalPath(fields[0]!);
  if (fields[2]!.startsWith("@")) return { path, link: normalPath(fields[8]!) };
  const mode = Number(number(fields[2]!, 16, 8));
  const type = mode & TYPE;
  const [payload, content, digest] = [8, 9, 10].map((i) => optional(fields[i]));
  const [seconds, nanoseconds] = fields[7]!.split(".");
  const size = type === REGULAR ? Number(number(fields[1]!, 64)) : 0;
  const external = size > 0 && content === undefined;
  const file: ModelFile = {
    mode,
    nlink: Number(number(fields[3]!, 32)),
    uid: Number(number(fields[4]!, 32)),
    gid: Number(number(fields[5]!, 32)),
    rdev: type === CHARACTER || type === BLOCK ? Number(number(fields[6]!, 32)) : 0,
    seconds: BigInt.asIntN(64, number(seconds!, 64)),
    nanoseconds: Number(number(nanoseconds!, 32)),
    size: type === SYMLINK ? payload!.length : size,
    ...(type === SYMLINK ? { target: payload! } : {}),
    ...(type === REGULAR && !external ? { contents: content ?? "" } : {}),
    xattrs: xattrsOf(fields.slice(11)),
  };
  const added: [string, string][] = [];
  if (external) added.push([OVERLAY + "metacopy", metacopy(digest)]);
  if (external && payload !== undefined) added.push([OVERLAY + "redirect", "/" + payload]);
  return { path, file, added };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}

function readLines(dump: Uint8Array): Line[] {
  let text = "";
  for (let i = 0; i < dump.length; i += 4096) {
    text += String.fromCharCode(...dump.subarray(i, i + 4096));
  }
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map(readLine);
}

/** Puts the files of all lines in their places, and the link counts of directories right. */
function treeOf(lines: readonly Line[]): ModelTree {
  const byPath = new Map(lines.map((line) => [line.path, line]));
  const tree: ModelTree = new Map();
  for (let line of lines) {
    const { path } = line;
    while ("link" in line) line = byPath.get(line.link)!;
    tree.set(path, line.file);
    if (isType(line.file, DIRECTORY)) line.file.nlink = 2;
  }
  for (const [path, file] of tree) {
    if (path !== "/" && isType(file, DIRECTORY)) tree.get(parentOf(path))!.nlink++;
  }
  return tree;
}

/** The files of a dump's image as EROFS holds them: rewritten for overlayfs. */
export function imageTree(dump: Uint8Array, versions: VersionRange): ModelTree {
  const lines = readLines(dump);
  const tree = treeOf(lines);
  const own = lines.filter((line) => "file" in line);
  const whiteouts = own.filter(({ file }) => isType(file, CHARACTER) && file.rdev === 0);
  const { minVersion = 0, maxVersion = 1 } = versions;
  const raised = maxVersion >= 1 && whiteouts.length > 0 ? 1 : 0;
  for (const { file, added } of own) {
    const escaped = [...file.xattrs].map(([name, value]) => [escapeName(name), value] as const);
    file.xattrs = new Map([...escaped, ...added]);
  }
  for (const { path, file } of whiteouts) {
    disguise(file, tree.get(parentOf(path))!, Math.max(minVersion, raised));
  }
  coverRoot(tree);
  measureDirectories(tree);
  return tree;
}

function escapeName(name: string): string {
  return name.startsWith(OVERLAY) ? OVERLAY + "overlay." + name.slice(OVERLAY.length) : name;
}

/** Makes a whiteout the empty file that stands for it, and marks its directory. */
function disguise(file: ModelFile, parent: ModelFile, version: number): void {
  file.mode = file.mode & ~TYPE | REGULAR;
  for (const prefix of [OVERLAY + "overlay.", "user.overlay."]) {
    file.xattrs.set(prefix + "whiteout", "");
    parent.xattrs.set(prefix + "whiteouts", "");
    if (version >= 1) parent.xattrs.set(prefix + "opaque", "x");
  }
}

/** Marks the root as opaque and hides what the object store has at its top. */
function coverRoot(tree: ModelTree): void {
  const root = tree.get("/")!;
  root.xattrs.set(OVERLAY + "opaque", "y");
  const label = root.xattrs.get("security.selinux");
  const whiteout = {
    ...root,
    mode: CHARACTER | 0o644,
    nlink: 1,
    rdev: 0,
    size: 0,
    xattrs: new Map(label === undefined ? [] : [["security.selinux", label]]),
  };
  for (let byte = 0; byte < 256; byte++) {
    const path = "/" + byte.toString(16).padStart(2, "0");
    if (!tree.has(path)) tree.set(path, { ...whiteout });
  }
}

/** Packs the names of each directory into blocks of 4096 bytes; the last stays short if half full. */
function measureDirectories(tree: ModelTree): void {
  const names = new Map<string, string[]>();
  for (const [path, file] of tree) if (isType(file, DIRECTORY)) names.set(path, [".", ".."]);
  for (const path of tree.keys()) {
    if (path !== "/") names.get(parentOf(path))!.push(path.slice(path.lastIndexOf("/") + 1));
  }
  for (const [path, entries] of names) {
    let blocks = 0;
    let used = 0;
    for (const name of entries.sort()) {
      if (used + 12 + name.length > 4096) {
        blocks++;
        used = 0;
      }
      used += 12 + name.length;
    }
    tree.get(path)!.size = blocks * 4096 + (used > 2048 ? 4096 : used);
  }
}

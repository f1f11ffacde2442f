/**
 * Writes a tree as a tar archive in the pax format, piece by piece.
 *
 * Names begin with `./`, as in an archive of a directory's contents; owners are numbers. Contents come
 * from the caller, so that they can be verified before they are written. How the pieces are laid out is in
 * `_header.ts` and `_pax.ts`.
 *
 * @module
 */

import { IntegrityError } from "../digest/integrity_error.ts";
import { TreeError } from "../tree/tree_error.ts";
import { alignUp } from "../bytes/align.ts";
import { concatBytes, quote, utf8 } from "../bytes/text.ts";
import type { File } from "../file/file.ts";
import { deviceMajor, deviceMinor } from "../tree/device.ts";
import { selectXattrs } from "../tree/select_xattrs.ts";
import type { XattrFilter } from "../tree/source.ts";
import { pathOf } from "../tree/place.ts";
import type { Content, Node, Regular, Special, Stat, Tree } from "../tree/tree.ts";
import { type Step, walk } from "../tree/walk.ts";
import {
  encodeTarHeader,
  MAX_HEADER_ID,
  MAX_HEADER_NAME,
  MAX_HEADER_NUMBER,
  TAR_BLOCK_SIZE,
  type TarHeader,
  TYPE_FLAGS,
} from "./_header.ts";
import { paxRecord, paxTime, xattrRecords } from "./_pax.ts";

/** How an archive is written. */
export interface WriteTarOptions {
  /**
   * Opens the contents of a regular file.
   *
   * @param path Absolute path in the tree. Valid during the call.
   */
  readonly open: (file: Regular<Content>, path: Uint8Array) => File;
  /** Which extended attributes are written. Default `"all"`. */
  readonly xattrs?: XattrFilter;
  /** Leaves out block and character devices. */
  readonly skipDevices?: boolean;
  /** Told of sockets, which an archive cannot hold. The path is valid during the call. */
  readonly onSkip?: (path: Uint8Array) => void;
  /** Told how many bytes of contents have been written so far. */
  readonly onRead?: (done: number) => void;
}

/** Bytes of contents read at a time. */
const CHUNK_SIZE = 1 << 17;

/** What the length of an archive is a multiple of: 20 blocks, as tar programs write it. */
const RECORD_SIZE = 20 * TAR_BLOCK_SIZE;

/**
 * Writes an archive. The same tree gives the same bytes.
 *
 * @returns The pieces of the archive; each is valid until the next is asked for.
 * @throws {IntegrityError} If contents end before the size that the tree has for them.
 * @throws {TreeError} If a file has an owner that none can have.
 *
 * @example An archive of an image
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   createImage,
 *   MemoryStore,
 *   memoryTree,
 *   openContent,
 *   openImage,
 *   storeLayer,
 *   writeTar,
 * } from "composefs-ts";
 *
 * const store = new MemoryStore();
 * const image = await createImage(memoryTree({ "motd": "Welcome!\n".repeat(10) }), { store });
 *
 * const layers = [storeLayer(store)];
 * let size = 0;
 * for (const piece of writeTar(openImage(image).tree(), { open: (file) => openContent(file, { layers }) })) {
 *   size += piece.length;
 * }
 * assertEquals(size, 10240);
 * ```
 */
export function* writeTar(
  tree: Tree<Content>,
  options: WriteTarOptions,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const buffer = new Uint8Array(CHUNK_SIZE);
  let length = 0;
  let done = 0;
  for (const step of walk(tree)) {
    const { node } = step;
    if (node.kind === "socket") {
      options.onSkip?.(step.path);
      continue;
    }
    if (options.skipDevices && (node.kind === "character" || node.kind === "block")) continue;
    const carrier = node.kind === "regular" && step.again === undefined ? node : undefined;
    // Opened before anything is written: what cannot be verified must leave no trace in the archive.
    using file = carrier === undefined ? undefined : options.open(carrier, step.path);
    for (const piece of member(step, file, { buffer, xattrs: options.xattrs ?? "all" })) {
      length += piece.length;
      yield piece;
      if (piece.buffer === buffer.buffer) options.onRead?.(done += piece.length);
    }
  }
  yield new Uint8Array(alignUp(length + 2 * TAR_BLOCK_SIZE, RECORD_SIZE) - length);
}

function* member(
  step: Step<Content>,
  file: File | undefined,
  { buffer, xattrs }: { buffer: Uint8Array<ArrayBuffer>; xattrs: XattrFilter },
): Generator<Uint8Array<ArrayBuffer>> {
  const { node, again } = step;
  const name = memberName(step.path, node.kind === "directory");
  const linkName = again !== undefined
    ? memberName(pathOf(again), false)
    : node.kind === "symlink"
    ? node.target
    : EMPTY;
  const size = file?.size ?? 0;
  // The attributes of a hard-linked file are given once, with its contents.
  const attributes = again === undefined ? selectXattrs(node.stat.xattrs, xattrs) : [];
  const records = [
    ...nameRecords(name, linkName),
    ...statRecords(node.stat, size),
    ...attributes.flatMap(xattrRecords),
  ];
  checkMember(step, node.stat);
  const header = {
    ...headerStat(node.stat, size),
    ...deviceNumbers(node),
    typeFlag: again !== undefined ? TYPE_FLAGS.hardlink : typeFlagOf(node),
    name,
    linkName,
  };
  if (records.length > 0) yield* extendedHeader(concatBytes(...records), header);
  yield encodeTarHeader(header);
  if (file !== undefined) yield* contents(file, buffer);
}

/** An owner that chown(2) takes for "leave it as it is": an extracted file would belong to its extractor. */
const NO_OWNER = 2 ** 32 - 1;

function checkMember({ path }: Step<Content>, { uid, gid }: Stat): void {
  if (uid === NO_OWNER || gid === NO_OWNER) {
    const owner = `${uid}:${gid} is no owner to the kernel, expected numbers below ${NO_OWNER}`;
    const message = `Cannot write ${quote(path)} to the archive: ${owner}`;
    throw new TreeError("invalid", message, path);
  }
}

const EMPTY = new Uint8Array();
const DOT = utf8(".");
const SLASH = utf8("/");

/** `/a/b` as `./a/b`; directories end in a slash. */
function memberName(path: Uint8Array, isDirectory: boolean): Uint8Array<ArrayBuffer> {
  const isRoot = path.length === 1;
  return concatBytes(DOT, path, isDirectory && !isRoot ? SLASH : EMPTY);
}

function typeFlagOf({ kind }: Node<Content>): number {
  if (kind === "socket") throw new TypeError("A tar archive holds no sockets");
  return TYPE_FLAGS[kind];
}

/** The numbers of a device; zeros for all others. */
function deviceNumbers(
  node: Node<Content>,
): Pick<TarHeader, "deviceMajor" | "deviceMinor"> {
  const { rdev = 0 } = node as Partial<Special>;
  return {
    deviceMajor: deviceMajor(rdev),
    deviceMinor: deviceMinor(rdev),
  };
}

type HeaderStat = Pick<TarHeader, "mode" | "uid" | "gid" | "size" | "mtime">;

/** Metadata as far as the header has room for it; `statRecords` has the rest. */
function headerStat({ mode, uid, gid, mtime }: Stat, size: number): HeaderStat {
  return {
    mode,
    uid: Math.min(uid, MAX_HEADER_ID),
    gid: Math.min(gid, MAX_HEADER_ID),
    size: size <= MAX_HEADER_NUMBER ? size : 0,
    mtime: Math.min(Math.max(Number(mtime), 0), MAX_HEADER_NUMBER),
  };
}

function statRecords(stat: Stat, size: number): Uint8Array<ArrayBuffer>[] {
  const { uid, gid, mtime, mtimeNsec } = stat;
  const records: Uint8Array<ArrayBuffer>[] = [];
  if (uid > MAX_HEADER_ID) records.push(paxRecord("uid", `${uid}`));
  if (gid > MAX_HEADER_ID) records.push(paxRecord("gid", `${gid}`));
  if (size > MAX_HEADER_NUMBER) records.push(paxRecord("size", `${size}`));
  if (mtimeNsec !== 0 || mtime < 0 || mtime > MAX_HEADER_NUMBER) {
    records.push(paxRecord("mtime", paxTime(mtime, mtimeNsec)));
  }
  return records;
}

/**
 * Records for names that are too long, or not ASCII and so in need of a charset. A short name that is not
 * UTF-8 stays in the header alone: programs take it as it is there, and GNU tar has nothing to warn of.
 */
function nameRecords(name: Uint8Array, linkName: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const records: Uint8Array<ArrayBuffer>[] = [];
  let binary = false;
  for (const [keyword, value] of [["path", name], ["linkpath", linkName]] as const) {
    const isText = isUtf8(value);
    const fits = value.length <= MAX_HEADER_NAME;
    if (fits && (!isText || value.every((byte) => byte < 0x80))) continue;
    binary ||= !isText;
    records.push(paxRecord(keyword, value));
  }
  return binary ? [paxRecord("hdrcharset", "BINARY"), ...records] : records;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

const PAX_DIRECTORY = utf8("./PaxHeaders/");

/** The member before a member that holds its records. Its own name is for programs that know none. */
function* extendedHeader(
  records: Uint8Array<ArrayBuffer>,
  header: TarHeader,
): Generator<Uint8Array<ArrayBuffer>> {
  yield encodeTarHeader({
    ...header,
    typeFlag: TYPE_FLAGS.extended,
    name: concatBytes(PAX_DIRECTORY, header.name.subarray(2)),
    linkName: EMPTY,
    mode: 0o644,
    size: records.length,
    deviceMajor: 0,
    deviceMinor: 0,
  });
  yield records;
  yield* padding(records.length);
}

function* contents(
  file: File,
  buffer: Uint8Array<ArrayBuffer>,
): Generator<Uint8Array<ArrayBuffer>> {
  const { size } = file;
  for (let position = 0; position < size;) {
    const part = buffer.subarray(0, Math.min(buffer.length, size - position));
    const length = file.readAt(part, position);
    if (length !== part.length) {
      const state = `it ends after ${position + length} bytes, expected ${size}`;
      throw new IntegrityError("size", "a file to the archive", state, "write");
    }
    position += length;
    yield part;
  }
  yield* padding(size);
}

function* padding(size: number): Generator<Uint8Array<ArrayBuffer>> {
  const rest = alignUp(size, TAR_BLOCK_SIZE) - size;
  if (rest > 0) yield new Uint8Array(rest);
}

/**
 * A directory as a source of images by node:fs alone: for Node, which has no FFI.
 *
 * What node:fs cannot tell is refused and not left out: extended attributes, devices, and on Deno everything, whose
 * node:fs rounds times and changes names. `composefs-ts/linux` has all of it, and reads on several threads.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { printable } from "../../lib/bytes/text.ts";
import type { File } from "../../lib/file/file.ts";
import type {
  ListOptions,
  SourceEntry,
  SourceInfo,
  SourceTree,
  XattrFilter,
} from "../../lib/tree/source.ts";
import type { FileKind } from "../../lib/tree/tree.ts";
import { openFile } from "./_open_file.ts";

/**
 * Opens a directory as a source.
 *
 * Images are made of it with `xattrs: "none"`, for node:fs reads no extended attributes: a directory that has
 * some gives another image than mkcomposefs makes. Names are taken byte by byte, whether they are UTF-8 or not.
 *
 * @param path The directory. A symbolic link is not followed.
 * @throws {TypeError} On Deno.
 * @throws {RangeError} When an image is made of it, if that asks for extended attributes, or if there is a
 * device and `skipDevices` is not set.
 *
 * @example The image of a directory, on Node and Bun
 * ```ts ignore
 * import { equal } from "node:assert/strict";
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { createImage, openImage } from "composefs-ts";
 * import { directoryTree } from "composefs-ts/node";
 *
 * const directory = mkdtempSync("/tmp/example-");
 * writeFileSync(`${directory}/motd`, "Welcome!\n");
 *
 * const image = await createImage(directoryTree(directory), { xattrs: "none" });
 * equal(openImage(image).tree().leaves.length, 1);
 * ```
 */
export function directoryTree(path: string): SourceTree {
  if ("Deno" in globalThis) {
    throw new TypeError(
      `Cannot read "${path}" by Deno's node:fs, which changes names and times: expected composefs-ts/linux`,
    );
  }
  return new DirectoryTree(path);
}

const SLASH = Buffer.from("/");

class DirectoryTree implements SourceTree {
  readonly #root: Buffer;

  constructor(path: string) {
    this.#root = Buffer.from(path);
  }

  root(xattrs: XattrFilter): SourceInfo {
    refuseXattrs(xattrs);
    return sourceInfo(this.#root);
  }

  list(path: Uint8Array, { xattrs, skipDevices, isExcluded }: ListOptions): SourceEntry[] {
    refuseXattrs(xattrs);
    const entries: SourceEntry[] = [];
    for (const name of readdirSync(this.#path(path), { encoding: "buffer" })) {
      const found = sourceInfo(Buffer.concat([this.#path(path), SLASH, name]));
      if (isExcluded?.(name, found.kind === "directory")) continue;
      const isDevice = found.kind === "character" || found.kind === "block";
      if (isDevice && skipDevices) continue;
      if (isDevice) {
        const shown = printable(Buffer.concat([path, SLASH, name]));
        throw new RangeError(`Cannot take "${shown}": node:fs does not make a device known`);
      }
      entries.push({ name: new Uint8Array(name), ...found });
    }
    return entries;
  }

  open(path: Uint8Array): File {
    return openFile(this.#path(path));
  }

  #path(path: Uint8Array): Buffer {
    return path.length === 0 ? this.#root : Buffer.concat([this.#root, SLASH, path]);
  }
}

function refuseXattrs(filter: XattrFilter): void {
  if (filter === "none") return;
  throw new RangeError('Cannot read extended attributes by node:fs: expected xattrs: "none"');
}

const MODE_BITS = 0o7777;
const NANOSECONDS = 1_000_000_000n;

function sourceInfo(path: Buffer): SourceInfo {
  const stat = lstatSync(path, { bigint: true });
  const kind = kindOf(stat);
  const target = kind === "symlink"
    ? new Uint8Array(readlinkSync(path, { encoding: "buffer" }))
    : undefined;
  // Before 1970 too, nanoseconds count upwards.
  const mtimeNsec = (stat.mtimeNs % NANOSECONDS + NANOSECONDS) % NANOSECONDS;
  return {
    kind,
    size: target?.length ?? Number(stat.size),
    rdev: 0,
    target,
    fileSystem: kind === "directory" ? Number(stat.dev) : undefined,
    fileId: stat.nlink > 1n && kind !== "directory" ? `${stat.dev}:${stat.ino}` : undefined,
    stat: {
      mode: Number(stat.mode) & MODE_BITS,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      nlink: 1,
      mtime: Number((stat.mtimeNs - mtimeNsec) / NANOSECONDS),
      mtimeNsec: Number(mtimeNsec),
      xattrs: [],
    },
  };
}

function kindOf(stat: BigIntStats): FileKind {
  if (stat.isFile()) return "regular";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isFIFO()) return "fifo";
  if (stat.isSocket()) return "socket";
  return stat.isBlockDevice() ? "block" : "character";
}

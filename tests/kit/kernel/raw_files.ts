/**
 * Making files of every kind, under names and with times and attributes that the runtime cannot give
 * them.
 *
 * @module
 */

import { Fd } from "../../../ffi/files/fd.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_WRONLY } from "../../../ffi/sys/uapi.ts";

const PROTOTYPES = {
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" }, // dirfd, path, mode
  mknodat: { parameters: ["i32", "buffer", "u32", "u64"], result: "i32" }, // dirfd, path, mode, dev
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" }, // target, dirfd, path
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" }, // olddirfd, oldpath, newdirfd, newpath, flags
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" }, // dirfd, path, uid, gid, flags
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" }, // dirfd, path, mode, flags
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" }, // dirfd, path, times, flags
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" }, // path, name, value, size, flags
} as const;

/** What a file is given beside its kind; names and values have one UTF-16 unit a byte. */
export interface FileAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch, whole. */
  readonly seconds?: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds?: number;
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** Bytes from a string of one UTF-16 unit a byte. */
export function rawBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

/** Makes files below one directory. Needs root. */
export class RawFiles {
  readonly #linux: Linux;
  readonly #root: string;
  readonly #libc = Deno.dlopen("", PROTOTYPES).symbols;
  readonly #given = new Map<string, FileAttributes>();

  /** Makes nothing yet. */
  constructor(linux: Linux, root: string) {
    this.#linux = linux;
    this.#root = root;
  }

  /** Makes a directory. */
  directory(path: string, attributes: FileAttributes = {}): void {
    this.#done("mkdirat", path, this.#libc.mkdirat(AT_FDCWD, this.#path(path), 0o755));
    this.#given.set(path, { mode: 0o755, ...attributes });
  }

  /** Makes a regular file of pieces, each written at its position: what lies between is a hole. */
  file(
    path: string,
    pieces: readonly (readonly [position: number, contents: Uint8Array<ArrayBuffer>])[],
    attributes: FileAttributes = {},
  ): void {
    const full = rawBytes(`${this.#root}${path}`);
    using file = Fd.open(this.#linux, full, { flags: O_WRONLY | O_CREAT, mode: 0o600 });
    for (const [position, contents] of pieces) file.writeAt(contents, position);
    this.#given.set(path, { mode: 0o644, ...attributes });
  }

  /** Makes a symbolic link. */
  symlink(path: string, target: string, attributes: FileAttributes = {}): void {
    const result = this.#libc.symlinkat(rawBytes(target + "\0"), AT_FDCWD, this.#path(path));
    this.#done("symlinkat", path, result);
    this.#given.set(path, attributes);
  }

  /** Makes a device, fifo or socket: `mode` with the type, the number as makedev(3) has it. */
  node(path: string, mode: number, rdev: bigint, attributes: FileAttributes = {}): void {
    const result = this.#libc.mknodat(AT_FDCWD, this.#path(path), mode, rdev);
    this.#done("mknodat", path, result);
    this.#given.set(path, { mode: mode & 0o7777, ...attributes });
  }

  /** Gives a file a further name. */
  link(path: string, to: string): void {
    const [from, at] = [this.#path(to), this.#path(path)];
    this.#done("linkat", path, this.#libc.linkat(AT_FDCWD, from, AT_FDCWD, at, 0));
  }

  /** Gives all files what they are to have. Last, since making a file changes its directory's time. */
  finish(): void {
    for (const [path, { mode, uid = 0, gid = 0, xattrs = {} }] of this.#given) {
      const at = this.#path(path);
      const flags = AT_SYMLINK_NOFOLLOW;
      this.#done("fchownat", path, this.#libc.fchownat(AT_FDCWD, at, uid, gid, flags));
      if (mode !== undefined) {
        this.#done("fchmodat", path, this.#libc.fchmodat(AT_FDCWD, at, mode, 0));
      }
      for (const [name, text] of Object.entries(xattrs)) {
        const value = rawBytes(text);
        const length = BigInt(value.length);
        const result = this.#libc.lsetxattr(at, rawBytes(name + "\0"), value, length, 0);
        this.#done(`lsetxattr ${name}`, path, result);
      }
    }
    for (const [path, { seconds = 1_700_000_000, nanoseconds = 0 }] of this.#given) {
      const [sec, nsec] = [BigInt(seconds), BigInt(nanoseconds)];
      const times = new Uint8Array(BigInt64Array.of(sec, nsec, sec, nsec).buffer);
      const flags = AT_SYMLINK_NOFOLLOW;
      const result = this.#libc.utimensat(AT_FDCWD, this.#path(path), times, flags);
      this.#done("utimensat", path, result);
    }
  }

  #path(path: string): Uint8Array<ArrayBuffer> {
    return rawBytes(`${this.#root}${path}\0`);
  }

  #done(call: string, path: string, result: number): void {
    if (result !== 0) throw new Error(`Cannot make "${path}": ${call} failed`);
  }
}

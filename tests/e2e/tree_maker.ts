/**
 * Makes files that no runtime's own API can make: names of any bytes, device nodes, xattrs, exact times.
 *
 * Paths, names and values are strings that stand for bytes, one character below U+0100 each. Straight
 * onto libc and apart from `ffi/`, which is under test.
 *
 * @module
 */

const SYMBOLS = {
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  mknod: { parameters: ["buffer", "u32", "u64"], result: "i32" },
  symlink: { parameters: ["buffer", "buffer"], result: "i32" },
  link: { parameters: ["buffer", "buffer"], result: "i32" },
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  lchown: { parameters: ["buffer", "u32", "u32"], result: "i32" },
  creat: { parameters: ["buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  truncate: { parameters: ["buffer", "i64"], result: "i32" },
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | undefined;

function libc(): Libc {
  return opened ??= Deno.dlopen("", SYMBOLS).symbols;
}

/** Bytes as the characters of a string stand for them. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return bytesOf(text + "\0");
}

function check(what: string, path: string, result: number | bigint): void {
  if (Number(result) < 0) throw new Error(`Cannot ${what} "${path}": the kernel refuses it`);
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** Makes entries below one directory. Whatever fails throws. */
export class TreeMaker {
  /** The directory itself. */
  readonly root: string;
  /** Paths made so far, in order. */
  readonly made: string[] = [];

  constructor(root: string) {
    this.root = root;
  }

  #path(path: string): Uint8Array<ArrayBuffer> {
    return cString(`${this.root}/${path}`);
  }

  directory(path: string, mode = 0o755): void {
    check("make directory", path, libc().mkdir(this.#path(path), 0o700));
    this.chmod(path, mode);
    this.made.push(path);
  }

  file(path: string, contents: string | Uint8Array<ArrayBuffer>, mode = 0o644): void {
    const bytes = typeof contents === "string" ? bytesOf(contents) : contents;
    const fd = libc().creat(this.#path(path), 0o600);
    check("create", path, fd);
    const written = libc().write(fd, bytes, BigInt(bytes.length));
    libc().close(fd);
    if (Number(written) !== bytes.length) throw new Error(`Cannot write "${path}": ${written}`);
    this.chmod(path, mode);
    this.made.push(path);
  }

  /** A file of zeros that takes no room on disk; `size` in bytes. */
  sparse(path: string, size: number): void {
    this.file(path, "");
    check("truncate", path, libc().truncate(this.#path(path), BigInt(size)));
  }

  /** A fifo, socket or device: `mode` with the file type, `rdev` as the kernel's 32-bit number. */
  node(path: string, mode: number, rdev = 0): void {
    check("make node", path, libc().mknod(this.#path(path), mode, BigInt(rdev)));
    this.chmod(path, mode & 0o7777);
    this.made.push(path);
  }

  symlink(path: string, target: string): void {
    check("make symlink", path, libc().symlink(cString(target), this.#path(path)));
    this.made.push(path);
  }

  hardLink(path: string, existing: string): void {
    check("link", path, libc().link(this.#path(existing), this.#path(path)));
  }

  chmod(path: string, mode: number): void {
    check("chmod", path, libc().chmod(this.#path(path), mode));
  }

  chown(path: string, uid: number, gid: number): void {
    check("chown", path, libc().lchown(this.#path(path), uid, gid));
  }

  xattr(path: string, name: string, value: string): void {
    const bytes = bytesOf(value);
    const result = libc().lsetxattr(
      this.#path(path),
      cString(name),
      bytes,
      BigInt(bytes.length),
      0,
    );
    check(`set ${name} on`, path, result);
  }

  /** Sets the modification time: seconds since the epoch and nanoseconds. */
  time(path: string, seconds: number, nanoseconds = 0): void {
    const times = new DataView(new ArrayBuffer(32));
    for (const offset of [0, 16]) {
      times.setBigInt64(offset, BigInt(seconds), true);
      times.setBigInt64(offset + 8, BigInt(nanoseconds), true);
    }
    const buffer = new Uint8Array(times.buffer);
    const result = libc().utimensat(AT_FDCWD, this.#path(path), buffer, AT_SYMLINK_NOFOLLOW);
    check("set the time of", path, result);
  }

  /** Sets the modification time of all that was made so far, and of the root. */
  timeAll(seconds: number, nanoseconds = 0): void {
    for (const path of [...this.made, "."]) this.time(path, seconds, nanoseconds);
  }
}

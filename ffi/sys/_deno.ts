/**
 * The C library through Deno's FFI.
 *
 * Symbols come from the global scope of the process, so that a library in LD_PRELOAD (fakeroot) comes
 * first and glibc and musl need no names.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { type Backend, type Libc, type Prototype, PROTOTYPES } from "./_libc.ts";

/**
 * Opens the C library.
 *
 * @throws {TypeError} If the machine is neither x86-64 nor arm64, or FFI is not permitted.
 */
export function openBackend(): Backend {
  const { os, arch } = Deno.build;
  if (os !== "linux") throw new TypeError(`Cannot call the kernel of "${os}": Linux expected`);
  // Deno's own message speaks of an empty path.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new TypeError("Cannot call the kernel: permission is missing, expected --allow-ffi");
  }
  const symbols: Record<string, Deno.ForeignFunction> = {};
  for (const [name, prototype] of Object.entries<Prototype>(PROTOTYPES)) {
    symbols[name] = {
      name: prototype.symbol ?? name,
      parameters: [...prototype.args],
      result: prototype.result ?? "i32",
      optional: prototype.optional ?? false,
    };
  }
  const library = Deno.dlopen("", {
    ...symbols,
    __errno_location: { parameters: [], result: "pointer" },
    dlsym: { parameters: ["pointer", "buffer"], result: "pointer" }, // handle, symbol
  });
  const { __errno_location, dlsym, ...libc } = library.symbols;
  const location = __errno_location();
  if (location === null) throw new TypeError("Cannot find errno: null pointer from the C library");
  const errno = new Deno.UnsafePointerView(location);
  const all = libc as unknown as Libc;
  return {
    // What is said to be a number is a bigint as it comes.
    libc: { ...all, lseek: (...args) => Number(all.lseek(...args)) },
    architecture: arch,
    errno: () => errno.getInt32(),
    functionAddress(name) {
      const found = dlsym(null, utf8(name + "\0"));
      if (found === null) throw new TypeError(`Cannot find "${name}": no such symbol in libc`);
      return Number(Deno.UnsafePointer.value(found));
    },
    addressOf(bytes) {
      // Small arrays lie where the garbage collector moves things until their buffer is asked for.
      const whole = Deno.UnsafePointer.of(new Uint8Array(bytes.buffer));
      // Addresses of user space are below 2^57.
      return Number(Deno.UnsafePointer.value(whole)) + bytes.byteOffset;
    },
  };
}

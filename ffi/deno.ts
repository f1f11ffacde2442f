/**
 * The C library through Deno's FFI.
 *
 * Symbols come from the global scope of the process, so that a library in LD_PRELOAD (fakeroot) comes
 * first and glibc and musl need no names.
 *
 * @module
 */

import { type Backend, type Libc, type Prototype, PROTOTYPES } from "./libc.ts";

/**
 * Opens the C library.
 *
 * @throws {TypeError} If the machine is neither x86-64 nor arm64.
 */
export function openBackend(): Backend {
  const { os, arch } = Deno.build;
  if (os !== "linux") throw new TypeError(`Cannot call the kernel of "${os}": Linux expected`);
  const symbols: Record<string, Deno.ForeignFunction> = {};
  for (const [name, prototype] of Object.entries<Prototype>(PROTOTYPES)) {
    symbols[name] = {
      name: prototype.symbol ?? name,
      parameters: [...prototype.args],
      result: "i32",
      optional: prototype.optional ?? false,
    };
  }
  const library = Deno.dlopen("", {
    ...symbols,
    __errno_location: { parameters: [], result: "pointer" },
  });
  const { __errno_location, ...libc } = library.symbols;
  const location = __errno_location();
  if (location === null) throw new TypeError("Cannot find errno: null pointer from the C library");
  const errno = new Deno.UnsafePointerView(location);
  return {
    libc: libc as unknown as Libc,
    architecture: arch,
    errno: () => errno.getInt32(),
    addressOf(bytes) {
      // Small arrays lie where the garbage collector moves things until their buffer is asked for.
      const whole = Deno.UnsafePointer.of(new Uint8Array(bytes.buffer));
      // Addresses of user space are below 2^57.
      return Number(Deno.UnsafePointer.value(whole)) + bytes.byteOffset;
    },
  };
}

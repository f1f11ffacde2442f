/**
 * The C library through Bun's FFI.
 *
 * Bun opens libraries by name only, so dlsym comes out of the one libc that is loaded already, and
 * everything else through it from the global scope, where a library in LD_PRELOAD (fakeroot) comes
 * first.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { type ArgumentType, type Backend, type Libc, type Prototype, PROTOTYPES } from "./_libc.ts";

const LIBC_NAMES = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libc.so",
];

/** Calls are compiled; without a place for code Bun makes none. */
const NO_JIT = "memory for compiled code is refused " +
  "(as MemoryDenyWriteExecute, SELinux, ulimit -v and strict overcommit do)";

const BUN_TYPES: Record<ArgumentType, string> = {
  i32: "i32",
  u32: "u32",
  i64: "i64_fast",
  usize: "u64_fast",
  buffer: "ptr",
};

/** The part of `bun:ffi` that is used; its own types come with Bun only. */
interface BunFfi {
  dlopen(name: string, symbols: Record<string, BunFunction>): Library;
  linkSymbols(symbols: Record<string, BunFunction>): Library;
  ptr(bytes: Uint8Array): number;
  readonly read: { i32(address: number): number };
}

interface BunFunction {
  readonly args: readonly string[];
  readonly returns: string;
  readonly ptr?: number;
}

interface Library {
  readonly symbols: Record<string, (...args: unknown[]) => number | null>;
}

function openDlsym(ffi: BunFfi): (name: string) => number | null {
  let failure: unknown;
  for (const name of LIBC_NAMES) {
    try {
      const { symbols } = ffi.dlopen(name, { dlsym: { args: ["ptr", "ptr"], returns: "ptr" } });
      return (symbol) => symbols["dlsym"]!(null, ffi.ptr(utf8(symbol + "\0")));
    } catch (error) {
      if (error instanceof Error && error.message.includes("requires the JIT")) {
        throw new TypeError(`Cannot call the kernel: ${NO_JIT}`, { cause: error });
      }
      failure = error;
    }
  }
  throw new TypeError(`Cannot open the C library: none of ${LIBC_NAMES.join(", ")} found`, {
    cause: failure,
  });
}

/**
 * Opens the C library.
 *
 * @throws {TypeError} If the machine is neither x86-64 nor arm64, libc goes by an unknown name, or there may
 * be no compiled code.
 */
export async function openBackend(): Promise<Backend> {
  // Not imported: an import stands at the top of a bundle, where it would cost Deno 15 milliseconds.
  const { process } = globalThis as unknown as { process: { arch: string; platform: string } };
  const architecture = ({ x64: "x86_64", arm64: "aarch64" } as const)[process.arch];
  if (process.platform !== "linux" || architecture === undefined) {
    throw new TypeError(
      `Cannot call the kernel of "${process.platform} ${process.arch}": Linux on x64 or arm64 expected`,
    );
  }
  // A static import would end up at the top of a bundle, where Deno refuses it.
  const ffi = await import("bun:ffi") as unknown as BunFfi;
  const find = openDlsym(ffi);
  const address = (symbol: string): number => {
    const found = find(symbol);
    if (found === null) throw new TypeError(`Cannot find "${symbol}": no such symbol in libc`);
    return found;
  };
  const symbols: Record<string, BunFunction> = {};
  for (
    const [name, { args, symbol = name, result = "i32", optional }] of Object.entries<Prototype>(
      PROTOTYPES,
    )
  ) {
    if (optional && find(symbol) === null) continue;
    symbols[name] = {
      ptr: address(symbol),
      args: args.map((type) => BUN_TYPES[type]),
      returns: BUN_TYPES[result],
    };
  }
  const locate = { ptr: address("__errno_location"), args: [], returns: "ptr" };
  const location = ffi.linkSymbols({ locate }).symbols["locate"]!()!;
  return {
    libc: ffi.linkSymbols(symbols).symbols as unknown as Libc,
    architecture,
    errno: () => ffi.read.i32(location),
    // Small arrays have memory of their own, which is not their buffer's, until that is asked for.
    functionAddress: address,
    addressOf: (bytes) => ffi.ptr(new Uint8Array(bytes.buffer)) + bytes.byteOffset,
  };
}

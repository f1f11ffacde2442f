/**
 * The C library through Bun's FFI.
 *
 * Bun opens libraries by name only, so dlsym comes out of the one libc that is loaded already, and
 * everything else through it from the global scope, where a library in LD_PRELOAD (fakeroot) comes
 * first.
 *
 * @module
 */

// deno-lint-ignore-file no-explicit-any -- the types of bun:ffi come with Bun only
import { dlopen, linkSymbols, ptr, read } from "bun:ffi";
import process from "node:process";
import { utf8 } from "../lib/bytes/text.ts";
import { type ArgumentType, type Backend, type Libc, type Prototype, PROTOTYPES } from "./libc.ts";

const LIBC_NAMES = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libc.so",
];

const BUN_TYPES: Record<ArgumentType, string> = {
  i32: "i32",
  u32: "u32",
  i64: "i64_fast",
  usize: "u64_fast",
  buffer: "ptr",
};

function openDlsym(): (name: string) => number | null {
  let failure: unknown;
  for (const name of LIBC_NAMES) {
    try {
      const { dlsym } = (dlopen as any)(name, { dlsym: { args: ["ptr", "ptr"], returns: "ptr" } })
        .symbols;
      return (symbol) => dlsym(null, ptr(utf8(symbol + "\0")));
    } catch (error) {
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
 * @throws {TypeError} If the machine is neither x86-64 nor arm64, or libc goes by an unknown name.
 */
export function openBackend(): Backend {
  const architecture = ({ x64: "x86_64", arm64: "aarch64" } as const)[process.arch as string];
  if (process.platform !== "linux" || architecture === undefined) {
    throw new TypeError(
      `Cannot call the kernel of "${process.platform} ${process.arch}": Linux on x64 or arm64 expected`,
    );
  }
  const find = openDlsym();
  const symbols: Record<string, unknown> = {};
  for (const [name, { args, symbol = name, optional }] of Object.entries<Prototype>(PROTOTYPES)) {
    const address = find(symbol);
    if (address === null && optional) continue;
    if (address === null) throw new TypeError(`Cannot find "${symbol}": no such symbol in libc`);
    symbols[name] = { ptr: address, args: args.map((type) => BUN_TYPES[type]), returns: "i32" };
  }
  const errnoLocation = { ptr: find("__errno_location"), args: [], returns: "ptr" };
  const location = (linkSymbols as any)({ errnoLocation }).symbols.errnoLocation();
  return {
    libc: (linkSymbols as any)(symbols).symbols as Libc,
    architecture,
    errno: () => read.i32(location),
  };
}

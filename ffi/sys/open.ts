/**
 * The way into `ffi/`: picks the runtime's backend.
 *
 * Everything else is imported from the module that has it.
 *
 * @module
 */

import { hasHashers, installHashers } from "../../lib/digest/sha2.ts";
import { nativeHashers } from "../hash/hashers.ts";
import { Linux } from "./linux.ts";

/**
 * Opens Linux through the FFI of the runtime that runs this, Deno or Bun. From then on this thread hashes by
 * the runtime's own means, unless the caller has installed others.
 *
 * @throws {TypeError} If this is another runtime, or the system is not Linux on x86-64 or arm64.
 */
export async function openKernel(): Promise<Linux> {
  if (!("Bun" in globalThis || "Deno" in globalThis)) {
    throw new TypeError("Cannot call the kernel: FFI of Deno or Bun expected");
  }
  if (!hasHashers()) installHashers(nativeHashers);
  const { openBackend } = "Bun" in globalThis
    ? await import("./_bun.ts")
    : await import("./_deno.ts");
  return new Linux(await openBackend());
}

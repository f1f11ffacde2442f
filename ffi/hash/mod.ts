/**
 * What Node, Deno and Bun bring to the library: their hashes.
 *
 * Importing this makes the whole library hash by the runtime's own means, some five times as fast as plain
 * TypeScript does, unless the program has installed others before.
 *
 * @module
 */

import { hasHashers, installHashers } from "../../lib/digest/sha2.ts";
import { nativeHashers } from "./hashers.ts";

if (!hasHashers()) installHashers(nativeHashers);

export { nativeHashers };
export type { Hashers } from "../../lib/digest/sha2.ts";

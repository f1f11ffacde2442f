/**
 * The library as `import "composefs-ts"` finds it on Node, Deno and Bun in its package for npm: with the hashes
 * of the runtime.
 *
 * @module
 */

import "./install.ts";

export * from "../../mod.ts";

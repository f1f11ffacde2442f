/**
 * The module of a thread: a worker that runs it works for the machine that has started it.
 *
 * @example As many threads as the process may use
 * ```ts
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { openLinux } from "composefs-ts/linux";
 *
 * const directory = mkdtempSync("/tmp/example-");
 * writeFileSync(`${directory}/motd`, "Welcome!\n".repeat(1000));
 *
 * const linux = await openLinux({ module: import.meta.resolve("composefs-ts/worker") });
 * const alone = await openLinux();
 * assertEquals(await linux.createImage(directory), await alone.createImage(directory));
 * ```
 *
 * @module
 */

import { openKernel } from "./sys/open.ts";
import { runPoolThread } from "./threads/thread.ts";

runPoolThread(openKernel);

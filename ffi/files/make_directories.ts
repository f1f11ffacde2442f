/**
 * Creating a directory with all that leads to it.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import type { Linux } from "../sys/linux.ts";
import { joinPath } from "../sys/path.ts";
import { Place } from "./place.ts";

/**
 * Creates a directory and its missing parents, mode 0755 before the umask. What is there stays.
 *
 * @throws {SyscallError} If one of them cannot be created.
 */
export function makeDirectories(linux: Linux, path: Uint8Array): void {
  using _ = Place.find(linux, joinPath(path, utf8(".")), {
    action: "create directory",
    shown: path,
    make: true,
  });
}

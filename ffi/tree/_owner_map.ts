/**
 * Whether a user namespace hides the owners of files.
 *
 * @see user_namespaces(7), "Unmapped user and group IDs"
 *
 * @module
 */

import { readText } from "../files/read_text.ts";
import type { Linux } from "../sys/linux.ts";

/** What an owner is shown as who has no number in a user namespace: users and groups alike. */
export const UNMAPPED_OWNER = 65_534;

/**
 * Tells whether that number stands for others: whether no owner in this user namespace has it.
 * Where there is no `/proc` to ask, no.
 */
export function hidesOwners(linux: Linux): boolean {
  return ["uid_map", "gid_map"].some((name) => {
    const map = readText(linux, `/proc/self/${name}`);
    return map !== undefined && !covers(map, UNMAPPED_OWNER);
  });
}

/** Whether one of the lines `FIRST OUTSIDE COUNT` has a number. */
function covers(map: string, id: number): boolean {
  return map.trim().split("\n").some((line) => {
    const [first, , count] = line.trim().split(/ +/).map(Number);
    return id >= first! && id < first! + count!;
  });
}

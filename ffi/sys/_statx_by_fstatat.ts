/**
 * What statx(2) tells, by the call that was there before it.
 *
 * For sandboxes that do not know statx yet, and refuse it. There is no time of birth.
 *
 * @see fstatat(2)
 *
 * @module
 */

import { deviceMajor, deviceMinor } from "../../lib/tree/device.ts";
import type { Backend } from "./_libc.ts";
import { STAT, STAT_SIZE, STAT_TIMES, STATX, STATX_BASIC_STATS, SYSCALL_NUMBERS } from "./uapi.ts";

/** statx(2). */
export type Statx = (
  dirfd: number,
  path: Uint8Array<ArrayBuffer>,
  flags: number,
  mask: number,
  statxbuf: Uint8Array<ArrayBuffer>,
) => number;

/** Makes a function that answers as statx(2) does. */
export function statxByFstatat({ libc, architecture }: Backend): Statx {
  // fakeroot replaces the function.
  const fstatat = libc.fstatat ??
    ((dirfd, path, stat, flags) =>
      libc.fstatat_raw(SYSCALL_NUMBERS[architecture].newfstatat, dirfd, path, stat, flags));
  const record = STAT[architecture];
  const stat = new Uint8Array(STAT_SIZE);
  const view = new DataView(stat.buffer);
  return (dirfd, path, flags, _mask, statxbuf) => {
    const result = fstatat(dirfd, path, stat, flags);
    if (result < 0) return result;
    const found = record.read(view, 0);
    const { atimeSec: _, atimeNsec: __, ...times } = STAT_TIMES.read(view, record.size);
    STATX.write(new DataView(statxbuf.buffer, statxbuf.byteOffset), 0, {
      ...found,
      ...times,
      mask: STATX_BASIC_STATS,
      attributes: 0,
      attributesMask: 0,
      btimeSec: 0,
      btimeNsec: 0,
      rdevMajor: deviceMajor(found.rdev),
      rdevMinor: deviceMinor(found.rdev),
      devMajor: deviceMajor(found.dev),
      devMinor: deviceMinor(found.dev),
    });
    return result;
  };
}

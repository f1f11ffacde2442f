/**
 * Archives whose bytes depend on nothing but what is in them.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";

/**
 * Packs a directory so that nothing but names, modes and contents is in the archive. All files have the time
 * `SOURCE_DATE_EPOCH`, in seconds, or 0.
 *
 * @param parent Where the directory lies.
 * @param name Its name, there and in the archive.
 * @param archive Path of the archive, a tar compressed by gzip.
 * @param level How much gzip tries, 1 to 9.
 */
export function pack(parent: string, name: string, archive: string, level = 9): void {
  const time = process.env.SOURCE_DATE_EPOCH ?? "0";
  if (!/^[0-9]{1,12}$/.test(time)) {
    throw new RangeError(`Cannot use SOURCE_DATE_EPOCH "${time}": expected whole seconds`);
  }
  const script = `tar --create --format=ustar --sort=name --mtime="@$1" \\
    --mode=u=rwX,go=rX --owner=0 --group=0 --numeric-owner --directory="$2" "$3" | gzip "-$5" -n >"$4"`;
  const done = spawnSync("bash", [
    "-c",
    `set -o pipefail; ${script}`,
    "pack",
    time,
    parent,
    name,
    archive,
    `${level}`,
  ], {
    encoding: "utf8",
  });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`Cannot pack "${archive}": ${done.stderr.trim()}`);
}

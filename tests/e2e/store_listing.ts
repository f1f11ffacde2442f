/**
 * What is in an object store, as text that tests compare.
 *
 * @module
 */

import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";

/** Lines `PATH MODE SIZE` of everything below a directory, sorted; directories without a size. */
export function listFiles(directory: string): string[] {
  const lines: string[] = [];
  const pending = [""];
  for (let at; (at = pending.pop()) !== undefined;) {
    for (const name of readdirSync(join(directory, at))) {
      const path = join(at, name);
      const stat = lstatSync(join(directory, path));
      if (stat.isDirectory()) pending.push(path);
      const size = stat.isDirectory() ? "" : ` ${stat.size}`;
      lines.push(`${path} ${stat.mode.toString(8)}${size}`);
    }
  }
  return lines.sort();
}

const OBJECT = /^([0-9a-f]{2})\/([0-9a-f]{62}) 100644 \d+$/;
const OBJECT_DIRECTORY = /^[0-9a-f]{2} 40755$/;

/** Everything wrong with a store: files that are no objects, objects whose contents have another digest. */
export function storeFaults(directory: string): string[] {
  const faults: string[] = [];
  for (const line of listFiles(directory)) {
    if (OBJECT_DIRECTORY.test(line)) continue;
    const [, head, tail] = OBJECT.exec(line) ?? [];
    if (head === undefined) {
      faults.push(line);
      continue;
    }
    const digest = fsVerityDigest(readFileSync(`${directory}/${head}/${tail}`)).toHex();
    if (digest !== `${head}${tail}`) faults.push(`${line}: contents have digest ${digest}`);
  }
  return faults;
}

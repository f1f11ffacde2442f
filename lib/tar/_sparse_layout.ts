/**
 * Which of GNU tar's formats for sparse files a member has, and how its map is read.
 *
 * @see GNU tar's manual, "Storing Sparse Files"
 *
 * @module
 */

import { printable } from "../bytes/text.ts";
import type { SparseRecords } from "./_extended.ts";
import { decimal } from "./_numbers.ts";
import { type MapReader, OldMapReader, SparseMap, TextMapReader } from "./_sparse.ts";
import type { Refuse } from "./tar_format_error.ts";

/** Where the contents of a sparse file belong. */
export interface SparseLayout {
  /** All of it, or what has been read so far. */
  readonly map: SparseMap;
  /** Set if more of the map stands in blocks before the contents. */
  readonly reader?: MapReader;
  /** Whether those blocks count among the bytes that are stored. */
  readonly isCounted: boolean;
}

/** The layout of a member of type `S`. */
export function oldSparseLayout(
  header: Uint8Array,
  stored: number,
  refuse: Refuse,
): SparseLayout {
  const reader = new OldMapReader(header, refuse);
  if (reader.hasMore) return { map: reader.map, reader, isCounted: false };
  checkStored(reader.map, stored, refuse);
  return { map: reader.map, isCounted: false };
}

/** The layout that an extended header describes. */
export function paxSparseLayout(
  { values, pairs }: SparseRecords,
  stored: number,
  refuse: Refuse,
): SparseLayout {
  const version = versionOf(values);
  const list = values.get("map");
  if (version === "1.0") {
    if (list !== undefined || pairs.length > 0) throw refuse("has two sparse maps, expected one");
    const reader = new TextMapReader(sizeOf(values, ["realsize"], refuse), stored, refuse);
    return { map: reader.map, reader, isCounted: true };
  }
  if (version !== "0.0" && version !== "0.1") {
    throw refuse(`has a sparse map of version "${version}", expected "0.0", "0.1" or "1.0"`);
  }
  const map = new SparseMap(sizeOf(values, ["size", "realsize"], refuse), refuse);
  if (list !== undefined && pairs.length > 0) throw refuse("has two sparse maps, expected one");
  if (list !== undefined) {
    addList(list, map, refuse);
  } else if (pairs.length > 0 && pairs.length % 2 === 0) {
    for (let i = 0; i < pairs.length; i += 2) map.add(pairs[i]!, pairs[i + 1]!);
  } else {
    throw refuse("has no whole sparse map, expected one with what says that it is sparse");
  }
  const count = values.get("numblocks");
  if (count !== undefined && decimal(count) !== map.count) {
    throw refuse(`has ${map.count} stretches in its sparse map, expected ${printable(count)}`);
  }
  checkStored(map, stored, refuse);
  return { map, isCounted: false };
}

/** Checks that a map, now whole, says of all bytes of the contents where they belong. */
export function checkStored(map: SparseMap, stored: number, refuse: Refuse): void {
  if (map.stored === stored) return;
  throw refuse(`has a sparse map for ${map.stored} bytes of contents, expected ${stored}`);
}

/** Before 1.0, archives did not need to say it. */
function versionOf(values: SparseRecords["values"]): string {
  const [major, minor] = [values.get("major"), values.get("minor")];
  if (major === undefined && minor === undefined) return "0.0";
  return [major, minor].map((number) => number === undefined ? "" : printable(number)).join(".");
}

function sizeOf(
  values: SparseRecords["values"],
  keywords: readonly string[],
  refuse: Refuse,
): number {
  const keyword = keywords.find((keyword) => values.has(keyword));
  const value = keyword === undefined ? undefined : decimal(values.get(keyword)!);
  if (value !== undefined) return value;
  const expected = `expected a number as its GNU.sparse.${keywords[0]}`;
  throw refuse(`has a sparse map without the size of the whole file, ${expected}`);
}

const COMMA = 0x2c;

/** Adds the map of version 0.1: numbers between commas. */
function addList(list: Uint8Array, map: SparseMap, refuse: Refuse): void {
  let position: number | undefined;
  for (let start = 0; start <= list.length;) {
    const comma = list.indexOf(COMMA, start);
    const end = comma < 0 ? list.length : comma;
    const value = decimal(list.subarray(start, end));
    if (value === undefined) throw refuse("has a part of GNU.sparse.map that is no number");
    if (position === undefined) {
      position = value;
    } else {
      map.add(position, value);
      position = undefined;
    }
    start = end + 1;
  }
  if (position === undefined) return;
  throw refuse("has a GNU.sparse.map that ends within a stretch, expected pairs of numbers");
}

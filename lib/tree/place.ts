/**
 * Places in a tree, and paths as names.
 *
 * @module
 */

/**
 * Where a file is. Kept for many files it costs their names and not their paths, which in a deep tree
 * would be much longer.
 */
export interface Place {
  /** The directory it is in; absent for the root. */
  readonly parent?: Place;
  /** Empty for the root. */
  readonly name: Uint8Array;
}

/** The absolute path of a place. */
export function pathOf(place: Place): Uint8Array<ArrayBuffer> {
  const names: Uint8Array[] = [];
  let length = 0;
  for (let at = place; at.parent !== undefined; at = at.parent) {
    names.push(at.name);
    length += 1 + at.name.length;
  }
  const path = new Uint8Array(Math.max(length, 1)).fill(SLASH);
  let end = path.length;
  for (const name of names) {
    path.set(name, end - name.length);
    end -= name.length + 1;
  }
  return path;
}

/** The names of a path, without the empty ones: those before, between and behind its slashes. */
export function splitNames(path: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  for (let start = 0; start < path.length;) {
    const slash = path.indexOf(SLASH, start);
    const end = slash < 0 ? path.length : slash;
    if (end > start) names.push(path.subarray(start, end));
    start = end + 1;
  }
  return names;
}

const SLASH = 0x2f;

/**
 * Dump files of any number of entries, as text: what the tree of a very large system looks like to
 * `mkcomposefs --from-file`.
 *
 * @see composefs-dump(5)
 * @module
 */

import { createRandom, type Random } from "../random.ts";

/** Entries of a directory, itself counted. */
const DIRECTORY = 1_000;

const LABELS = ["usr_t", "bin_t", "lib_t", "etc_t"];

/** What there is, and how many of 100 entries are of the kind. */
const KINDS: readonly (readonly [(random: Random) => string, number])[] = [
  [external, 60],
  [inline, 25],
  [symlink, 15],
];

/**
 * Yields the lines of a dump, the root first; the same number gives the same lines.
 *
 * @param entries How many lines, the root and the directories counted.
 */
export function* dumpLines(entries: number): Generator<string> {
  const random = createRandom(entries);
  yield `/ 4096 40755 ${2 + Math.ceil((entries - 1) / DIRECTORY)} 0 0 0 1700000000.0 - - -\n`;
  let directory = "";
  for (let i = 0; i < entries - 1; i++) {
    if (i % DIRECTORY === 0) {
      directory = `/d${String(i / DIRECTORY).padStart(5, "0")}`;
      yield `${directory} 4096 40755 2 0 0 0 1700000000.0 - - -\n`;
    } else {
      const path = `${directory}/entry-${String(i % DIRECTORY).padStart(4, "0")}`;
      yield `${path} ${random.weighted(KINDS)(random)}${xattrs(random)}\n`;
    }
  }
}

/** Directories and files of {@linkcode smallFileLines}. */
const SMALL_DIRECTORIES = 200;
const SMALL_FILES = 1_000;

/** Yields the lines of a dump of 200 directories of 1,000 files each, numbered, of 5 bytes in the image. */
export function* smallFileLines(): Generator<string> {
  yield `/ 4096 40755 ${2 + SMALL_DIRECTORIES} 0 0 0 1700000000.0 - - -\n`;
  for (let i = 0; i < SMALL_DIRECTORIES; i++) {
    const directory = `/d${String(i).padStart(3, "0")}`;
    yield `${directory} 4096 40755 2 0 0 0 1700000000.0 - - -\n`;
    for (let j = 1; j < SMALL_FILES; j++) {
      const number = i * SMALL_FILES + j;
      const path = `${directory}/f${String(j).padStart(4, "0")}`;
      yield `${path} 5 100644 1 0 0 0 ${1_600_000_000 + number}.${number} - ${10_000 + j} -\n`;
    }
  }
}

function mtime(random: Random): string {
  return `${random.int(1_600_000_000, 1_700_000_000)}.${random.int(0, 999_999_999)}`;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function external(random: Random): string {
  const digest = hex(random.bytes(32));
  const object = `${digest.slice(0, 2)}/${digest.slice(2)}`;
  return `${random.int(65, 100_000)} 100644 1 0 0 0 ${mtime(random)} ${object} - ${digest}`;
}

function inline(random: Random): string {
  const text = hex(random.bytes(random.int(1, 32)));
  return `${text.length} 100644 1 0 0 0 ${mtime(random)} - ${text} -`;
}

function symlink(random: Random): string {
  const target = `../${hex(random.bytes(random.int(2, 20)))}`;
  return `${target.length} 120777 1 0 0 0 ${mtime(random)} ${target} - -`;
}

function xattrs(random: Random): string {
  if (!random.chance(10)) return "";
  const label = `system_u:object_r:${random.pick(LABELS)}:s0\\x00`;
  const own = random.chance(20) ? ` user.origin=${hex(random.bytes(8))}` : "";
  return ` security.selinux=${label}${own}`;
}

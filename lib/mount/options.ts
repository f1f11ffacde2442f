/**
 * What `mount -o …` asks for: the option string of `mount.composefs`, taken apart and checked.
 *
 * Reads it as mount.composefs 1.0.8 does and answers mistakes in its words, but refuses what that
 * program lets pass to no effect: a digest that is empty or of another length, a value for a word that
 * takes none. Words of all file systems are in `flags.ts`. Opens nothing.
 *
 * @module
 */

import { MountOptionError, UnknownMountOptionError } from "./option_error.ts";
import { latin1, printable } from "../bytes/text.ts";
import { Digest, DIGEST_FORM } from "../digest/digest.ts";
import { flagEffect, type MountFlag, type SuperblockFlag } from "./flags.ts";
import { VALUED, WORDS } from "./option_help.ts";

/** Whether files have to match the fs-verity digest that the image has for them. */
export type VerityPolicy = "off" | "try" | "require";

/** Options as given, unchecked in what they need of each other. */
export interface MountSettings {
  /** Object stores, searched in this order. */
  readonly basedirs?: readonly Uint8Array[];
  /** fs-verity digest of the image. */
  readonly digest?: Digest;
  /** Absent if neither `verity` nor `tryverity` was given. */
  readonly verity?: "try" | "require";
  /** Digests the image in user space where the kernel does not. */
  readonly userVerity?: boolean;
  /** With `userVerity`, mounts an image that has no digest of some object. */
  readonly allowUndigested?: boolean;
  /** Directory that takes what is written to the mount. */
  readonly upperdir?: Uint8Array;
  /** Directory on the same file system, which overlayfs works in. */
  readonly workdir?: Uint8Array;
  /** A user namespace file, such as `/proc/1234/ns/user`. */
  readonly idmap?: Uint8Array;
  /** What the mount is said to come from; without it, the image as it was named. */
  readonly source?: Uint8Array;
  /** Changes the flags of a mount that is there. */
  readonly remount?: boolean;
  /** Flags of the mount and of its file system. */
  readonly flags?: ReadonlySet<MountFlag | SuperblockFlag>;
}

/** Options that can be carried out, as far as can be told without looking at a file. */
export interface MountOptions extends MountSettings {
  /** At least one. */
  readonly basedirs: readonly Uint8Array[];
  /** Digests the image in user space where the kernel does not. */
  readonly userVerity: boolean;
  /** Flags of the mount and of its file system. */
  readonly flags: ReadonlySet<MountFlag | SuperblockFlag>;
  /** What is to be required of the objects. */
  readonly objectVerity: VerityPolicy;
}

const COMMA = 0x2c;
const COLON = 0x3a;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** The longest source that fsconfig(2) takes, in bytes. */
export const MAX_SOURCE = 255;

/** How {@linkcode parseMountOptions} takes words it does not know. */
export interface ParseMountOptions {
  /** Passes over unknown options, as `mount -s` asks for. */
  readonly sloppy?: boolean;
}

/**
 * Reads option strings: words joined by commas, where a backslash makes the next byte an ordinary one.
 * Of options given twice the last counts. Empty words are passed over.
 *
 * @param strings The values of `-o`, read as one.
 * @throws {MountOptionError} If an option is unknown, lacks its value or has a wrong one.
 */
export function parseMountOptions(
  strings: readonly Uint8Array[],
  { sloppy = false }: ParseMountOptions = {},
): MountSettings {
  const values = new Map<string, Uint8Array<ArrayBuffer>>();
  const words = new Set<string>();
  const flags = new Set<MountFlag | SuperblockFlag>();
  for (const option of strings.flatMap(splitOptions)) {
    const equals = option.indexOf(EQUALS);
    const key = latin1(equals < 0 ? option : option.subarray(0, equals));
    const value = equals < 0 ? undefined : unescape(option.subarray(equals + 1));
    if (VALUED.includes(key)) {
      if (value === undefined) throw new MountOptionError(`No value specified for ${key} option`);
      values.set(key, value);
    } else if (WORDS.includes(key)) {
      refuseValue(key, value);
      words.add(key);
    } else if (!applyFlag(flags, key, value) && !sloppy) {
      throw new UnknownMountOptionError(key, printable(option));
    }
  }
  return settings(values, words, flags);
}

function settings(
  values: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  words: ReadonlySet<string>,
  flags: ReadonlySet<MountFlag | SuperblockFlag>,
): MountSettings {
  const basedir = values.get("basedir");
  const digest = values.get("digest");
  const upperdir = values.get("upperdir");
  const workdir = values.get("workdir");
  const idmap = values.get("idmap");
  const source = values.get("source");
  if (source !== undefined) checkSource(source);
  return {
    ...(basedir === undefined ? {} : { basedirs: splitBasedir(basedir) }),
    ...(digest === undefined ? {} : { digest: parseImageDigest(latin1(digest)) }),
    ...(words.has("verity")
      ? { verity: "require" }
      : words.has("tryverity")
      ? { verity: "try" }
      : {}),
    ...(words.has("userverity") ? { userVerity: true } : {}),
    ...(words.has("allowundigested") ? { allowUndigested: true } : {}),
    ...(upperdir === undefined ? {} : { upperdir }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(idmap === undefined ? {} : { idmap }),
    ...(source === undefined ? {} : { source }),
    ...(words.has("remount") ? { remount: true } : {}),
    flags,
  };
}

/**
 * Checks that the settings fit together.
 *
 * A digest makes the whole tree trusted only if the objects are checked too, so it implies `verity`;
 * with `userverity`, which is for systems without fs-verity, it implies `tryverity`.
 *
 * @throws {MountOptionError} If there is no object store, or an option lacks the one it needs.
 */
export function completeMountOptions(given: MountSettings): MountOptions {
  const { basedirs = [], digest, upperdir, workdir, userVerity = false } = given;
  if (basedirs.length === 0) throw new MountOptionError("No object dirs specified");
  const pair = [upperdir, workdir].filter((path) => path !== undefined);
  if (pair.length === 1 || pair.some((path) => path.length === 0)) {
    throw new MountOptionError("Both workdir and upperdir must be specified if used");
  }
  if (userVerity && digest === undefined) {
    throw new MountOptionError("Option userverity needs a digest to check the image against");
  }
  const implied = digest === undefined ? "off" : userVerity ? "try" : "require";
  const objectVerity = digest !== undefined && !userVerity ? "require" : given.verity ?? implied;
  return { ...given, basedirs, userVerity, objectVerity, flags: given.flags ?? new Set() };
}

/**
 * Reads the digest of an image.
 *
 * @throws {MountOptionError} If it is not one.
 */
export function parseImageDigest(text: string): Digest {
  const digest = Digest.tryParse(text);
  // The name of the algorithm in front is not what the C program takes.
  if (digest !== undefined && text.length === 2 * digest.bytes.length) return digest;
  throw new MountOptionError(
    `Value for digest option has incorrect format: expected ${DIGEST_FORM}, ` +
      `found ${text === "" ? "none" : `${text.length} characters`}`,
  );
}

/**
 * Programs that read `/proc/self/mountinfo` take an empty source for a missing field, and no parameter of
 * overlayfs holds a longer one.
 */
function checkSource({ length }: Uint8Array): void {
  if (length === 0) throw new MountOptionError("No value specified for source option");
  if (length <= MAX_SOURCE) return;
  throw new MountOptionError(
    `Value for source option is too long: ${length} bytes, expected at most ${MAX_SOURCE}`,
  );
}

function refuseValue(word: string, value: Uint8Array | undefined): void {
  if (value !== undefined) throw new MountOptionError(`Option ${word} takes no value`);
}

/** Carries out a word of all file systems; false if it is none. */
function applyFlag(
  flags: Set<MountFlag | SuperblockFlag>,
  word: string,
  value: Uint8Array | undefined,
): boolean {
  // Comments such as `x-systemd.automount` may have values, and the names of some end with them.
  const effect = flagEffect(value === undefined ? word : `${word}=`);
  if (effect === undefined && value !== undefined && flagEffect(word) !== undefined) {
    refuseValue(word, value);
  }
  for (const flag of effect?.clear ?? []) flags.delete(flag);
  for (const flag of effect?.set ?? []) flags.add(flag);
  return effect !== undefined;
}

/** The options of a string, still escaped. */
function splitOptions(text: Uint8Array): Uint8Array[] {
  const options: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === BACKSLASH) at++;
    else if (at === text.length || text[at] === COMMA) {
      options.push(text.subarray(start, at));
      start = at + 1;
    }
  }
  if (start < text.length) options.push(text.subarray(start));
  return options.filter((option) => option.length > 0);
}

/** Drops each backslash that stands before another byte or at the end. */
function unescape(text: Uint8Array): Uint8Array<ArrayBuffer> {
  const plain = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === BACKSLASH) at++;
    if (at < text.length) plain[length++] = text[at]!;
  }
  return plain.subarray(0, length);
}

function splitBasedir(value: Uint8Array<ArrayBuffer>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start <= value.length;) {
    const colon = value.indexOf(COLON, start);
    const end = colon < 0 ? value.length : colon;
    parts.push(value.subarray(start, end));
    start = end + 1;
  }
  if (parts.some((part) => part.length === 0)) {
    throw new MountOptionError("Value for basedir option has incorrect format");
  }
  return parts;
}

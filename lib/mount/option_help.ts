/**
 * The options of a composefs mount: which there are, which of them have a value, and what each asks for.
 *
 * The parser takes the names from here, and whoever explains options takes the words.
 *
 * @module
 */

import { FLAG_HELP, FLAG_WORDS } from "./flags.ts";

/** What is said of an option, or of several that belong together. */
export interface MountOptionHelp {
  /** The options as they are typed, their values by a name: `digest=HEX`. */
  readonly forms: readonly string[];
  /** What they ask for, one line without a final period. */
  readonly summary: string;
  /** More about it. */
  readonly help?: string;
}

/** An option of composefs. */
interface OwnOption {
  /** What its value is called; absent if it has none. */
  readonly value?: string;
  readonly summary: string;
  readonly help?: string;
}

const OWN_OPTIONS: Readonly<Record<string, OwnOption>> = {
  basedir: {
    value: "PATH[:PATH...]",
    summary: "Read the contents of files from these object stores",
    help:
      "At least one is needed. The first store that has an object is the one it is read from. A colon cannot be part of a path.",
  },
  digest: {
    value: "HEX",
    summary: "Mount only an image with this fs-verity digest",
    help:
      "The digest has 64 hexadecimal digits by SHA-256, or 128 by SHA-512. Objects are then verified too, as with verity; with userverity, as with tryverity.",
  },
  upperdir: {
    value: "PATH",
    summary: "Make the mount writable, and keep what changes in this directory",
    help: "Needs workdir=.",
  },
  workdir: {
    value: "PATH",
    summary: "Working directory of overlayfs, empty and on the file system of upperdir=",
  },
  idmap: {
    value: "PATH",
    summary: "Map owners through a user namespace, such as /proc/PID/ns/user",
  },
  source: {
    value: "WORD",
    summary: "Show WORD as the source of the mount, instead of the image",
    help: "At most 255 bytes.",
  },
  verity: {
    summary: "Refuse to read objects that do not have the fs-verity digest of the image",
    help: "Needs Linux 6.6, and fs-verity in the file systems of all stores.",
  },
  tryverity: {
    summary: "Verify objects if kernel and file systems can, else mount without",
  },
  userverity: {
    summary: "Where the image has no fs-verity, check the digest of a copy and mount that",
    help: "Needs digest=. The copy is in memory and sealed.",
  },
  allowundigested: {
    summary: "With userverity, mount an image that has no digests of some objects",
    help: "Whoever can write into the stores decides what these hold, whatever the digest.",
  },
  remount: {
    summary: "Change the flags of a mount that is there, such as ro",
  },
};

const OWN = Object.entries(OWN_OPTIONS);

/** Options of composefs that have a value. */
export const VALUED: readonly string[] = OWN
  .filter(([, { value }]) => value !== undefined).map(([name]) => name);

/** Options of composefs that have none. */
export const WORDS: readonly string[] = OWN
  .filter(([, { value }]) => value === undefined).map(([name]) => name);

/** Every option by its name, with an equals sign behind those that have a value. */
export const MOUNT_OPTION_WORDS: readonly string[] = [
  ...VALUED.map((name) => `${name}=`),
  ...WORDS,
  ...FLAG_WORDS,
];

/** What there is to say of all options, those of composefs first. */
export const MOUNT_OPTION_HELP: readonly MountOptionHelp[] = [
  ...OWN.map(([name, { value, ...rest }]) => ({
    forms: [value === undefined ? name : `${name}=${value}`],
    ...rest,
  })),
  ...FLAG_HELP,
];

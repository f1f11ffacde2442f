/**
 * The command line of `create`.
 *
 * @module
 */

import type { OptionTable, OptionValues } from "../../args/command.ts";
import { choice, integer, path } from "../../args/values.ts";
import { JSON_OPTION } from "../../json.ts";
import { FORCE_OPTION } from "./image_options.ts";
import { sourceOptions } from "./_sources.ts";
import { wantedOptions } from "./_wanted_images.ts";

/** Every option of mkcomposefs 1.0.8, and ours. */
export const createOptions = {
  "digest-store": {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Copy file contents into the object store PATH",
    help:
      "Files of up to 64 bytes are kept in the image and not copied. PATH is created if it does not exist. With --from-file mkcomposefs does nothing with it, and composefs create refuses it.",
  },
  "use-epoch": { kind: "flag", summary: "Set all modification times to 0" },
  "skip-devices": { kind: "flag", summary: "Leave out block and character devices" },
  "skip-xattrs": { kind: "flag", summary: "Leave out extended attributes" },
  "user-xattrs": { kind: "flag", summary: "Keep only user.* extended attributes" },
  "print-digest": { kind: "flag", summary: "Print the fs-verity digest of the image" },
  "print-digest-only": {
    kind: "flag",
    summary: "Print the digest, write no image",
    help: "IMAGE must not be given. An object store, if given, is filled all the same.",
  },
  ...sourceOptions,
  "min-version": {
    kind: "value",
    value: "N",
    parse: integer(0, 2 ** 32 - 1),
    invalid: "Invalid min version",
    summary: "Use format version N or later",
    defaultText: "0",
  },
  "max-version": {
    kind: "value",
    value: "N",
    parse: integer(0, 2 ** 32 - 1),
    invalid: "Invalid max version",
    summary: "Use format version N at most",
    defaultText: "1",
    help:
      "The lowest version that can hold the tree is taken; whiteouts need version 1. If only --min-version is given, this is the same as that.",
  },
  ...wantedOptions,
  threads: {
    kind: "value",
    value: "N",
    parse: integer(1, 2 ** 31 - 1),
    invalid: "Invalid threads count",
    summary: "Digest and copy files in N threads",
    defaultText: "number of CPUs",
    help: "The image does not depend on it.",
  },
  cache: {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Keep digests in FILE, read only files that have changed since",
    help:
      "FILE is made if it does not exist. A file counts as changed if its inode, size, modification or change time is another, if it was changed in the last seconds before the run, or if it does not lie on a disk of this machine (ext4, XFS, Btrfs, F2FS, bcachefs). FILE must be a regular file of yours or root's that nobody else may write to. What is wrong with it is told, and all files are read then.",
    extension: true,
  },
  hardlinks: {
    kind: "flag",
    summary: "Keep hard links of SOURCE as hard links",
    help: "Otherwise each name becomes a file of its own, as in the C program.",
    extension: true,
  },
  "verify-objects": {
    kind: "flag",
    summary: "Check the contents of objects already in the store",
    help:
      "Otherwise an object that is already there is kept if its size is right. What is no object of its name is replaced, with a note. Files of SOURCE are read whatever is known by --cache.",
    extension: true,
  },
  "enable-verity": {
    kind: "optional",
    value: "try",
    bare: "require",
    parse: choice("try"),
    summary: "Turn fs-verity on for IMAGE and its objects, or fail",
    help:
      "Objects that are in the store already are digested before they get it. With =try a note says where it could not be done. Without this option new objects get it where they can, and IMAGE does not.",
    extension: true,
  },
  force: FORCE_OPTION,
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** What is read, and what is written. */
export const createOperands = {
  source: {
    name: "SOURCE",
    summary: "The directory, or the dump file with --from-file (- for standard input)",
    missing: "No source path specified",
    readWhole: true,
  },
  image: {
    name: "IMAGE",
    summary: "The image to write (- for standard output)",
    optional: true,
  },
} as const;

/** The options as they were given. */
export type CreateOptions = OptionValues<typeof createOptions>;

/** SOURCE, and IMAGE if it is given. */
export interface CreateOperands {
  readonly source: Uint8Array<ArrayBuffer>;
  readonly image: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * What composefs(1) says besides the commands.
 *
 * @module
 */

import { INLINE_THRESHOLD } from "../../lib/composefs/contents.ts";
import type { ManualOnly } from "../args/command.ts";
import { TRANSPORTS } from "../references/reference.ts";
import { STORE_VARIABLE } from "../references/stores.ts";

/** What composefs is about, and the sections behind the options. */
export const OVERVIEW: ManualOnly = {
  introduction: [
    "An image holds the names, owners, modes, times and attributes of a directory tree, and files of up to " +
    `${INLINE_THRESHOLD} bytes. The contents of larger files are objects: files in an object store, a directory in which each is named by its fs-verity digest. A store serves any number of images, and what several of them have in common is there once.`,
    "The kernel mounts the two together: EROFS reads the image, and overlayfs puts the objects in their places. Where image and objects have fs-verity, and the digest of the image is given to mount, the kernel refuses every byte that is not the one that the digest stands for.",
    "What is in an image is told in composefs-image(5); the text form of it, a dump file, in composefs-dump(5).",
  ],
  topics: [
    {
      title: "What is read",
      text: [
        "create, and the commands that read images, take whatever holds a tree. It is named by a word and a colon before a path, or by a path alone, which is what is found there. A path that looks like such a word is written ./dir:x. A hyphen is standard input. Programs under the names of the C programs know paths only.",
      ],
      rows: Object.entries(TRANSPORTS).map(([name, { form, summary }]) => ({
        left: `${name}:${form}`,
        summary,
      })),
    },
    {
      title: "Environment",
      text: [],
      rows: [
        {
          left: STORE_VARIABLE,
          summary: "The object store of commands that read objects and are given none",
          help:
            "Not looked at by create, by programs under the names of the C programs, or with rights that the caller lacks.",
        },
        {
          left: "SOURCE_DATE_EPOCH",
          summary: "The time that --mtime=source-date-epoch stands for",
          help: "In seconds since the epoch.",
        },
        {
          left: "CFS_PARSE_STRICT",
          summary:
            "If set, create and mkcomposefs read dump files more strictly: see composefs-dump(5)",
        },
        {
          left: "TMPDIR",
          summary:
            "Where the contents of a container image are kept while a command without --store works with them",
          help: "By default in /var/tmp.",
        },
      ],
    },
  ],
};

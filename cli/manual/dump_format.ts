/**
 * composefs-dump(5): the text form of an image.
 *
 * @module
 */

import { FORMAT2_LIMITS } from "../../lib/composefs/version.ts";
import {
  MAX_EXTERNAL_SIZE,
  MAX_INLINE_SIZE,
  MAX_XATTR_NAME,
  MAX_XATTR_VALUE,
  MAX_XATTRS_COST,
  XATTR_BASE_COST,
} from "../../lib/tree/limits.ts";
import { MAX_NAME_LENGTH, MAX_PATH_LENGTH } from "../../lib/tree/name.ts";
import { FILE_TYPE_BITS, type FileKind } from "../../lib/tree/tree.ts";
import type { FormatPage } from "../args/man.ts";

/** Names of the fields, in their order. */
export const FIELDS =
  "PATH SIZE MODE NLINK UID GID RDEV MTIME PAYLOAD CONTENT DIGEST [KEY=VALUE...]";

/** A dump file, in the form in which it is printed. */
export const DUMP_EXAMPLE = {
  file: "example.dump",
  text: String.raw`/ 4096 40755 4 0 0 0 1700000000.0 - - -
/dev 43 40755 2 0 0 0 1700000000.0 - - -
/dev/null 0 20666 1 0 0 259 1700000000.0 - - -
/etc 78 40755 2 0 0 0 1700000000.0 - - -
/etc/issue 9 100644 2 0 0 0 1700000000.0 - Welcome!\n -
/etc/motd 9 @100644 2 0 0 0 1700000000.0 /etc/issue Welcome!\n -
/etc/shadow 0 100600 1 0 0 0 1700000000.0 - - - user.note=to\x20be\x20filled
/numbers 3893 100644 1 1000 1000 0 1700000000.5 d0/9ddad512a4fd1a24d9cbf43a091d42c50b6c5179e68c81b00bfd27f43b1922 - d09ddad512a4fd1a24d9cbf43a091d42c50b6c5179e68c81b00bfd27f43b1922
/run 8 120777 1 0 0 0 1700000000.0 /var/run - -`,
} as const;

/** Commands, and what they print, that the page shows. */
export const DUMP_SESSION = `$ seq 1000 >numbers
$ composefs digest numbers
d09ddad512a4fd1a24d9cbf43a091d42c50b6c5179e68c81b00bfd27f43b1922
$ mkcomposefs --from-file --print-digest example.dump example.cfs
657e47e08c44c5876bbde17506205efa5e6bf2eb180711dd66a72c23ed1c6732
$ composefs objects example.cfs
d0/9ddad512a4fd1a24d9cbf43a091d42c50b6c5179e68c81b00bfd27f43b1922
$ composefs dump example.cfs | cmp - example.dump && echo the same
the same`;

function type(kind: FileKind): string {
  return FILE_TYPE_BITS[kind].toString(8);
}

/** The page. */
export const DUMP_FORMAT: FormatPage = {
  name: "composefs-dump",
  summary: "text form of a composefs image",
  sections: [
    {
      title: "Description",
      parts: [
        "A dump file says in text all that a composefs image says: one line for each name in a tree of files, with the metadata, and where the contents are. mkcomposefs --from-file and composefs create make an image of a dump file, without a look at any file that it names; composefs dump and composefs-info dump print the dump of an image. So an image can be looked at, compared and changed with the tools for text, and made by whatever can print lines.",
        "The same dump gives the same image, bit for bit, in the same format version. The order of its lines has no influence on that.",
        "The file consists of bytes, in no particular encoding. Each line ends with a newline, which the last one may lack. There are neither comments nor empty lines. Fields are separated by exactly one space:",
        { lines: FIELDS },
      ],
    },
    {
      title: "Fields",
      parts: [
        {
          rows: [
            {
              left: "PATH",
              summary: "Where the file is in the image, from its root on: /usr/bin/env",
              help:
                `The root, /, has the first line, and the line of a directory comes before those of what is in it. A name has at most ${MAX_NAME_LENGTH} bytes, is neither . nor .., and is in its directory once.`,
            },
            {
              left: "SIZE",
              summary: "Bytes of the contents of a regular file, in decimal",
              help:
                `At most ${MAX_EXTERNAL_SIZE}, which is 2^53. Of all other files it has no effect, except that a device, fifo or socket with one above 4294967295 gets an extended inode.`,
            },
            {
              left: "MODE",
              summary: "Type and permissions as stat(2) has them, in octal",
              help: `The type is ${type("regular")} for a regular file, ${
                type("directory")
              } for a directory, ${type("symlink")} for a symbolic link, ${type("character")} and ${
                type("block")
              } for a character and a block device, ${type("fifo")} for a fifo and ${
                type("socket")
              } for a socket. An @ in front makes the line one of a hard link: see below.`,
            },
            {
              left: "NLINK",
              summary: "Number of links, in decimal",
              help:
                "It is taken as it is, whatever the number of names; that of a directory is counted instead. In format version 2 all are counted.",
            },
            { left: "UID", summary: "Number of the owner, in decimal" },
            { left: "GID", summary: "Number of the group, in decimal" },
            {
              left: "RDEV",
              summary: "Device number of a character or block device, in decimal",
              help:
                "Bits 0 to 7 and 20 to 31 are the minor number, bits 8 to 19 the major one. A character device whose number is 0 is a whiteout of overlayfs. Of other files it is not kept.",
            },
            {
              left: "MTIME",
              summary: "Time of the last change: seconds since the epoch, a dot, and nanoseconds",
              help:
                "What follows the dot is a whole number, not a fraction: 5.7 is 7 nanoseconds after 5 seconds. Seconds may be negative.",
            },
            {
              left: "PAYLOAD",
              summary:
                "Target of a symbolic link; path of the object, below an object store, that has the contents of a regular file; target of a hard link",
              help:
                `At most ${MAX_PATH_LENGTH} bytes. A symbolic link and a hard link must have one. A regular file that has neither PAYLOAD nor CONTENT has no object that could be read. Of other files it is not kept.`,
            },
            {
              left: "CONTENT",
              summary: "Contents of a regular file that are kept in the image",
              help:
                `As many bytes as SIZE says, and at most ${MAX_INLINE_SIZE} (${FORMAT2_LIMITS.inline} in format version 2). PAYLOAD and DIGEST have no effect then, nor have they for a file of size 0.`,
            },
            {
              left: "DIGEST",
              summary: "fs-verity digest of the object, in hexadecimal",
              help:
                "64 digits by SHA-256, or 128 by SHA-512, which the C programs do not know. Without one nothing says what the object has to hold, and a mount with verity refuses to read the file.",
            },
            {
              left: "KEY=VALUE",
              summary: "An extended attribute, such as user.note=x",
              help:
                `There may be any number of them, each after a space. KEY has at most ${MAX_XATTR_NAME} bytes, VALUE at most ${MAX_XATTR_VALUE}, and ${XATTR_BASE_COST} bytes with all keys and values and 7 bytes for each pair come to at most ${MAX_XATTRS_COST}; as they stand on the line, all are at most 65535 bytes. Of a key given twice the last value counts.`,
            },
          ],
        },
        "A hyphen as PAYLOAD, CONTENT or DIGEST means that there is none. As PATH or VALUE it stands for itself.",
      ],
    },
    {
      title: "Escapes",
      parts: [
        "In PATH, PAYLOAD, CONTENT, KEY and VALUE a backslash begins an escape:",
        {
          rows: [
            { left: "\\\\", summary: "A backslash" },
            { left: "\\n \\r \\t", summary: "Newline, carriage return, tab" },
            {
              left: "\\xHH",
              summary: "Any byte, by two hexadecimal digits",
              help:
                "A space is \\x20, an equals sign in KEY is \\x3d, and a PAYLOAD or CONTENT that is one hyphen is \\x2d. \\x00 can stand in CONTENT and VALUE only.",
            },
          ],
        },
        "All other bytes may stand for themselves, except NUL. What is printed has escapes for all bytes but those from ! to ~, and for equals signs in attributes.",
      ],
    },
    {
      title: "Hard links",
      parts: [
        "A line whose MODE begins with @ gives one more name to a file that another line describes. PAYLOAD is the path of that line, which may come later, and may be one of a hard link itself. Of the line itself only PATH, the type in MODE, which is not that of a directory, and PAYLOAD are looked at; a line that is printed repeats the other fields of the file.",
        "The number of links of the file does not follow from its names: NLINK says it, on the line without @.",
      ],
    },
    {
      title: "What is printed",
      parts: [
        "A directory comes before what is in it, and that before the next name; names are in the order of their bytes. SIZE of a directory is what its entries take in the image, of a symbolic link the length of its target, of devices, fifos and sockets 0. Extended attributes come in the order of the image.",
        "composefs dump prints what makes the same image again, if the format version is the same one. A dump does not say which that is: see composefs-image(5). Of the names of one file it prints the one that has the inode in the image without @; composefs-info dump, as the C program does, the first one, and it leaves out attributes that look like marks of a whiteout.",
      ],
    },
    {
      title: "What is refused",
      parts: [
        "Whatever breaks the rules above is an error, with the number of the line. Some things that the C program takes to an undefined effect are refused as well: malformed digests, NUL bytes in names and targets, hard links to directories or in a circle, and sizes above 2^53.",
        "Numbers are read as the C program reads them. A sign may stand in front, where a minus means 2^64 less the number; of MODE, NLINK, UID, GID, RDEV and nanoseconds the low 32 bits count.",
        "If the variable CFS_PARSE_STRICT is set, whatever its value, create and mkcomposefs also refuse a missing newline at the end, an RDEV other than 0 of what is no device, and symbolic links with a SIZE that is not the length of the target, or with CONTENT.",
      ],
    },
    {
      title: "Examples",
      parts: [
        `The file ${DUMP_EXAMPLE.file} describes a device, a file in the image with two names, an empty file with an attribute, a file whose contents are an object, and a symbolic link:`,
        { lines: DUMP_EXAMPLE.text },
        "The object is a file of a thousand lines. An image is made and looked at:",
        { lines: DUMP_SESSION },
      ],
    },
  ],
  seeAlso: [
    "composefs(1)",
    "composefs-dump(1)",
    "composefs-create(1)",
    "composefs-info(1)",
    "mkcomposefs(1)",
    "composefs-image(5)",
  ],
};

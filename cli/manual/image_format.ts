/**
 * composefs-image(5): what is in an image, and what the kernel makes of it.
 *
 * @module
 */

import { INLINE_THRESHOLD } from "../../lib/composefs/contents.ts";
import {
  COMPOSEFS_HEADER,
  COMPOSEFS_HEADER_VERSION,
  COMPOSEFS_MAGIC,
} from "../../lib/composefs/header.ts";
import { MAX_IMAGE_SIZE } from "../../lib/composefs/open.ts";
import { FORMAT2_LIMITS } from "../../lib/composefs/version.ts";
import {
  BLOCK_SIZE,
  INODE_COMPACT,
  INODE_EXTENDED,
  SLOT_SIZE,
  SUPER_BLOCK,
  SUPER_OFFSET,
} from "../../lib/erofs/format.ts";
import { MAX_EXTERNAL_SIZE, MAX_INLINE_SIZE, MAX_XATTR_NAME } from "../../lib/tree/limits.ts";
import { MAX_NAME_LENGTH, MAX_PATH_LENGTH } from "../../lib/tree/name.ts";
import type { FormatPage } from "../args/man.ts";

const { size: HEADER_SIZE, offsets: HEADER } = COMPOSEFS_HEADER;

/** Commands, and what they print, that the page shows. */
export const IMAGE_SESSION = `$ echo '/ 4096 40755 2 0 0 0 0.0 - - -' >root.dump
$ mkcomposefs --from-file --print-digest root.dump root.cfs
8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682
$ od -A d -t x4 -N 16 root.cfs
0000000 d078629a 00000001 00000000 00000000
0000016
$ mkdir rootfs; seq 1000 >rootfs/numbers; echo hello >rootfs/small
$ composefs create --store=objects rootfs rootfs.cfs
$ composefs objects rootfs.cfs
d0/9ddad512a4fd1a24d9cbf43a091d42c50b6c5179e68c81b00bfd27f43b1922
$ composefs verify --store=objects rootfs.cfs
Nothing is wrong: 2 files, 1 objects of 3893 bytes`;

/** The page. */
export const IMAGE_FORMAT: FormatPage = {
  name: "composefs-image",
  summary: "image of a tree of files whose contents are objects",
  sections: [
    {
      title: "Description",
      parts: [
        "A composefs image holds a tree of files: names, owners, modes, times, links, extended attributes, and the contents of small files. The contents of all others are objects: files in object stores, named by their fs-verity digests, to which the image refers. The image is a file system of its own in the format of EROFS, with attributes by which overlayfs finds the objects.",
        `The image is a whole number of blocks of ${BLOCK_SIZE} bytes; numbers in it are little-endian. Nothing is compressed, and nothing depends on when or where it was made: the same tree gives the same bytes. There are three format versions; what follows is true of all of them, unless it says otherwise.`,
      ],
    },
    {
      title: "Layout",
      parts: [
        "At these offsets in the file there are:",
        {
          rows: [
            { left: "0", summary: `The header of composefs, ${HEADER_SIZE} bytes, then zeros` },
            {
              left: String(SUPER_OFFSET),
              summary: `The superblock of EROFS, ${SUPER_BLOCK.size} bytes`,
            },
            {
              left: String(SUPER_OFFSET + SUPER_BLOCK.size),
              summary:
                `The inodes, each at a multiple of ${SLOT_SIZE} bytes, with its extended attributes and, where that fits, its data right behind it`,
              help: `What EROFS calls a nid is the offset of an inode, divided by ${SLOT_SIZE}.`,
            },
            {
              left: "then",
              summary: "The table of those attributes that more than one inode has",
            },
            {
              left: "then",
              summary:
                `From the next multiple of ${BLOCK_SIZE} on, blocks of data: directories, files and links that are not behind their inodes`,
            },
          ],
        },
        { subheading: "Header" },
        {
          rows: [
            {
              left: String(HEADER.magic),
              summary: `The magic number, 0x${COMPOSEFS_MAGIC.toString(16)}, in four bytes`,
            },
            {
              left: String(HEADER.version),
              summary: `The version of the header, ${COMPOSEFS_HEADER_VERSION}, in four bytes`,
            },
            {
              left: String(HEADER.flags),
              summary: "Flags, four bytes: the lowest bit says that a file has a POSIX ACL",
              help:
                "An image without it is mounted with noacl. In format version 2 it is never set.",
            },
            {
              left: String(HEADER.composefsVersion),
              summary: "The format version, 0, 1 or 2, in four bytes",
            },
            { left: String(HEADER.unused), summary: "Zeros" },
          ],
        },
        { subheading: "Inodes" },
        `An inode has ${INODE_COMPACT.size} bytes (compact) or ${INODE_EXTENDED.size} (extended). It is compact if it has the time in the superblock, which is the earliest in the tree, no owner, group or number of links above 65535, and no size above 4294967295. In format version 2 all are extended.`,
        "Inodes come breadth first: the root, what is in it, what is in its first directory, and so on; in format version 2 depth first. Names in a directory are in the order of their bytes, and so are . and .. among them.",
        {
          rows: [
            {
              left: "Small files",
              summary:
                `Regular files of up to ${INLINE_THRESHOLD} bytes have their contents in the image`,
              help: `A dump file can put larger ones there: see LIMITS.`,
            },
            {
              left: "External files",
              summary:
                "All other regular files are chunk-based, with a size, but all chunks are holes",
              help: "Where such an image is mounted as EROFS alone, they read as zeros.",
            },
            {
              left: "Symbolic links",
              summary: "The target is the data of the inode",
            },
            {
              left: "Hard links",
              summary: "Several names lead to one inode, never to that of a directory",
            },
          ],
        },
      ],
    },
    {
      title: "Attributes for overlayfs",
      parts: [
        "These tell overlayfs what the image means. Attributes that the tree has of such names are kept with one more overlay. in them, as in trusted.overlay.overlay.opaque, which overlayfs takes out again when it shows them.",
        {
          rows: [
            {
              left: "trusted.overlay.redirect",
              summary: "Of an external file: where its object is, below any of the stores",
              help:
                "A slash, two digits of the digest, a slash and all others. A dump file can have other paths.",
            },
            {
              left: "trusted.overlay.metacopy",
              summary: "Of an external file: the digest of its object",
              help:
                "Empty if there is none. Otherwise four bytes and the digest: 00 24 00 01 and 32 bytes by SHA-256, or 00 44 00 02 and 64 bytes by SHA-512.",
            },
            {
              left: "trusted.overlay.opaque",
              summary: "Of the root, with the value y: nothing below the image shows through",
              help: "Not in format version 2.",
            },
            {
              left: "trusted.overlay.overlay.whiteout, user.overlay.whiteout",
              summary: "Of an empty regular file that stands for a whiteout of the tree",
              help:
                "The mount shows a file that another overlay, which has the mount as a layer, takes for a whiteout. The directory is marked with trusted.overlay.overlay.whiteouts and user.overlay.whiteouts, and from format version 1 on also with trusted.overlay.overlay.opaque and user.overlay.opaque, which have the value x. In format version 2 whiteouts stay character devices with the number 0, and the mount does not show them.",
            },
          ],
        },
        "The root also has a whiteout of each name from 00 to ff that the tree does not have there, with the owner, the time and the SELinux label of the root. They hide the directories of an object store where that is an ordinary layer below the image. Format version 2 has none.",
      ],
    },
    {
      title: "Format versions",
      parts: [
        {
          rows: [
            {
              left: "0",
              summary: "The version of trees without whiteouts, unless another one is asked for",
            },
            {
              left: "1",
              summary:
                "The same with opaque marks on directories that hold whiteouts, as Linux 6.8 and later want them",
              help:
                "Taken for trees that have whiteouts, unless --max-version=0 is given, or --min-version alone, which leaves no choice.",
            },
            {
              left: "2",
              summary: "The version of composefs-rs, to be asked for by --format=2",
              help:
                `Times are whole seconds, links are counted, and inodes are numbered by their nids. Some limits are lower.`,
            },
          ],
        },
        "Versions 0 and 1 are those of libcomposefs, and differ in nothing but the marks and the number in the header.",
      ],
    },
    {
      title: "Digests",
      parts: [
        "The digest of an image is its fs-verity digest: of all its bytes, in blocks of 4096, without a salt, by SHA-256 or SHA-512. Since the image has the digests of its objects, this one digest stands for the whole tree. composefs digest prints it, and so does create --print-digest.",
        "If fs-verity is enabled for the image (create --enable-verity or fsverity enable does it, where the file system can), the kernel checks each block of the image as it reads it, and mount compares the digest with the one that it is given. Objects get fs-verity, where that is possible, when create puts them into a store. If the image is mounted with verity, overlayfs compares their digests with those in the image when files are opened, and the kernel checks each block.",
        "Without fs-verity the programs can check digests themselves: composefs verify checks image and objects, cat and extract what they read, and mount --userverity the image.",
      ],
    },
    {
      title: "What mounts it",
      parts: [
        "composefs mount and mount.composefs, as root. They mount the image as EROFS, and over it an overlay whose metadata come from there, with metacopy and redirect_dir, and whose data come from the object stores, as data-only layers. Image and stores are not changed by it, not even with an upper directory, which takes whatever is written.",
        "First versions of Linux that can:",
        {
          rows: [
            {
              left: "5.15",
              summary: "Chunk-based files of EROFS, without which no image is mounted",
            },
            {
              left: "6.5",
              summary: "Data-only layers; before, a store is an ordinary layer below the image",
            },
            { left: "6.6", summary: "Verified objects: the options verity and digest=" },
            { left: "6.7", summary: "Attributes with one more overlay. in them" },
            { left: "6.12", summary: "EROFS from a file; before, a loop device is in between" },
          ],
        },
        "composefs ls, stat, dump, cat, extract and verify read images without a mount, on any kernel and without privilege. They refuse images that are damaged, or hold what a composefs image does not: compression, further devices, blocks of another size, chunks with an address, directories in a circle.",
      ],
    },
    {
      title: "Limits",
      parts: [
        {
          rows: [
            { left: "Name", summary: `${MAX_NAME_LENGTH} bytes` },
            {
              left: "Contents in the image",
              summary:
                `${MAX_INLINE_SIZE} bytes of a file; ${FORMAT2_LIMITS.inline} in format version 2`,
            },
            {
              left: "Target of a symbolic link",
              summary: `${MAX_PATH_LENGTH} bytes; ${FORMAT2_LIMITS.target} in format version 2`,
            },
            {
              left: "External file",
              summary: `${MAX_EXTERNAL_SIZE} bytes, which is 2^53; 2^43 in format version 2`,
            },
            {
              left: "Attributes",
              summary:
                `${MAX_XATTR_NAME} bytes for a name, 64 KiB less one byte for a value, and about 32 KiB for all of a file`,
              help: "composefs-dump(5) says exactly how they are counted.",
            },
            {
              left: "Image",
              summary:
                `Less than 2^32 blocks; these programs read images of up to ${MAX_IMAGE_SIZE} bytes, which is 4 GiB`,
            },
          ],
        },
      ],
    },
    {
      title: "Examples",
      parts: [
        "The image of an empty directory, and its header; then that of a directory with two files, one of which becomes an object. Where the file system lacks fs-verity, create adds a note of that.",
        { lines: IMAGE_SESSION },
      ],
    },
  ],
  seeAlso: [
    "composefs(1)",
    "composefs-create(1)",
    "composefs-mount(1)",
    "composefs-verify(1)",
    "mkcomposefs(1)",
    "mount.composefs(8)",
    "fsverity(1)",
    "composefs-dump(5)",
    "mkfs.erofs(1)",
  ],
};

/**
 * Options of the commands that take references: by which rules a tree is made of what they name, and out of how much.
 *
 * @module
 */

import { OciError } from "../../lib/oci/oci_error.ts";
import { parsePlatform, type Platform } from "../../lib/oci/platform.ts";
import type { OptionTable, OptionValues } from "../args/command.ts";
import { THREADS_OPTION } from "../args/threads.ts";
import { choice, integer } from "../args/values.ts";
import { ValueError } from "../args/value_error.ts";

/** The options. */
export const referenceOptions = {
  as: {
    kind: "value",
    value: "RULES",
    parse: choice("container", "sealed", "bootable"),
    summary: "Make the tree by these rules: container, sealed or bootable",
    defaultText: "container",
    help:
      "container: what layers unpack to; directories, dumps and images as they are. sealed: what composefs-rs makes of a container, so that digests are equal: the root has the metadata of /usr, /run is empty, xattrs are dropped but for security.capability, and whiteouts act in the order of the layer. bootable: that, with /boot and /sysroot empty and the SELinux labels of the policy in the tree.",
    extension: true,
  },
  platform: {
    kind: "value",
    value: "OS/ARCH[/VARIANT]",
    parse: platform,
    summary: "Of a container image for several platforms, take that for this one",
    defaultText: "this machine's",
    help:
      "If it is named, an image that is for another platform is refused where it stands alone, too.",
    extension: true,
  },
  "max-size": {
    kind: "value",
    value: "BYTES",
    parse: integer(0, Number.MAX_SAFE_INTEGER),
    summary: "Refuse layers and archives that decompress to more",
    defaultText: "1032 times their size and 1 GiB, for layers",
    extension: true,
  },
  "trust-toc": {
    kind: "flag",
    summary: "Read layers that are zstd:chunked by their tables of contents",
    help:
      "The manifest has the digest of a layer's table, and the table has those of its files, each of which is checked; the layer's diff_id and the digest of its blob are not. So layers with sparse files can be read, whose blobs are other archives than their diff_ids name. Layers without a table are read as usual.",
    extension: true,
  },
  threads: THREADS_OPTION,
} as const satisfies OptionTable;

/** What they come to. */
export type ReferenceOptions = Partial<OptionValues<typeof referenceOptions>>;

function platform(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw new ValueError("expected OS/ARCH or OS/ARCH/VARIANT, as in linux/arm64", {
      cause: error,
    });
  }
}

/**
 * What the answers of a machine mean: for each question its name, what does not work where the answer is
 * no, and what would change that.
 *
 * Versions named are the first of Linux that can.
 *
 * @module
 */

import type { MachineFacts, Question } from "../../../ffi/probe/probe.ts";

/** One thing found out, in words. */
export interface Finding {
  readonly question: Question;
  /** The thing, a few words. */
  readonly title: string;
  readonly answer: "yes" | "no" | "unknown";
  /** What the answer rests on. */
  readonly reason?: string;
  /** What does not work without it; only for "no". */
  readonly effect?: string;
  /** What would change the answer; only for "no". */
  readonly remedy?: string;
}

interface Topic {
  readonly title: string;
  readonly effect: string | ((facts: MachineFacts) => string);
  readonly remedy: string | ((facts: MachineFacts) => string);
}

/** In the order in which they are shown: what each needs comes before it. */
const TOPICS: Readonly<Record<Question, Topic>> = {
  root: {
    title: "privilege to mount",
    effect: "nothing can be mounted",
    remedy: "run as root outside of user namespaces, in a container with CAP_SYS_ADMIN",
  },
  erofs: {
    title: "EROFS",
    effect: "no image can be mounted",
    remedy: "load the module erofs, or a kernel with CONFIG_EROFS_FS",
  },
  chunks: {
    title: "chunk-based files in EROFS",
    effect: "files whose contents are objects cannot be read, so mount.composefs refuses images",
    remedy: "Linux 5.15",
  },
  erofsFile: {
    title: "EROFS from files here",
    effect: "images here are mounted through loop devices",
    remedy: "Linux 6.12 with CONFIG_EROFS_FS_BACKED_BY_FILE, images not on tmpfs or overlayfs",
  },
  loop: {
    title: "loop devices",
    effect: ({ answers }) =>
      answers.erofsFile.answer === "yes"
        ? "images can be mounted from files only"
        : "images cannot be mounted unless EROFS reads files",
    remedy: "load the module loop, or give the container /dev/loop-control and its devices",
  },
  overlay: {
    title: "overlayfs",
    effect: "no image can be mounted with its objects",
    remedy: "load the module overlay, or a kernel with CONFIG_OVERLAY_FS",
  },
  dataLayers: {
    title: "data-only layers",
    effect: "objects are an ordinary layer below the image, where what else is in a store shows",
    remedy: "Linux 6.5",
  },
  layerParameters: {
    title: "lowerdir+ and datadir+",
    effect: "paths of object directories share one page of options",
    remedy: "Linux 6.8",
  },
  overlayVerity: {
    title: "verity=require in overlayfs",
    effect: "the option verity is refused",
    remedy: "Linux 6.6",
  },
  userXattrs: {
    title: "userxattr in overlayfs",
    effect: "no overlays with redirects in user namespaces",
    remedy: "Linux 5.11",
  },
  composefs: {
    title: "mounting a composefs image",
    effect: "mount.composefs fails",
    remedy: "see the answers above",
  },
  writable: {
    title: "new files here",
    effect: "no image or object can be added here",
    remedy: "permission to write, or a writable mount",
  },
  kernelVerity: {
    title: "fs-verity in the kernel",
    effect: "the kernel verifies no file",
    remedy: "a kernel with CONFIG_FS_VERITY",
  },
  placeVerity: {
    title: "fs-verity here",
    effect: "the kernel verifies no file here, the options verity and digest= are refused",
    remedy: verityRemedy,
  },
  signatures: {
    title: "fs-verity signatures",
    effect: "the kernel verifies no signature",
    remedy: "a kernel with CONFIG_FS_VERITY_BUILTIN_SIGNATURES",
  },
  memfd: {
    title: "sealed files in memory",
    effect: "the option userverity is refused",
    remedy: "a kernel with CONFIG_MEMFD_CREATE and memory to spare",
  },
  fuse: {
    title: "FUSE",
    effect: "no file system in user space, such as composefs-fuse",
    remedy: "load the module fuse, and give access to /dev/fuse",
  },
  mountHelper: {
    title: "helper of mount -t composefs",
    effect: '"mount -t composefs" and /etc/fstab mount nothing, "composefs mount" does',
    remedy: '"composefs install" as root',
  },
  userNamespaces: {
    title: "user namespaces",
    effect: "the option idmap= has nothing to map by",
    remedy: "raise user.max_user_namespaces, or a kernel with CONFIG_USER_NS",
  },
};

/** Puts all answers into words. */
export function describeFindings(facts: MachineFacts): Finding[] {
  return Object.entries(TOPICS).map(([key, { title, effect, remedy }]) => {
    const question = key as Question;
    const found = { question, title, ...facts.answers[question] };
    if (found.answer !== "no") return found;
    return { ...found, effect: inWords(effect, facts), remedy: inWords(remedy, facts) };
  });
}

function inWords(text: Topic["effect"], facts: MachineFacts): string {
  return typeof text === "string" ? text : text(facts);
}

function verityRemedy({ place, answers }: MachineFacts): string {
  const kernel = answers.kernelVerity.answer === "no"
    ? "a kernel with CONFIG_FS_VERITY, then "
    : "";
  switch (place.type) {
    case "ext4":
      return `${kernel}"tune2fs -O verity ${place.source}"`;
    case "f2fs":
      return `${kernel}a file system made by "mkfs.f2fs -O verity"`;
    case "btrfs":
      return `${kernel}Linux 5.15`;
    default:
      return `${kernel}ext4, f2fs or btrfs instead of ${place.type ?? "this file system"}`;
  }
}

/**
 * What this machine, as this process sees it, can do for composefs.
 *
 * The kernel itself is asked, and nothing is concluded from its version. Without privilege, modules are looked
 * up where they would be loaded from. No mount made to find out is ever attached. What the answers mean for
 * people is left to the caller.
 *
 * @module
 */

import { readText } from "../files/read_text.ts";
import { printable, utf8 } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { SyscallError } from "../sys/errno.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { sealedCopy } from "../files/memfd.ts";
import { closeQuietly } from "../files/closing.ts";
import { tryIoctlNumber } from "../sys/file_calls.ts";
import { readLink } from "../sys/name_calls.ts";
import {
  type Answer,
  ask,
  exists,
  moduleAnswer,
  no,
  refused,
  unknown,
  withFile,
  yes,
} from "./_probe_answer.ts";
import {
  chunkAnswer,
  composefsAnswer,
  contextAnswer,
  erofsFileAnswer,
  makeImage,
  overlayAnswers,
  type OverlayQuestion,
} from "./_probe_mount.ts";
import {
  kernelVerityAnswer,
  openPlace,
  type PlaceFacts,
  placeFacts,
  signatureAnswer,
  verityAnswer,
  writeAnswer,
} from "./_probe_place.ts";
import { O_PATH, O_RDONLY, O_RDWR } from "../sys/uapi.ts";
import { LOOP_CTL_GET_FREE } from "../sys/uapi_mount.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";

export type { Answer, OverlayQuestion, PlaceFacts };

/** What is asked of the machine. */
export type Question =
  | "root"
  | "erofs"
  | "chunks"
  | "erofsFile"
  | "loop"
  | OverlayQuestion
  | "composefs"
  | "writable"
  | "placeVerity"
  | "kernelVerity"
  | "signatures"
  | "memfd"
  | "fuse"
  | "mountHelper"
  | "userNamespaces";

/** Everything that was found out. */
export interface MachineFacts {
  /** Release of the kernel, if `/proc` tells. */
  readonly kernel?: string;
  /** The directory asked about. */
  readonly place: PlaceFacts;
  /** The answer to each question. */
  readonly answers: Readonly<Record<Question, Answer>>;
}

const CAP_SYS_ADMIN = 21n;

/** Where an image for trying is made if the place itself takes none. */
const OTHER_PLACES = ["/var/tmp", "/tmp"];

/** Where mount(8) looks for helpers, unless it was built to look elsewhere. */
const HELPER_DIRECTORIES = ["/sbin", "/sbin/fs.d", "/sbin/fs"];
const ANY_EXECUTE = 0o111;

/**
 * Finds out about the machine and a place on it.
 *
 * @param path The directory of the objects, or an image.
 * @throws {SyscallError} If there is no such path.
 */
export function probeMachine(linux: Linux, path: Uint8Array): MachineFacts {
  using directory = openPlace(linux, path);
  const kernel = readText(linux, "/proc/sys/kernel/osrelease")?.trim();
  const placeVerity = ask(() => verityAnswer(directory));
  const overlay = overlayAnswers(linux);
  return {
    ...(kernel === undefined ? {} : { kernel }),
    place: placeFacts(directory),
    answers: {
      root: rootAnswer(linux),
      erofs: availability(linux, kernel, "erofs"),
      chunks: chunkAnswer(linux),
      loop: ask(() => loopAnswer(linux, kernel)),
      ...overlay,
      overlay: overlay.overlay.answer === "yes"
        ? overlay.overlay
        : availability(linux, kernel, "overlay"),
      ...imageAnswers(linux, directory),
      writable: writeAnswer(directory),
      placeVerity,
      kernelVerity: kernelVerityAnswer(linux, placeVerity),
      signatures: signatureAnswer(linux),
      memfd: ask(() => memfdAnswer(linux)),
      fuse: fuseAnswer(linux),
      mountHelper: ask(() => mountHelperAnswer(linux)),
      userNamespaces: userNamespaceAnswer(linux),
    },
  };
}

/** Whether the process may mount: CAP_SYS_ADMIN, in the namespace that owns block devices. */
function rootAnswer(linux: Linux): Answer {
  const status = readText(linux, "/proc/self/status") ?? "";
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (mask === undefined) return unknown("no /proc/self/status");
  const user = `user ID ${/^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1]}`;
  if ((BigInt(`0x${mask}`) >> CAP_SYS_ADMIN & 1n) === 0n) return no(`${user}, no CAP_SYS_ADMIN`);
  const map = readText(linux, "/proc/self/uid_map")?.trim().split(/\s+/).join(" ");
  if (map !== undefined && map !== "0 0 4294967295") {
    return no(`${user}, CAP_SYS_ADMIN in a user namespace only`);
  }
  return yes(`${user}, CAP_SYS_ADMIN`);
}

/** Whether there is a type of file system, loaded or to be loaded. */
function availability(linux: Linux, kernel: string | undefined, type: string): Answer {
  const asked = contextAnswer(linux, type);
  if (asked.answer === "yes") return asked;
  const listed = readText(linux, "/proc/filesystems");
  if (listed?.split("\n").some((line) => line.endsWith(`\t${type}`))) return yes();
  const module = moduleAnswer(linux, kernel, type);
  if (asked.answer === "no" && module.answer === "yes") return no("its module does not load");
  return asked.answer === "no" ? asked : module;
}

function imageAnswers(linux: Linux, place: Fd): Pick<
  MachineFacts["answers"],
  "erofsFile" | "composefs"
> {
  const here = tryImage(place);
  if (here !== undefined) {
    using image = here;
    return {
      erofsFile: ask(() => erofsFileAnswer(linux, image.file)),
      composefs: composefsAnswer(linux, image.file, place),
    };
  }
  const reason = "no file can be made there";
  for (const other of OTHER_PLACES) {
    using directory = tryOpen(linux, other);
    if (directory === undefined) continue;
    using image = tryImage(directory);
    if (image === undefined) continue;
    const composefs = composefsAnswer(linux, image.file, place);
    return { erofsFile: unknown(reason), composefs };
  }
  return { erofsFile: unknown(reason), composefs: unknown(reason) };
}

function tryImage(directory: Fd): UnnamedFile | undefined {
  try {
    return makeImage(directory);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

function tryOpen(linux: Linux, path: string): Fd | undefined {
  try {
    return Fd.open(linux, utf8(path), { flags: O_RDONLY | linux.flags.O_DIRECTORY });
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

function loopAnswer(linux: Linux, kernel: string | undefined): Answer {
  const control = "/dev/loop-control";
  if (!exists(linux, control)) {
    const module = moduleAnswer(linux, kernel, "loop");
    return no(module.answer === "yes" ? `module not loaded, or no ${control}` : `no ${control}`);
  }
  const free = withFile(
    linux,
    control,
    O_RDWR,
    (file) => tryIoctlNumber(file, LOOP_CTL_GET_FREE),
  );
  if (free < 0) return refused(-free);
  const device = `/dev/loop${free}`;
  return withFile(linux, device, O_RDWR, () => yes(device));
}

function memfdAnswer(linux: Linux): Answer {
  if (!linux.hasProc) return unknown("no /proc/self/status to copy");
  return withFile(linux, "/proc/self/status", O_RDONLY, (file) => {
    closeQuietly(sealedCopy(linux, file));
    return yes();
  });
}

function fuseAnswer(linux: Linux): Answer {
  try {
    return withFile(linux, "/dev/fuse", O_RDWR, () => yes());
  } catch (error) {
    if (error instanceof SyscallError) return no(`/dev/fuse: ${error.code}`);
    throw error;
  }
}

/** Which program mount(8) starts for the type composefs: the first that it finds. */
function mountHelperAnswer(linux: Linux): Answer {
  for (const directory of HELPER_DIRECTORIES) {
    const path = `${directory}/mount.composefs`;
    if (!exists(linux, path)) continue;
    const mode = withFile(linux, path, O_PATH, (file) => file.stat().mode);
    if ((mode & ANY_EXECUTE) === 0) return no(`${path} is not executable`);
    return yes([path, ...linkTarget(linux, path)].join(" -> "));
  }
  return no(`no mount.composefs in ${HELPER_DIRECTORIES.join(", ")}`);
}

/** What a path says if it is a symbolic link; else nothing. */
function linkTarget(linux: Linux, path: string): string[] {
  return withFile(linux, path, O_PATH | linux.flags.O_NOFOLLOW, (file) => {
    const isLink = kindOfMode(file.stat().mode) === "symlink";
    return isLink ? [printable(readLink(file))] : [];
  });
}

/** Read from settings: a process of several threads, as runtimes are, cannot make one to find out. */
function userNamespaceAnswer(linux: Linux): Answer {
  if (!exists(linux, "/proc/self/ns")) return unknown("no /proc/self/ns");
  if (!exists(linux, "/proc/self/ns/user")) return no("built without them");
  const setting = (name: string) => readText(linux, `/proc/sys/${name}`)?.trim();
  const limit = setting("user/max_user_namespaces");
  if (limit === "0") return no("user.max_user_namespaces is 0");
  if (setting("kernel/unprivileged_userns_clone") === "0") {
    return no("kernel.unprivileged_userns_clone is 0");
  }
  if (setting("kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return unknown("left to AppArmor's profiles");
  }
  return limit === undefined ? unknown("no /proc/sys") : yes();
}

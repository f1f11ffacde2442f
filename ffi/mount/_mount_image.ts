/**
 * What is looked at before anything is mounted: the image's header and digest, the directories, the user
 * namespace. What cannot work is refused here, by name, instead of by the kernel with `EINVAL`.
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import { quote } from "../../lib/bytes/text.ts";
import { COMPOSEFS_HEADER, COMPOSEFS_MAGIC, FLAG_HAS_ACL } from "../../lib/composefs/header.ts";
import { openImage as openComposefs } from "../../lib/composefs/open.ts";
import { ImageFormatError } from "../../lib/erofs/image_format_error.ts";
import { BLOCK_SIZE, SUPER_BLOCK, SUPER_MAGIC, SUPER_OFFSET } from "../../lib/erofs/format.ts";
import { hashFile } from "../../lib/digest/hash_file.ts";
import { Digest } from "../../lib/digest/digest.ts";
import type { MountOptions, VerityPolicy } from "../../lib/mount/options.ts";
import { type Content, kindOfMode, type Tree } from "../../lib/tree/tree.ts";
import { walk } from "../../lib/tree/walk.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { tryIoctl, tryIoctlNumber } from "../sys/file_calls.ts";
import { Fd } from "../files/fd.ts";
import { openFiniteFile } from "../files/finite_file.ts";
import { measureVerity, verityRefusal } from "../files/fsverity.ts";
import { readImage } from "../files/image_file.ts";
import type { Linux } from "../sys/linux.ts";
import { sealedCopy, sealedFile } from "../files/memfd.ts";
import { closeWith } from "../files/closing.ts";
import { asMountError, mountError, type Step } from "./_mount_error.ts";
import { O_RDONLY } from "../sys/uapi.ts";
import { BLKGETSIZE64, CLONE_NEWUSER, NS_GET_NSTYPE } from "../sys/uapi_mount.ts";

/** Opens a file as a step of mounting, and gives it back with the stack. */
export function openFor(
  step: Step,
  linux: Linux,
  path: Uint8Array,
  options: { readonly flags: number; readonly stack: DisposableStack },
): Fd {
  try {
    return closeWith(options.stack, Fd.open(linux, path, { flags: options.flags }));
  } catch (error) {
    throw asMountError(step, path, error);
  }
}

/** Opens the image, and gives it back with the stack. */
export function openImage(linux: Linux, path: Uint8Array, stack: DisposableStack): Fd {
  try {
    return closeWith(stack, openFiniteFile(linux, path));
  } catch (error) {
    throw asMountError("openImage", path, error);
  }
}

/** Puts an image into memory, sealed, and gives it back with the stack. */
export function placeImage(
  linux: Linux,
  name: Uint8Array,
  { bytes, stack }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly stack: DisposableStack },
): Fd {
  try {
    return closeWith(stack, sealedFile(linux, name, bytes));
  } catch (error) {
    throw asMountError("copy", name, error);
  }
}

/** Opens the file whose user namespace maps the owners. */
export function openUserNamespace(linux: Linux, path: Uint8Array, stack: DisposableStack): Fd {
  const file = openFor("openIdmap", linux, path, { flags: O_RDONLY, stack });
  const type = tryIoctlNumber(file, NS_GET_NSTYPE);
  if (type === CLONE_NEWUSER) return file;
  const errno = type < 0 ? -type : ERRNO.EINVAL;
  throw mountError("checkIdmap", path, errno, { syscall: "ioctl(NS_GET_NSTYPE)" });
}

/**
 * Checks the image against the digest that is expected of it.
 *
 * @returns The file to mount: the one given if the kernel vouches for it, or a sealed copy that has been
 * digested here.
 * @throws {SyscallError} With code `"ENOTTY"` if the image has no fs-verity, `"EILSEQ"` if it has
 * another digest.
 */
export function checkDigest(
  linux: Linux,
  image: Fd,
  name: Uint8Array,
  options: {
    readonly expected: Digest;
    readonly userVerity: boolean;
    /** Whether nobody can change the image any more. */
    readonly isSealed: boolean;
    readonly stack: DisposableStack;
  },
): Fd {
  const { expected, userVerity, isSealed, stack } = options;
  const measured = isSealed ? undefined : measure(image, name);
  const { size } = readHeader(image);
  let file = image;
  let digest = measured instanceof Digest ? measured : undefined;
  if (isSealed) {
    digest = hashFile(file, { algorithm: expected.algorithm }).digest();
  } else if (measured === undefined) {
    if (!userVerity) throw noImageVerity(image, name);
    // A device is larger than the image on it, and the expected digest is that of the image alone.
    file = closeWith(stack, copyOf(linux, image, name, isDevice(image) ? size : undefined));
    digest = hashFile(file, { algorithm: expected.algorithm }).digest();
  }
  if (digest?.equals(expected)) return file;
  const found = digest?.algorithm === expected.algorithm
    ? digest.toHex()
    : "a digest by another algorithm";
  throw new SyscallError(ERRNO.EILSEQ, {
    syscall: "ioctl(FS_IOC_MEASURE_VERITY)",
    action: "mount image",
    subject: name,
    state: `Image has wrong fs-verity: found ${found}, expected ${expected.toHex()}`,
  });
}

function measure(image: Fd, name: Uint8Array): ReturnType<typeof measureVerity> {
  try {
    return measureVerity(image);
  } catch (error) {
    throw asMountError("measure", name, error);
  }
}

function copyOf(linux: Linux, image: Fd, name: Uint8Array, size: number | undefined): Fd {
  try {
    return sealedCopy(linux, image, size);
  } catch (error) {
    throw asMountError("copy", name, error);
  }
}

function noImageVerity(image: Fd, name: Uint8Array): SyscallError {
  const lacking = verityRefusal(image) !== undefined;
  const remedy = lacking
    ? "its file system or the kernel lacks it; userverity checks a copy in memory"
    : 'enable it with "fsverity enable", or let userverity check a copy in memory';
  return new SyscallError(ERRNO.ENOTTY, {
    syscall: "ioctl(FS_IOC_MEASURE_VERITY)",
    action: "mount image",
    subject: name,
    state: `Image has no fs-verity; ${remedy}`,
  });
}

/**
 * Reads what of an image matters for mounting it.
 *
 * @returns Whether it has POSIX ACLs, and the size that its superblock states, in bytes.
 * @throws {ImageFormatError} If it is no composefs image, or shorter than its superblock says.
 */
export function readHeader(image: Fd): { readonly hasAcl: boolean; readonly size: number } {
  const head = new Uint8Array(SUPER_OFFSET + SUPER_BLOCK.size);
  const length = image.readAt(head, 0);
  const view = new DataView(head.buffer);
  if (length < head.length) {
    throw damaged(image, length, `truncated: ${length} bytes, expected at least ${BLOCK_SIZE}`);
  }
  const { magic, flags } = COMPOSEFS_HEADER.read(view, 0);
  if (magic !== COMPOSEFS_MAGIC) throw damaged(image, 0, "not a composefs image, wrong magic");
  const superblock = SUPER_BLOCK.read(view, SUPER_OFFSET);
  if (superblock.magic !== SUPER_MAGIC) {
    throw damaged(image, SUPER_OFFSET, "no EROFS superblock, wrong magic");
  }
  const size = superblock.blocks * 2 ** superblock.blkszbits;
  const available = isDevice(image) ? deviceSize(image) : image.size;
  if (available < size) {
    throw damaged(image, available, `truncated: ${available} bytes, expected ${size}`);
  }
  return { hasAcl: (flags & FLAG_HAS_ACL) !== 0, size };
}

function isDevice(file: Fd): boolean {
  return kindOfMode(file.sizeAndMode().mode) === "block";
}

/** A device's own size: as a file it has none. */
function deviceSize(device: Fd): number {
  const buffer = new Uint8Array(8);
  const result = tryIoctl(device, BLKGETSIZE64, buffer);
  if (result >= 0) return u64.read(new DataView(buffer.buffer), 0);
  throw mountError("openImage", device.subject, -result, { syscall: "ioctl(BLKGETSIZE64)" });
}

/**
 * Refuses an image that has no digest of some object: the digest of the image does not vouch for it.
 *
 * @throws {Error} If there is one, or the image is malformed.
 */
export function checkDigests(image: Fd, name: Uint8Array): void {
  let path: Uint8Array | undefined;
  try {
    path = firstUndigested(openComposefs(readImage(image)).tree());
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    throw new Error(`Cannot mount image ${image.shown}: ${error.message}`, { cause: error });
  }
  if (path === undefined) return;
  throw new Error(
    `Cannot mount image ${quote(name)}: no digest of the object of ${quote(path)}, ` +
      "expected one of each; allowundigested mounts it all the same",
  );
}

function firstUndigested(tree: Tree<Content>): Uint8Array | undefined {
  for (const { node, path } of walk(tree)) {
    if (node.kind !== "regular" || node.file.kind === "inline") continue;
    if (node.file.path !== undefined && node.file.digest === undefined) return path;
  }
  return undefined;
}

function damaged(image: Fd, offset: number, state: string): Error {
  const cause = new ImageFormatError(offset, state);
  return new Error(`Cannot mount image ${image.shown}: ${state}`, { cause });
}

/**
 * Looks at the object directories.
 *
 * @returns Whether objects are to be checked: `try` becomes `off` where they cannot be.
 * @throws {SyscallError} If one is missing, or cannot have fs-verity where that is required.
 */
export function checkBasedirs(
  linux: Linux,
  { basedirs, objectVerity }: MountOptions,
): VerityPolicy {
  let policy = objectVerity;
  for (const path of basedirs) {
    using stack = new DisposableStack();
    const flags = O_RDONLY | linux.flags.O_DIRECTORY;
    const directory = openFor("openBasedir", linux, path, { flags, stack });
    if (policy === "off") continue;
    const errno = verityRefusal(directory);
    if (errno === undefined) continue;
    if (policy === "require") throw noObjectVerity(path, errno);
    policy = "off";
  }
  return policy;
}

function noObjectVerity(path: Uint8Array, errno: number): SyscallError {
  return new SyscallError(errno, {
    syscall: "ioctl(FS_IOC_MEASURE_VERITY)",
    action: "require fs-verity of objects in",
    subject: path,
    state: "its file system or the kernel lacks it, every read would fail; " +
      "a kernel with CONFIG_FS_VERITY and ext4, f2fs or btrfs expected; " +
      "tryverity or, with digest=, userverity mounts without",
  });
}

/**
 * fs-verity in the kernel: turning it on, and asking for a digest.
 *
 * @see Documentation/filesystems/fsverity.rst, "Userspace API"
 *
 * @module
 */

import { Digest, MAX_DIGEST_SIZE } from "../../lib/digest/digest.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { OpenFile } from "../sys/call.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { tryIoctl } from "../sys/file_calls.ts";
import type { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import {
  FS_IOC_ENABLE_VERITY,
  FS_IOC_MEASURE_VERITY,
  FS_VERITY_HASH_ALG_SHA256,
  FS_VERITY_HASH_ALG_SHA512,
  FSVERITY_DIGEST,
  FSVERITY_ENABLE_ARG,
} from "../sys/uapi.ts";

/** Whether files are to have fs-verity: `"require"` fails where they cannot have it. */
export type Sealing = "require" | "try";

/** A digest by an algorithm that we do not know. */
export interface ForeignDigest {
  /** The algorithm's number. */
  readonly algorithm: number;
  /** As many as the algorithm gives. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What the kernel has measured. */
export type MeasuredDigest = Digest | ForeignDigest;

/** How {@linkcode enableVerity} builds the Merkle tree, and what it keeps beside it. */
export interface EnableVerityOptions {
  /** `"sha256"` if absent. */
  readonly algorithm?: HashAlgorithm;
  /** Bytes in a block, a power of two from 1024 to the kernel's page size; 4096 if absent. */
  readonly blockSize?: number;
  /** Up to 32 bytes; none if absent. */
  readonly salt?: Uint8Array;
  /** A PKCS#7 message in DER that signs the digest, up to 16128 bytes; none if absent. */
  readonly signature?: Uint8Array;
}

/** Sizes of blocks that kernels took on once these could be smaller than a page. */
const SMALL_BLOCKS: readonly (number | undefined)[] = [1024, 2048];

const ALGORITHMS = new Map<number, HashAlgorithm>([
  [FS_VERITY_HASH_ALG_SHA256, "sha256"],
  [FS_VERITY_HASH_ALG_SHA512, "sha512"],
]);

/**
 * Tells whether an error number means that there is no fs-verity on a file, or none to be had: each driver
 * of block devices has its own answer to what it does not know.
 */
export function isNoVerity(errno: number): boolean {
  return errno === ERRNO.ENODATA || errno === ERRNO.EOPNOTSUPP || errno === ERRNO.ENOTTY ||
    errno === ERRNO.EINVAL;
}

/**
 * Asks the kernel for a file's digest.
 *
 * @returns The digest, or undefined if fs-verity is not enabled on the file.
 * @throws {SyscallError} If the kernel cannot say.
 */
export function measureVerity(file: Fd): MeasuredDigest | undefined {
  const measured = measure(file);
  if (typeof measured !== "number") return measured;
  if (isNoVerity(measured)) return undefined;
  throw measureError(file, measured);
}

/**
 * Asks the kernel for the digest of a file that must have one.
 *
 * @throws {SyscallError} If fs-verity is not enabled on the file, with code `"ENODATA"` where it could be.
 */
export function requireVerity(file: Fd): MeasuredDigest {
  const measured = measure(file);
  if (typeof measured !== "number") return measured;
  throw measureError(file, measured);
}

/**
 * Asks the file system of an open directory whether its files could have fs-verity.
 *
 * @returns The error number that says no, or undefined: a file system that can answers that this
 * directory has no digest, and any other answer is no promise that objects could be read.
 */
export function verityRefusal(directory: OpenFile): number | undefined {
  const measured = measure(directory);
  return typeof measured === "number" && measured !== ERRNO.ENODATA ? measured : undefined;
}

/** The digest, or a positive error number. */
function measure(file: OpenFile): MeasuredDigest | number {
  const buffer = new Uint8Array(FSVERITY_DIGEST.size + MAX_DIGEST_SIZE);
  const view = new DataView(buffer.buffer);
  FSVERITY_DIGEST.write(view, 0, { digestAlgorithm: 0, digestSize: MAX_DIGEST_SIZE });
  const result = tryIoctl(file, FS_IOC_MEASURE_VERITY, buffer);
  if (result < 0) return -result;
  const { digestAlgorithm, digestSize } = FSVERITY_DIGEST.read(view, 0);
  const bytes = buffer.slice(FSVERITY_DIGEST.size, FSVERITY_DIGEST.size + digestSize);
  const algorithm = ALGORITHMS.get(digestAlgorithm);
  return algorithm === undefined
    ? { algorithm: digestAlgorithm, bytes }
    : new Digest(algorithm, bytes);
}

function measureError({ subject }: Fd, errno: number): SyscallError {
  const action = "measure fs-verity of";
  return new SyscallError(errno, { syscall: "ioctl", action, subject, ...noVerityState(errno) });
}

/** What an error number of a question about fs-verity means, where strerror's words lead astray. */
export function noVerityState(errno: number): { readonly state?: string } {
  if (errno === ERRNO.ENODATA) return { state: "fs-verity is not enabled on it" };
  return isNoVerity(errno) ? { state: "file system does not support it" } : {};
}

/**
 * Turns fs-verity on for a file. The file must be open for reading only, and no process may have it open for
 * writing.
 *
 * @throws {SyscallError} If the file system does not support it or not with these options, if the file is
 * not fit for it, or if the kernel does not accept the signature.
 */
export function enableVerity(file: Fd, options: EnableVerityOptions = {}): void {
  const result = tryIoctl(file, FS_IOC_ENABLE_VERITY, enableArgument(file.linux, options));
  if (result === 0) return;
  throw new SyscallError(-result, {
    syscall: "ioctl",
    action: "enable fs-verity on",
    subject: file.subject,
    ...enableState(-result, options),
  });
}

const NOTHING = new Uint8Array();

/** The record with salt and signature behind it: in one buffer, so that its pointers stay good. */
function enableArgument(
  linux: Linux,
  { algorithm = "sha256", blockSize = 4096, salt = NOTHING, signature = NOTHING }:
    EnableVerityOptions,
): Uint8Array<ArrayBuffer> {
  const saltAt = FSVERITY_ENABLE_ARG.size;
  const signatureAt = saltAt + salt.length;
  const argument = new Uint8Array(signatureAt + signature.length);
  argument.set(salt, saltAt);
  argument.set(signature, signatureAt);
  const address = linux.addressOf(argument);
  FSVERITY_ENABLE_ARG.write(new DataView(argument.buffer), 0, {
    version: 1,
    hashAlgorithm: HASH_ALGORITHMS[algorithm].number,
    blockSize,
    saltSize: salt.length,
    saltPtr: salt.length === 0 ? 0 : address + saltAt,
    sigSize: signature.length,
    sigPtr: signature.length === 0 ? 0 : address + signatureAt,
  });
  return argument;
}

/** What an error number means here, where strerror's words lead astray. */
function enableState(
  errno: number,
  { algorithm, blockSize, salt, signature }: EnableVerityOptions,
): { readonly state?: string } {
  switch (errno) {
    case ERRNO.EOPNOTSUPP:
    case ERRNO.ENOTTY:
      return { state: "file system does not support it" };
    case ERRNO.EEXIST:
      return { state: "it is enabled already" };
    case ERRNO.ETXTBSY:
      return { state: "file is open for writing" };
    case ERRNO.EISDIR:
      return { state: "a directory, expected a regular file" };
    case ERRNO.EINVAL:
      return {
        state: `expected a regular file, and a kernel that takes ${algorithm ?? "sha256"} ` +
          `with blocks of ${blockSize ?? 4096} bytes` +
          (SMALL_BLOCKS.includes(blockSize) ? ", as Linux does since 6.3" : ""),
      };
    case ERRNO.ENOPKG:
      return { state: `the kernel lacks ${algorithm ?? "sha256"}` };
    case ERRNO.EMSGSIZE:
      return {
        state: `salt of ${salt?.length ?? 0} bytes, signature of ${signature?.length ?? 0}: ` +
          "expected at most 32 and 16128",
      };
    case ERRNO.EBADMSG:
      return { state: "the signature is damaged, or of other contents, or by another method" };
    case ERRNO.EKEYREJECTED:
      return { state: "the signature is of other contents, or by another key" };
    case ERRNO.ENOKEY:
      return { state: "the kernel's keyring .fs-verity has no certificate for the signature" };
    case ERRNO.EPERM:
      return signature === undefined
        ? {
          state:
            "a file that may be changed expected and, where the kernel asks for it, a signature",
        }
        : {};
    default:
      return {};
  }
}

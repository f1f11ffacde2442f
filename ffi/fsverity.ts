/**
 * fs-verity in the kernel: turning it on, and asking for a digest.
 *
 * @see Documentation/filesystems/fsverity.rst, "Userspace API"
 *
 * @module
 */

import type { HashAlgorithm } from "../lib/fsverity/hasher.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import type { Fd } from "./fd.ts";
import {
  FS_IOC_ENABLE_VERITY,
  FS_IOC_MEASURE_VERITY,
  FS_VERITY_HASH_ALG_SHA256,
  FS_VERITY_HASH_ALG_SHA512,
  FSVERITY_DIGEST,
  FSVERITY_ENABLE_ARG,
} from "./uapi.ts";

/** What the kernel has measured. */
export interface MeasuredDigest {
  /** The algorithm, or its number if we do not know it. */
  readonly algorithm: HashAlgorithm | number;
  readonly digest: Uint8Array<ArrayBuffer>;
}

/** The longest digest: SHA-512. */
const MAX_DIGEST_SIZE = 64;

const ALGORITHMS = new Map<number, HashAlgorithm>([
  [FS_VERITY_HASH_ALG_SHA256, "sha256"],
  [FS_VERITY_HASH_ALG_SHA512, "sha512"],
]);

/** Tells whether an error number means that there is no fs-verity on a file, or none to be had. */
export function isNoVerity(errno: number): boolean {
  return errno === ERRNO.ENODATA || errno === ERRNO.EOPNOTSUPP || errno === ERRNO.ENOTTY;
}

/**
 * Asks the kernel for a file's digest.
 *
 * @returns The digest, or undefined if fs-verity is not enabled on the file.
 * @throws {SyscallError} If the kernel cannot say.
 */
export function measureVerity(file: Fd): MeasuredDigest | undefined {
  const { linux, number } = file;
  const buffer = new Uint8Array(FSVERITY_DIGEST.size + MAX_DIGEST_SIZE);
  const view = new DataView(buffer.buffer);
  FSVERITY_DIGEST.write(view, 0, { digestAlgorithm: 0, digestSize: MAX_DIGEST_SIZE });
  const result = linux.retry(() => linux.libc.ioctl(number, FS_IOC_MEASURE_VERITY, buffer));
  if (result < 0) {
    if (isNoVerity(-result)) return undefined;
    throw new SyscallError(-result, {
      syscall: "ioctl",
      action: "measure fs-verity of",
      subject: file.subject,
    });
  }
  const { digestAlgorithm, digestSize } = FSVERITY_DIGEST.read(view, 0);
  return {
    algorithm: ALGORITHMS.get(digestAlgorithm) ?? digestAlgorithm,
    digest: buffer.slice(FSVERITY_DIGEST.size, FSVERITY_DIGEST.size + digestSize),
  };
}

/**
 * Turns fs-verity on for a file, SHA-256 over blocks of 4096 bytes. The file must be open for reading
 * only, and nobody may have it open for writing.
 *
 * @throws {SyscallError} If the file system does not support it, or the file is not fit for it.
 */
export function enableVerity(file: Fd): void {
  const { linux, number } = file;
  const buffer = new Uint8Array(FSVERITY_ENABLE_ARG.size);
  FSVERITY_ENABLE_ARG.write(new DataView(buffer.buffer), 0, {
    version: 1,
    hashAlgorithm: FS_VERITY_HASH_ALG_SHA256,
    blockSize: 4096,
    saltSize: 0,
    saltPtr: 0,
    sigSize: 0,
    sigPtr: 0,
  });
  const result = linux.retry(() => linux.libc.ioctl(number, FS_IOC_ENABLE_VERITY, buffer));
  if (result === 0) return;
  throw new SyscallError(-result, {
    syscall: "ioctl",
    action: "enable fs-verity on",
    subject: file.subject,
    ...describe(-result),
  });
}

/** What an error number means here, where strerror's words lead astray. */
function describe(errno: number): { state?: string } {
  switch (errno) {
    case ERRNO.EOPNOTSUPP:
    case ERRNO.ENOTTY:
      return { state: "file system does not support it" };
    case ERRNO.EEXIST:
      return { state: "it is enabled already" };
    case ERRNO.ETXTBSY:
      return { state: "file is open for writing" };
    default:
      return {};
  }
}

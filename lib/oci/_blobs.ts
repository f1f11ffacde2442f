/**
 * Documents of an image, read whole and checked; layers are not, which whoever streams them does.
 *
 * @module
 */

import { encodeHex } from "../bytes/hex.ts";
import { utf8 } from "../bytes/text.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import { defaultHasher } from "../digest/sha2.ts";
import { readWhole } from "../file/file.ts";
import type { NamedFiles } from "./named_files.ts";
import { OciError } from "./oci_error.ts";

/** What a file is to be. */
interface Expected {
  /** What it is, for messages: `manifest sha256:abc`. */
  readonly document: string;
  /** Most bytes that are read. */
  readonly limit: number;
}

/**
 * Reads a small file.
 *
 * @throws {OciError} If it is larger than it may be.
 */
export function readFile(
  files: NamedFiles,
  path: string,
  { document, limit }: Expected,
): Uint8Array<ArrayBuffer> {
  using file = files.open(utf8(path));
  if (file.size > limit) {
    const state = `${file.size} bytes, expected at most ${limit}`;
    throw new OciError("unsupported", `Cannot use ${document}: ${state}`);
  }
  return readWhole(file);
}

/** Where a layout keeps the blob of a digest. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/**
 * Reads a blob of a layout.
 *
 * @param size How many bytes it should have, if that is known.
 * @throws {IntegrityError} If it is not the blob of its digest and size.
 * @throws {OciError} If it is larger than it may be.
 */
export function readBlob(
  files: NamedFiles,
  digest: string,
  size: number | undefined,
  expected: Expected,
): Uint8Array<ArrayBuffer> {
  const bytes = readFile(files, blobPath(digest), expected);
  if (size !== undefined && bytes.length !== size) {
    const state = `${bytes.length} bytes, expected ${size}`;
    throw new IntegrityError("size", expected.document, state);
  }
  const algorithm: HashAlgorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
  const found = digestOf(bytes, algorithm);
  if (found !== digest) {
    throw new IntegrityError("digest", expected.document, `the digest of its bytes is ${found}`);
  }
  return bytes;
}

/** The digest of bytes, as OCI writes it. */
export function digestOf(bytes: Uint8Array, algorithm: HashAlgorithm = "sha256"): string {
  return `${algorithm}:${encodeHex(defaultHasher(algorithm).hash(bytes))}`;
}

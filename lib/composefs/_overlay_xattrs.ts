/**
 * The names by which overlayfs is told what composefs means.
 *
 * Xattrs of the source that overlayfs would take for its own are escaped by one more `overlay.`, which
 * the kernel removes when it shows them (since Linux 6.7).
 *
 * @see Documentation/filesystems/overlayfs.rst, "Nesting overlayfs mounts", "Data-only lower layers"
 *
 * @module
 */

import { encodeHex } from "../bytes/hex.ts";
import { startsWith } from "../bytes/compare.ts";
import { concatBytes, quote, utf8 } from "../bytes/text.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { InodeXattr, ValueForm } from "../erofs/inode.ts";
import type { ImageXattr } from "../erofs/read_xattrs.ts";
import { xattrName } from "../erofs/xattr_name.ts";
import { Digest } from "../digest/digest.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../digest/hasher.ts";
import { objectPathSize, writeObjectPath } from "../digest/object_path.ts";
import type { Xattr } from "../tree/tree.ts";

/** What overlayfs reads on a mount without `userxattr`. */
export const OVERLAY_PREFIX: Uint8Array = utf8("trusted.overlay.");
/** What it shows, with one `overlay.` removed. */
export const ESCAPED_PREFIX: Uint8Array = utf8("trusted.overlay.overlay.");

const YES = utf8("y");
const HAS_WHITEOUTS = utf8("x");
const EMPTY = new Uint8Array();

function xattr(name: string, value: Uint8Array): Xattr {
  return { name: utf8(name), value };
}

/** Where the contents are: absolute path in the data-only layers. */
export const REDIRECT_NAME: Uint8Array = utf8("trusted.overlay.redirect");
/** That the contents are elsewhere, and their digest. */
export const METACOPY_NAME: Uint8Array = utf8("trusted.overlay.metacopy");
/** Marks the root: nothing below shines through. */
export const ROOT_OPAQUE: Xattr = xattr("trusted.overlay.opaque", YES);

/** Marks an empty regular file that stands for a whiteout. */
export const WHITEOUT_XATTRS: readonly Xattr[] = [
  xattr("trusted.overlay.overlay.whiteout", EMPTY),
  xattr("user.overlay.whiteout", EMPTY),
];

/** Marks a directory that holds such files. */
export const WHITEOUTS_XATTRS: readonly Xattr[] = [
  xattr("trusted.overlay.overlay.whiteouts", EMPTY),
  xattr("user.overlay.whiteouts", EMPTY),
];

/** Marks such a directory once more, from format version 1 on. */
export const WHITEOUTS_OPAQUE_XATTRS: readonly Xattr[] = [
  xattr("trusted.overlay.overlay.opaque", HAS_WHITEOUTS),
  xattr("user.overlay.opaque", HAS_WHITEOUTS),
];

/** `struct ovl_metacopy`: version, length of all, flags, digest algorithm; then the digest. */
function metacopyHeader(algorithm: HashAlgorithm): Uint8Array {
  const { number, digestSize } = HASH_ALGORITHMS[algorithm];
  return Uint8Array.of(0, HEADER_SIZE + digestSize, 0, number);
}

const HEADER_SIZE = 4;
const ALGORITHMS = ["sha256", "sha512"] as const;
const METACOPY_HEADERS = { sha256: metacopyHeader("sha256"), sha512: metacopyHeader("sha512") };

/** The metacopy xattr of a file with this digest, or of one whose contents are not verified. */
export function metacopyXattr(digest: Pick<Digest, "algorithm" | "bytes"> | undefined): InodeXattr {
  if (digest === undefined) return UNVERIFIED;
  return { name: METACOPY, head: METACOPY_HEADERS[digest.algorithm], rest: digest.bytes };
}

const METACOPY = xattrName(METACOPY_NAME);
const UNVERIFIED: InodeXattr = { name: METACOPY, head: EMPTY, rest: EMPTY };

/**
 * By which algorithm the digest in a metacopy xattr of an image is, or undefined if it is empty. What looks like
 * none of the digests that overlayfs knows is not taken for none: a file would go unverified by that.
 *
 * @param path Makes the path of the file, for the message.
 * @throws {ImageFormatError} If it is neither empty nor a digest.
 */
export function metacopyAlgorithm(
  metacopy: ImageXattr | undefined,
  path: () => Uint8Array,
): HashAlgorithm | undefined {
  if (metacopy === undefined || metacopy.size === 0) return undefined;
  const { size, end } = metacopy;
  for (const algorithm of ALGORITHMS) {
    const header = METACOPY_HEADERS[algorithm];
    if (size === header[1] && metacopy.startsWith(header)) return algorithm;
  }
  const header = encodeHex(metacopy.value().subarray(0, HEADER_SIZE));
  throw new ImageFormatError(
    end - size,
    `${
      quote(path())
    }: metacopy of ${size} bytes that begins with 0x${header}, expected none or a ` +
      "digest by SHA-256 or SHA-512",
  );
}

/**
 * The digest in a metacopy xattr of an image, or undefined if it is empty.
 *
 * @param path Makes the path of the file, for the message.
 * @throws {ImageFormatError} If it is neither empty nor a digest.
 */
export function metacopyDigest(
  metacopy: ImageXattr | undefined,
  path: () => Uint8Array,
): Digest | undefined {
  const algorithm = metacopyAlgorithm(metacopy, path);
  return algorithm && new Digest(algorithm, metacopy!.value(HEADER_SIZE));
}

/** The redirect xattr to a path below the object store. */
export function redirectXattr(path: Uint8Array): InodeXattr {
  return { name: REDIRECT, head: SLASH, rest: path };
}

/** The redirect xattr to the object of a digest. */
export function objectRedirectXattr(digest: Uint8Array): InodeXattr {
  return { name: REDIRECT, head: SLASH, rest: digest, form: OBJECT_PATH };
}

const OBJECT_PATH: ValueForm = {
  size: objectPathSize,
  write: (digest, into, at) => writeObjectPath(into, digest, at),
};

const REDIRECT = xattrName(REDIRECT_NAME);
const SLASH = Uint8Array.of(0x2f);

/** The path in a redirect xattr of an image; its first slash is not part of it. */
export function redirectPath(redirect: ImageXattr | undefined): Uint8Array | undefined {
  return redirect?.value(redirect.startsWith(SLASH) ? 1 : 0);
}

/** Where that path starts, in bytes from the start of the image. */
export function redirectStart(redirect: ImageXattr): number {
  return redirect.end - redirect.size + (redirect.startsWith(SLASH) ? 1 : 0);
}

/** An xattr of the source as it stands in the image. */
export function escapeXattr(xattr: Xattr): Xattr {
  if (!startsWith(xattr.name, OVERLAY_PREFIX)) return xattr;
  const suffix = xattr.name.subarray(OVERLAY_PREFIX.length);
  return { name: concatBytes(ESCAPED_PREFIX, suffix), value: xattr.value };
}

/** An escaped xattr of an image as it stood in the source. */
export function unescapeXattr(xattr: Xattr): Xattr {
  const suffix = xattr.name.subarray(ESCAPED_PREFIX.length);
  return { name: concatBytes(OVERLAY_PREFIX, suffix), value: xattr.value };
}

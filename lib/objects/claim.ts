/**
 * What an object's name says of its contents.
 *
 * An image may name objects without their digests: Podman's layers and OSTree's commits do, where no
 * fs-verity is wanted. Their names are digests all the same. Podman calls an object by the SHA-256 of its
 * contents, mkcomposefs by its fs-verity digest, OSTree by the checksum of a header with owner, mode and
 * xattrs and of the contents.
 *
 * @see OSTree `src/libostree/ostree-core.c`, `_ostree_file_header_new`; GVariant specification, 2.5
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { concatBytes } from "../bytes/text.ts";
import { Digest } from "../digest/digest.ts";
import type { File } from "../file/file.ts";
import { FsVerityHasher, type FsVerityHasherOptions } from "../digest/fs_verity.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import { messageHasher } from "../digest/sha2.ts";
import { FILE_TYPE_BITS, type Stat, type Xattr } from "../tree/tree.ts";

/** What contents must be to deserve the name of their object. */
export interface ObjectClaim {
  /** The digest that the name is. */
  readonly digest: Digest;
  /** What comes before the contents in the message that it is the SHA-256 of. Only OSTree has any. */
  readonly header?: Uint8Array;
}

/** `ab/` and the rest of a digest in lower-case hexadecimal, perhaps with OSTree's `.file` behind it. */
const NAME = /^([0-9a-f]{2})\/([0-9a-f]{62}(?:[0-9a-f]{64})?)(\.file)?$/;
/** The longest path that is such a name. */
const LONGEST_NAME = 2 + 1 + 126 + ".file".length;

/**
 * Reads the name of an object.
 *
 * @param path Below the object store.
 * @param stat Of the file that the object is the contents of.
 * @returns Undefined if the name says nothing.
 */
export function claimOf(path: Uint8Array, stat: Stat): ObjectClaim | undefined {
  if (path.length > LONGEST_NAME) return undefined;
  const match = NAME.exec(String.fromCharCode(...path));
  if (match === null) return undefined;
  const digest = Digest.parse(match[1]! + match[2]!);
  if (match[3] === undefined) return { digest };
  return digest.algorithm === "sha256" ? { digest, header: ostreeHeader(stat) } : undefined;
}

/** Holds contents against a claim, as they come. */
export class ClaimCheck {
  readonly #claim: ObjectClaim;
  readonly #algorithm: HashAlgorithm;
  readonly #verity: FsVerityHasher;
  readonly #message = messageHasher("sha256");

  /** @param options What of the contents' Merkle tree is kept. */
  constructor(
    claim: ObjectClaim,
    options: Pick<FsVerityHasherOptions, "keepTree" | "keepFrom"> = {},
  ) {
    this.#claim = claim;
    this.#algorithm = claim.digest.algorithm;
    this.#verity = new FsVerityHasher({ ...options, algorithm: this.#algorithm });
    if (claim.header !== undefined) this.#message.update(claim.header);
  }

  /** Bytes that have come. */
  get size(): number {
    return this.#verity.size;
  }

  /** Takes the next bytes of the contents. */
  update(bytes: Uint8Array): void {
    this.#verity.update(bytes);
    if (this.#algorithm === "sha256") this.#message.update(bytes);
  }

  /** Tells whether the claim is right, and the fs-verity digest of the contents. To be called once. */
  finish(): { readonly isRight: boolean; readonly digest: Digest } {
    const { digest: expected, header } = this.#claim;
    const digest = this.#verity.digest();
    const isRight = (header === undefined && digest.equals(expected)) ||
      (this.#algorithm === "sha256" && equalBytes(this.#message.digest(), expected.bytes));
    return { isRight, digest };
  }

  /** The Merkle tree of the contents, if it was to be kept, once they have all come. */
  tree(): File {
    return this.#verity.merkleTreeFile();
  }
}

/** What messages say a claim would have. */
export function describeClaim({ header }: ObjectClaim): string {
  return header === undefined
    ? "a name that is their SHA-256 or fs-verity digest"
    : "a name that is their OSTree checksum, with the image's owner, mode and xattrs";
}

/**
 * The header of an OSTree content object, with its size in front: a GVariant `(uuuusa(ayay))` of owner,
 * group, mode, device number 0, an empty link target and the xattrs in byte order, numbers big-endian.
 */
function ostreeHeader({ mode, uid, gid, xattrs }: Stat): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(16));
  for (const [i, value] of [uid, gid, FILE_TYPE_BITS.regular | mode, 0].entries()) {
    numbers.setUint32(4 * i, value);
  }
  const target = Uint8Array.of(0);
  const list = xattrArray(xattrs);
  const start = numbers.byteLength + target.length;
  // The string is of variable size and not the last member, so where it ends is noted at the end of all.
  const width = offsetWidth(start + list.length, 1);
  const offset = littleEndian(start, width);
  const header = concatBytes(new Uint8Array(numbers.buffer), target, list, offset);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setUint32(0, header.length);
  return concatBytes(size, header);
}

/** A GVariant `a(ayay)`: the pairs, then where each of them ends. */
function xattrArray(xattrs: readonly Xattr[]): Uint8Array {
  if (xattrs.length === 0) return new Uint8Array();
  const sorted = xattrs.toSorted((a, b) => compareBytes(a.name, b.name));
  const pairs = sorted.map(({ name, value }) => {
    const ended = concatBytes(name, Uint8Array.of(0));
    const width = offsetWidth(ended.length + value.length, 1);
    return concatBytes(ended, value, littleEndian(ended.length, width));
  });
  const length = pairs.reduce((sum, pair) => sum + pair.length, 0);
  const width = offsetWidth(length, pairs.length);
  let end = 0;
  const ends = pairs.map((pair) => littleEndian(end += pair.length, width));
  return concatBytes(...pairs, ...ends);
}

/** Bytes of each of the `count` offsets behind a container's contents: enough for the size of all. */
function offsetWidth(length: number, count: number): number {
  let width = 1;
  while (length + count * width >= 2 ** (8 * width)) width *= 2;
  return width;
}

function littleEndian(value: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}

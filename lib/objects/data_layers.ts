/**
 * Where the contents of external files come from: one or more object stores, as overlayfs has them for
 * data-only lower layers.
 *
 * Opens what an image refers to, verified if the image names a digest. `ffi/objects/data_layer.ts` finds files in
 * directories; `lib/composefs/verify.ts` checks whole images.
 *
 * @see Documentation/filesystems/overlayfs.rst, "Data-only lower layers"
 *
 * @module
 */

import { latin1, quote } from "../bytes/text.ts";
import { type File, memoryFile, zeroFile } from "../file/file.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import {
  checkEnd,
  keepsLowest,
  MAX_KEPT_SIZE,
  type MerkleTreeSource,
  wrongSize,
} from "../digest/tree_source.ts";
import { openAtHand, openVerified, type OpenVerifiedOptions } from "../digest/verified_file.ts";
import type { Content, ExternalContent, Regular } from "../tree/tree.ts";
import { ClaimCheck, claimOf, describeClaim, type ObjectClaim } from "./claim.ts";

/** A directory in which backing files are looked up. */
export interface DataLayer {
  /**
   * Opens a file, following no symbolic link.
   *
   * @param path Names joined by `/`, as an image's redirect has them without the slash in front.
   * @returns The file, or undefined if nothing stands there.
   * @throws If what stands there cannot be opened or is no regular file.
   */
  open(path: Uint8Array): File | undefined;
}

/**
 * Opens a backing file in the first layer that has it.
 *
 * @throws {IntegrityError} If the path would lead out of the layer.
 */
export function findBackingFile(
  layers: readonly DataLayer[],
  path: Uint8Array,
): File | undefined {
  checkPath(path);
  for (const layer of layers) {
    const file = layer.open(path);
    if (file !== undefined) return file;
  }
  return undefined;
}

/**
 * Refuses a path that would lead out of a layer.
 *
 * @throws {IntegrityError} If one of its names is `..`.
 */
export function checkPath(path: Uint8Array): void {
  if (latin1(path).split("/").includes("..")) {
    throw new IntegrityError("path", `object ${quote(path)}`, "its path leads upwards");
  }
}

/** How contents are opened. */
export interface OpenContentOptions {
  /** Where external files are looked for, in this order. */
  readonly layers: readonly DataLayer[];
  /**
   * Which external files may be opened: by default all; `"checked"` are those of which more than the size
   * can be checked, `"digested"` those for which the image names a digest.
   */
  readonly only?: "checked" | "digested";
  /**
   * Where the Merkle trees of objects come from; by default each is made when an object is opened.
   *
   * @internal
   */
  readonly trees?: MerkleTreeSource | undefined;
}

/**
 * Opens the contents of a regular file. What is read of it has been verified, if the image names a digest
 * or the object's own name is one; otherwise only its size has been checked.
 *
 * An example is at {@linkcode storeLayer}.
 *
 * @throws {IntegrityError} If the backing file is not there, or is not what image and name say.
 */
export function openContent(file: Regular<Content>, options: OpenContentOptions): File {
  const content = file.file;
  if (content.kind === "inline") return memoryFile(content.bytes);
  const { path, digest, size } = content;
  if (path === undefined) return openSparse(content);
  const name = `object ${quote(path)}`;
  const claim = digest === undefined ? claimOf(path, file.stat) : undefined;
  checkTrust(name, content, claim, options);
  const found = findBackingFile(options.layers, path);
  if (found === undefined) throw new IntegrityError("missing", name, notFound(options.layers));
  const { trees } = options;
  if (digest !== undefined) return openVerified(found, { digest, size, name, trees });
  try {
    if (found.size !== size) {
      throw new IntegrityError("size", name, `${found.size} bytes, expected ${size}`);
    }
    if (claim === undefined) return found;
    return openClaimed(found, claim, { size, name, trees });
  } catch (error) {
    found[Symbol.dispose]();
    throw error;
  }
}

function checkTrust(
  name: string,
  { digest }: ExternalContent,
  claim: ObjectClaim | undefined,
  { only }: OpenContentOptions,
): void {
  if (only === undefined || digest !== undefined) return;
  if (only === "digested") {
    throw new IntegrityError("undigested", name, "the image has no digest of it");
  }
  if (claim === undefined) {
    throw new IntegrityError(
      "undigested",
      name,
      "only its size can be checked, the image has no digest of it",
    );
  }
}

/** Bytes read at a time. */
const CHUNK_SIZE = 1 << 17;

/**
 * Opens a file that is what its name says. In the pass that finds that out its Merkle tree is made, unless it
 * is the name's and at hand.
 *
 * @param expected What it is, but for its digest.
 */
function openClaimed(
  file: File,
  claim: ObjectClaim,
  { trees, ...expected }: Omit<OpenVerifiedOptions, "digest">,
): File {
  const { size } = expected;
  if (claim.header === undefined) {
    const found = openAtHand(file, { ...expected, digest: claim.digest, trees });
    if (found !== undefined) return found;
  }
  const keepFrom = keepsLowest(size, claim.digest.bytes.length) ? 0 : 1;
  const check = new ClaimCheck(claim, { keepTree: size > MAX_KEPT_SIZE, keepFrom });
  const kept = size > MAX_KEPT_SIZE ? undefined : new Uint8Array(size);
  const buffer = new Uint8Array(kept === undefined ? CHUNK_SIZE : 0);
  while (check.size < size) {
    const room = kept?.subarray(check.size) ?? buffer.subarray(0, size - check.size);
    const length = file.readAt(room, check.size);
    if (length === 0) throw wrongSize(check.size, { ...expected, digest: claim.digest });
    check.update(room.subarray(0, length));
  }
  const { isRight, digest } = check.finish();
  if (!isRight) {
    const state = `contents of another name, expected ${describeClaim(claim)}`;
    throw new IntegrityError("name", expected.name!, state);
  }
  checkEnd(file, { ...expected, digest });
  if (kept === undefined) {
    return openVerified(file, { ...expected, digest, trees, tree: check.tree() });
  }
  file[Symbol.dispose]();
  return memoryFile(kept);
}

function notFound({ length }: readonly DataLayer[]): string {
  if (length === 0) return "no object store was given";
  return length === 1 ? "not in the object store" : `not in any of ${length} object stores`;
}

function openSparse({ size, digest }: ExternalContent): File {
  if (digest === undefined) return zeroFile(size);
  throw new IntegrityError(
    "missing",
    "a digest without an object",
    "the image names no path for it",
  );
}

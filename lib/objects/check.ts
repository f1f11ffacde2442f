/**
 * Looks for the objects that an image refers to, and digests them.
 *
 * {@linkcode ObjectChecker} is the port that digesting stands behind: the one here reads one object after
 * the other, and may be replaced by one that uses several threads.
 *
 * @module
 */

import { encodeHex } from "../bytes/hex.ts";
import { latin1 } from "../bytes/text.ts";
import type { File } from "../file/file.ts";
import { hasDigestByOther, type OtherParameters } from "../digest/other_parameters.ts";
import { hashFile } from "../digest/hash_file.ts";
import type { ExternalContent } from "../tree/tree.ts";
import { type DataLayer, findBackingFile } from "./data_layers.ts";
import { ClaimCheck, describeClaim, type ObjectClaim } from "./claim.ts";

const OWN_FAULTS = [TypeError, RangeError, ReferenceError];

/**
 * `"missing"`: in no store. `"size"` or `"digest"`: not as the image says. `"unreadable"`: something stands
 * there that cannot be read. `"no-digest"`: the image does not say what it should be.
 */
export type ObjectProblem = "missing" | "size" | "digest" | "unreadable" | "no-digest";

/** An object that a file of an image refers to. */
export interface ObjectToCheck extends ExternalContent {
  /** What its name says of it, where the image names no digest. */
  readonly claim?: ObjectClaim;
}

/** What became of one object. */
export interface CheckedObject {
  /** The one of those asked for. */
  readonly file: ObjectToCheck;
  /** Undefined if nothing is wrong. */
  readonly problem?: ObjectProblem;
  /** What was found, and what was expected, if something is wrong. */
  readonly state?: string;
}

/**
 * Looks for objects and digests those that have a digest, or a name that is one.
 *
 * @param files Each with a path, no two of them equal in path, size, digest and claim.
 * @returns One result for each file, in any order.
 */
export type ObjectChecker = (
  files: readonly ObjectToCheck[],
  onRead: (bytes: number) => void,
) => AsyncIterable<CheckedObject>;

/**
 * A checker that takes one object after the other, in this thread. An example is at {@linkcode verifyImage}.
 *
 * @param layers Where objects are looked for, in this order.
 * @param otherParameters Tells by which other block sizes and salts digests may have been made.
 */
export function sequentialChecker(
  layers: readonly DataLayer[],
  otherParameters?: OtherParameters,
): ObjectChecker {
  const checker = new OneObjectChecker(layers, otherParameters);
  return async function* (files, onRead) {
    for (const file of files) yield checker.check(file, onRead);
  };
}

/** A string that is the same for objects of which the same is to be checked. */
export function objectKey({ path, digest, size, claim }: ObjectToCheck): string {
  const header = claim?.header === undefined ? "" : encodeHex(claim.header);
  return `${digest?.toHex() ?? ""} ${header} ${size} ${path === undefined ? "" : latin1(path)}`;
}

/** A checker that has each object checked once, whichever images refer to it, and says the same of it again. */
export function rememberingChecker(checker: ObjectChecker): ObjectChecker {
  const known = new Map<string, CheckedObject>();
  return async function* (files, onRead) {
    const wanted: ObjectToCheck[] = [];
    for (const file of files) {
      const found = known.get(objectKey(file));
      if (found === undefined) wanted.push(file);
      else yield { ...found, file };
    }
    for await (const checked of checker(wanted, onRead)) {
      known.set(objectKey(checked.file), checked);
      yield checked;
    }
  };
}

/** Bytes read at a time. */
const CHUNK_SIZE = 1 << 20;

/** Checks objects one at a time, through one buffer. */
export class OneObjectChecker {
  readonly #layers: readonly DataLayer[];
  readonly #otherParameters: OtherParameters;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);

  constructor(layers: readonly DataLayer[], otherParameters: OtherParameters = () => []) {
    this.#layers = layers;
    this.#otherParameters = otherParameters;
  }

  /** Looks for an object and, if there is a digest to hold it against, reads all of it. */
  check(file: ObjectToCheck, onRead: (bytes: number) => void): CheckedObject {
    try {
      using found = findBackingFile(this.#layers, file.path!);
      if (found === undefined) return { file, problem: "missing", state: "not found" };
      return { file, ...this.#compare(file, found, onRead) };
    } catch (error) {
      // Whatever keeps one object from being read is no reason to leave the others unread, but for faults of
      // the program's own.
      if (!(error instanceof Error) || OWN_FAULTS.some((fault) => error instanceof fault)) {
        throw error;
      }
      return { file, problem: "unreadable", state: error.message };
    }
  }

  #compare(
    { size, digest, claim }: ObjectToCheck,
    found: File,
    onRead: (bytes: number) => void,
  ): { problem?: "size" | "digest"; state?: string } {
    if (found.size !== size) return wrongSize(found.size, size);
    if (digest === undefined) {
      return claim === undefined ? {} : this.#claim(claim, size, found, onRead);
    }
    const hasher = hashFile(found, {
      algorithm: digest.algorithm,
      buffer: this.#buffer,
      limit: size + 1,
      onPiece: ({ position, length }) => onRead(Math.min(length, size - position)),
    });
    if (hasher.size !== size) return wrongSize(hasher.size, size);
    const actual = hasher.digest();
    if (actual.equals(digest)) return {};
    if (hasDigestByOther(found, digest, this.#otherParameters(found))) return {};
    const state = `fs-verity digest ${actual.toHex()}, expected ${digest.toHex()}`;
    return { problem: "digest", state };
  }

  #claim(
    claim: ObjectClaim,
    size: number,
    found: File,
    onRead: (bytes: number) => void,
  ): { problem?: "size" | "digest"; state?: string } {
    const check = new ClaimCheck(claim);
    for (let length; (length = found.readAt(this.#buffer, check.size)) > 0;) {
      check.update(this.#buffer.subarray(0, length));
      if (check.size > size) break;
      onRead(length);
    }
    if (check.size !== size) return wrongSize(check.size, size);
    return check.finish().isRight ? {} : wrongName(claim);
  }
}

function wrongName(claim: ObjectClaim): { problem: "digest"; state: string } {
  return { problem: "digest", state: `contents of another name, expected ${describeClaim(claim)}` };
}

function wrongSize(found: number, expected: number): { problem: "size"; state: string } {
  return { problem: "size", state: `${found} bytes, expected ${expected}` };
}

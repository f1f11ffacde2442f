/**
 * What names an image on a command line, taken apart: a path, and which image is meant there.
 *
 * As skopeo takes it, the path ends at the first colon, so that no path with a colon can be named.
 *
 * @see https://github.com/containers/image/blob/v5.34.2/docs/containers-transports.5.md
 *
 * @module
 */

import { latin1, quote } from "../bytes/text.ts";
import { isDigest } from "./_json.ts";
import { normalizeReference } from "./docker_reference.ts";
import { OciError } from "./oci_error.ts";

/** A path, and which image is meant there. */
export interface ImageReference {
  /** The directory or archive; never empty. */
  readonly path: Uint8Array;
  /** The tag in a layout, the whole name in a docker-archive. */
  readonly tag?: string;
  /** The digest of a manifest or an index, as `sha256:HEX`. */
  readonly digest?: string;
  /** Which image, counted from 0. */
  readonly position?: number;
}

const COLON = 0x3a;

/** Tags: what the annotation for them may hold, and the underscores of Docker's at their start as well. */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.:@+/-]*$/;

/**
 * Takes `PATH`, `PATH:TAG`, `PATH@DIGEST` or `PATH:@POSITION` apart, for layouts and oci-archives.
 *
 * @throws {OciError} If it is none of these.
 *
 * @example A tag
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitLayoutReference } from "composefs-ts";
 *
 * const { path, tag } = splitLayoutReference(new TextEncoder().encode("images/app:1.0"));
 * assertEquals(new TextDecoder().decode(path), "images/app");
 * assertEquals(tag, "1.0");
 * ```
 */
export function splitLayoutReference(reference: Uint8Array): ImageReference {
  const digested = /^([^:]*)@(sha(?:256|512):[^:]*)$/.exec(latin1(reference));
  if (digested !== null) {
    const [, before, digest] = digested;
    const path = checkPath(reference.subarray(0, before!.length), reference);
    if (!isDigest(digest!)) {
      throw refuse(
        reference,
        "expected 64 hexadecimal digits behind sha256:, or 128 behind sha512:",
      );
    }
    return { path, digest: digest! };
  }
  const { path, name } = splitAtColon(reference);
  if (name === undefined || name.length === 0) return { path };
  const position = positionOf(name);
  if (position !== undefined) return { path, position };
  const tag = latin1(name);
  if (!TAG.test(tag)) {
    throw refuse(reference, `${quote(name)} is no tag, expected letters, digits and _.:@+/-`);
  }
  return { path, tag };
}

/**
 * Takes `PATH`, `PATH:NAME` or `PATH:@POSITION` apart, for docker-archives. The name is written out: `app` is
 * `docker.io/library/app:latest`.
 *
 * @throws {OciError} If it is none of these.
 *
 * @example A name
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitDockerArchiveReference } from "composefs-ts";
 *
 * const { tag } = splitDockerArchiveReference(new TextEncoder().encode("app.tar:example.com/app:1"));
 * assertEquals(tag, "example.com/app:1");
 * ```
 */
export function splitDockerArchiveReference(reference: Uint8Array): ImageReference {
  const { path, name } = splitAtColon(reference);
  if (name === undefined) return { path };
  const position = positionOf(name);
  if (position !== undefined) return { path, position };
  const tag = normalizeReference(latin1(name));
  if (tag === undefined) {
    throw refuse(reference, `${quote(name)} is no name of an image, expected NAME or NAME:TAG`);
  }
  return { path, tag };
}

function splitAtColon(reference: Uint8Array): { path: Uint8Array; name?: Uint8Array } {
  const colon = reference.indexOf(COLON);
  if (colon < 0) return { path: checkPath(reference, reference) };
  const path = checkPath(reference.subarray(0, colon), reference);
  return { path, name: reference.subarray(colon + 1) };
}

function checkPath(path: Uint8Array, reference: Uint8Array): Uint8Array {
  if (path.length === 0) throw refuse(reference, "expected a path");
  return path;
}

/** Reads `@POSITION`. */
function positionOf(name: Uint8Array): number | undefined {
  const match = /^@(\d{1,9})$/.exec(latin1(name));
  return match === null ? undefined : Number(match[1]);
}

function refuse(reference: Uint8Array, state: string): OciError {
  return new OciError("reference", `Cannot use ${quote(reference)}: ${state}`);
}

/**
 * Names of images as Docker writes them: `docker.io/library/debian:12`, of which people leave out what goes
 * without saying.
 *
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 *
 * @module
 */

/** A registry's name or address, and perhaps a port. */
const DOMAIN = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
/** One part of a repository's path. */
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
/** Most characters of a name without its tag. */
const MAX_NAME_LENGTH = 255;
/** Most characters of a name with its tag. */
const MAX_LENGTH = MAX_NAME_LENGTH + 1 + 128;

/**
 * Writes the name of an image with all its parts: `debian` is `docker.io/library/debian:latest`.
 *
 * @returns Undefined if it is no name, or one with a digest.
 *
 * @example What goes without saying
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { normalizeReference } from "composefs-ts";
 *
 * assertEquals(normalizeReference("debian"), "docker.io/library/debian:latest");
 * assertEquals(normalizeReference("localhost/app:1"), "localhost/app:1");
 * ```
 */
export function normalizeReference(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  const [name, tag] = colon < 0 ? [text, "latest"] : [text.slice(0, colon), text.slice(colon + 1)];
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(0, slash));
  const hasDomain = /[.:A-Z]/.test(first) || first === "localhost";
  const domain = !hasDomain || first === "index.docker.io" ? "docker.io" : first;
  let path = hasDomain ? name.slice(slash + 1) : name;
  if (domain === "docker.io" && !path.includes("/")) path = `library/${path}`;
  const isName = DOMAIN.test(domain) && path.split("/").every((part) => COMPONENT.test(part)) &&
    domain.length + 1 + path.length <= MAX_NAME_LENGTH && TAG.test(tag);
  return isName ? `${domain}/${path}:${tag}` : undefined;
}

/**
 * Platforms: what machines an image is for, and which of several images suits one.
 *
 * Names are Go's, `linux/arm64/v8`. Variants that are a `v` and a number are levels, of which a machine runs its
 * own and those below; a level that is not told is the lowest that systems of that architecture have.
 *
 * @module
 */

import { quoteText } from "./_json.ts";
import { OciError } from "./oci_error.ts";

/** What an image runs on. */
export interface Platform {
  /** As Go names it: `linux`. */
  readonly os: string;
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Which kind of that architecture: `v7`. */
  readonly variant?: string | undefined;
}

/** An architecture, and its variant where a name stands for that too. */
type Architecture = Pick<Platform, "architecture" | "variant">;

/** Other names of architectures, by which the kernel and distributions go. */
const ALIASES: ReadonlyMap<string, Architecture> = new Map<string, Architecture>([
  ["x86_64", { architecture: "amd64" }],
  ["x86-64", { architecture: "amd64" }],
  ["aarch64", { architecture: "arm64" }],
  ["armhf", { architecture: "arm", variant: "v7" }],
  ["armel", { architecture: "arm", variant: "v6" }],
  ["i386", { architecture: "386" }],
  ["i686", { architecture: "386" }],
]);

/** Levels that are meant where none is told. */
const DEFAULT_LEVELS: ReadonlyMap<string, number> = new Map([
  ["amd64", 1],
  ["arm64", 8],
  ["arm", 7],
]);

/**
 * Reads `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`. Names that the kernel has for architectures serve as
 * well: `linux/x86_64` is `linux/amd64`.
 *
 * @throws {OciError} If it is neither.
 *
 * @example A platform by two names
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatPlatform, parsePlatform } from "composefs-ts";
 *
 * assertEquals(parsePlatform("linux/arm64/v8").architecture, "arm64");
 * assertEquals(formatPlatform(parsePlatform("linux/aarch64")), "linux/arm64");
 * ```
 */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9_.-]+)\/([a-z0-9_.-]+)(?:\/([a-z0-9_.-]+))?$/.exec(text.toLowerCase());
  if (match === null) {
    const state = "expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, as in linux/arm64";
    throw new OciError("reference", `Cannot use platform ${quoteText(text)}: ${state}`);
  }
  return normal({ os: match[1]!, architecture: match[2]!, variant: match[3] });
}

/** A platform as text, the way {@linkcode parsePlatform} reads it. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** The platform by its usual names. */
function normal({ os, architecture, variant }: Platform): Platform {
  const known = ALIASES.get(architecture) ?? { architecture };
  const own = variant || known.variant;
  // Docker has written bare numbers for levels.
  const named = own !== undefined && /^\d+$/.test(own) ? `v${own}` : own;
  return { os, architecture: known.architecture, variant: named };
}

/** Level of a variant; undefined if it is none that can be compared. */
function levelOf({ architecture, variant }: Platform): number | undefined {
  if (variant === undefined) return DEFAULT_LEVELS.get(architecture);
  const match = /^v(\d{1,4})$/.exec(variant);
  return match === null ? undefined : Number(match[1]);
}

/**
 * Says how well what was made for one platform suits another: the more, the better. Undefined if it does not run
 * there.
 */
export function suitability(made: Platform, wanted: Platform): number | undefined {
  const [image, machine] = [normal(made), normal(wanted)];
  if (image.os !== machine.os || image.architecture !== machine.architecture) return undefined;
  if (image.variant === machine.variant) return Infinity;
  const [has, runs] = [levelOf(image), levelOf(machine)];
  if (has !== undefined && runs !== undefined) return has <= runs ? has : undefined;
  // Nothing is said of the image, and of this architecture no levels are known.
  return image.variant === undefined ? 0 : undefined;
}

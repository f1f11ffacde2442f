/**
 * The choice of one manifest out of an index, by what it is to run on; and whether one that stands alone runs there.
 *
 * @module
 */

import type { Descriptor } from "./_descriptor.ts";
import { quoteText } from "./_json.ts";
import { kindOf } from "./_manifest.ts";
import type { OpenImageOptions } from "./image.ts";
import { OciError } from "./oci_error.ts";
import { formatPlatform, type Platform, suitability } from "./platform.ts";

/** How deep indexes may stand in indexes. */
const MAX_DEPTH = 4;
/** How many indexes are read at most. */
const MAX_INDEXES = 64;
/** Most platforms that a message lists. */
const MAX_LISTED = 30;

/** What is chosen by. */
interface PlatformChoice {
  readonly platform: Platform;
  /** What the descriptors stand in, for messages. */
  readonly document: string;
  /** Reads an index that stands in an index. */
  read(descriptor: Descriptor): Descriptor[];
}

/**
 * Chooses the manifest that suits a platform best, the first of equals. Those that do not say what they are for
 * are taken only if there is just one and no other.
 *
 * @throws {OciError} If none suits; it lists what there is.
 */
export function choosePlatform(
  descriptors: readonly Descriptor[],
  choice: PlatformChoice,
): Descriptor {
  const manifests = listManifests(descriptors, choice);
  let best: Descriptor | undefined;
  let bestRank = -1;
  for (const manifest of manifests) {
    const rank = manifest.platform && suitability(manifest.platform, choice.platform);
    if (rank === undefined || rank <= bestRank) continue;
    [best, bestRank] = [manifest, rank];
  }
  if (best !== undefined) return best;
  const [only] = manifests;
  if (manifests.length === 1 && only!.platform === undefined) return only!;
  throw noImageFor(choice.platform, choice.document, manifests.map(({ platform }) => platform));
}

/**
 * Makes sure that an image that stands alone is for a platform, if that is asked for.
 *
 * @param made What it is for.
 * @param document What it stands in, for messages.
 * @throws {OciError} If it is for another.
 */
export function checkPlatform(
  made: Platform,
  { platform, needsPlatform = false }: Pick<OpenImageOptions, "platform" | "needsPlatform">,
  document: string,
): void {
  if (!needsPlatform || suitability(made, platform) !== undefined) return;
  throw noImageFor(platform, document, [made]);
}

function noImageFor(
  wanted: Platform,
  document: string,
  found: readonly (Platform | undefined)[],
): OciError {
  const platforms = new Set(
    found.map((platform) => platform ? formatPlatform(platform) : "no platform"),
  );
  const there = [...platforms].slice(0, MAX_LISTED).map(quoteText).join(", ") || "nothing";
  const shown = quoteText(formatPlatform(wanted));
  return new OciError(
    "not-found",
    `Cannot find an image for ${shown} in ${document}: it has ${there}`,
  );
}

/** The manifests of indexes and of those within them, in order. */
function listManifests(
  descriptors: readonly Descriptor[],
  { document, read }: PlatformChoice,
): Descriptor[] {
  const manifests: Descriptor[] = [];
  /** Lists that are not at their end, the innermost last. */
  const open = [{ descriptors, next: 0 }];
  let indexes = 0;
  for (let list = open.at(-1); list !== undefined; list = open.at(-1)) {
    const descriptor = list.descriptors[list.next++];
    if (descriptor === undefined) {
      open.pop();
    } else if (kindOf(descriptor.mediaType) === "manifest") {
      manifests.push(descriptor);
    } else if (kindOf(descriptor.mediaType) === "index") {
      if (open.length > MAX_DEPTH || ++indexes > MAX_INDEXES) {
        const limit = `${MAX_INDEXES} indexes within it, ${MAX_DEPTH} deep`;
        throw new OciError("unsupported", `Cannot use ${document}: more than ${limit}`);
      }
      open.push({ descriptors: read(descriptor), next: 0 });
    }
    // All else in an index, such as signatures, is no image.
  }
  return manifests;
}

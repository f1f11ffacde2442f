/**
 * The ways of making a composefs mount, from the newest kernels' to the oldest's.
 *
 * All begin with the image mounted as EROFS and end with an overlay over it. They differ in how overlayfs is
 * given that layer, and how it is told of the objects.
 *
 * @see Documentation/filesystems/overlayfs.rst, "Data-only lower layers"
 *
 * @module
 */

/**
 * What an older overlayfs may lack: layers that are attached nowhere (Linux 6.15), a parameter for each layer
 * (`lowerdir+`, `datadir+`, 6.8), data-only layers (6.5).
 */
export type Feature = "detached layers" | "layer parameters" | "data-only layers";

/** One way. */
export interface Way {
  /** Whether the image is attached to a temporary directory, so that it has a name. */
  readonly layer: "detached" | "attached";
  /** How overlayfs is told of its layers: one by one, or by the option string of mount(2). */
  readonly by: "parameters" | "option string";
  /** What stands before an object directory in that string: `::` makes it a data-only layer. */
  readonly separator?: "::" | ":";
  /** Not to be tried without these. */
  readonly needs: readonly Feature[];
  /** To be tried only where this is lacking. */
  readonly insteadOf?: Feature;
}

/** All ways, in the order in which they are to be tried. */
export const WAYS: readonly Way[] = [
  { layer: "detached", by: "parameters", needs: ["detached layers", "layer parameters"] },
  { layer: "attached", by: "parameters", needs: ["layer parameters"] },
  { layer: "attached", by: "option string", separator: "::", needs: [] },
  // The objects are an ordinary layer then, which the whiteouts in the image's root hide.
  {
    layer: "attached",
    by: "option string",
    separator: ":",
    needs: [],
    insteadOf: "data-only layers",
  },
];

/**
 * The ways that are worth trying.
 *
 * @param lacking What is known to be lacking. May grow between one way and the next.
 */
export function* waysWithout(lacking: ReadonlySet<Feature>): Generator<Way> {
  for (const way of WAYS) {
    if (way.needs.some((feature) => lacking.has(feature))) continue;
    if (way.insteadOf === undefined || lacking.has(way.insteadOf)) yield way;
  }
}

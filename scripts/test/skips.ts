/**
 * Which tests may be skipped where all that can be installed is installed: in CI.
 *
 * A test that skips ends its name with `(skipped: REASON)`. On a developer's machine any may; in CI
 * (`CI=true`) a reason that is not in {@linkcode ALLOWED_REASONS} fails the run, because a program that
 * is missing there would otherwise turn tests off for good.
 *
 * @module
 */

/** Reasons that no package can remove. Each is matched against the end of a test's name. */
export const ALLOWED_REASONS: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: /\(skipped: [^)]*\b(?:erofs|overlay) in the kernel[^)]*\)$/,
    why: "a kernel may be built without these file systems, and a container cannot load them",
  },
  {
    pattern: /\(skipped: [^)]*\b(?:kernel|file system)[^)]* (?:with|without) fs-verity[^)]*\)$/,
    why: "a kernel may be built without fs-verity, a file system made without it",
  },
  {
    pattern: /\(skipped: [^)]*\bno control group\b[^)]*\)$/,
    why: "a container may have no control groups of its own",
  },
  {
    pattern: /\(skipped: [^)]*\bno libraries for musl\b[^)]*\)$/,
    why: "Debian has no libstdc++ for musl, and not every machine reaches where there is one",
  },
  {
    pattern: /\(skipped: [^)]*\bno kernel of (?:bullseye|bookworm) to be had\b[^)]*\)$/,
    why: "Debian's mirrors drop old suites, and their kernels with them",
  },
  {
    pattern: /\(skipped: [^)]*\btemporary files are not on a disk\b[^)]*\)$/,
    why: "in a container they lie on overlayfs, unless somebody has bound a disk there",
  },
  {
    pattern: /\(skipped: Deno hides closed streams\)$/,
    why: "it opens /dev/null in their place, which a parent may have done as well",
  },
  { pattern: /\(skipped: [^)]*\bKVM\b[^)]*\)$/, why: "a virtual machine may not offer KVM" },
];

/** Tells whether a test of this name may be skipped in CI. */
export function mayBeSkipped(name: string): boolean {
  return ALLOWED_REASONS.some(({ pattern }) => pattern.test(name));
}

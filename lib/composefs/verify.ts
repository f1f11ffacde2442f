/**
 * Verifies an image and every object it refers to, in user space and without a mount.
 *
 * Three questions in turn: is the image the one expected, is it well formed, are the objects there and
 * what they should be. Looking at the objects, the costly part, is left to `check.ts` or to
 * whatever stands in its place.
 *
 * @module
 */

import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { Digest } from "../digest/digest.ts";
import { fsVerityDigest } from "../digest/fs_verity.ts";
import type { Content, Leaf, Tree } from "../tree/tree.ts";
import { pathOf, type Place } from "../tree/place.ts";
import { TreeError } from "../tree/tree_error.ts";
import { walk } from "../tree/walk.ts";
import {
  type CheckedObject,
  type ObjectChecker,
  objectKey,
  type ObjectProblem,
  type ObjectToCheck,
} from "../objects/check.ts";
import { encodeImage } from "./image.ts";
import { claimOf } from "../objects/claim.ts";
import { type ComposefsImage, openImage } from "./open.ts";
import { versionProblem, type VersionRange } from "./version.ts";

/** Something that is wrong with the image itself. */
export interface ImageFinding {
  /** It is about the image. */
  readonly kind: "image";
  /**
   * `"digest"`: it is another image than expected. `"malformed"`: it breaks the format.
   * `"not-canonical"`: it can be read, and is not what a writer makes of the tree in it.
   */
  readonly problem: "digest" | "malformed" | "not-canonical";
  /** Where, in bytes from the start of the image, if it is at one place. */
  readonly offset?: number;
  /** What was found, and what was expected. */
  readonly state: string;
}

/** Something that is wrong with an object that a file of the image refers to. */
export interface ObjectFinding {
  /** It is about an object. */
  readonly kind: "object";
  /** What is wrong with it. */
  readonly problem: ObjectProblem;
  /** The file's path in the image. */
  readonly path: Uint8Array;
  /** Path below the object store, absent if the image names none. */
  readonly object?: Uint8Array;
  /** What was found, and what was expected. */
  readonly state: string;
}

/** Anything that is wrong. */
export type Finding = ImageFinding | ObjectFinding;

/** What was looked at. */
export interface VerifySummary {
  /** fs-verity digest of the image as it is, by the algorithm of the one expected. */
  readonly digest: Digest;
  /** Regular files in the image, as far as they were selected, hard links counted once. */
  readonly files: number;
  /** Objects that were looked for, each counted once. */
  readonly objects: number;
  /** Of these, objects of which neither image nor name says more than their size. */
  readonly unverified: number;
  /** Bytes that the image says the objects have. */
  readonly bytes: number;
  /** How many findings there were. */
  readonly findings: number;
}

/** How an image is verified. */
export interface VerifyOptions {
  /** Checks the objects: see {@linkcode sequentialChecker}. Without one only the image is verified. */
  readonly checkObjects?: ObjectChecker;
  /** fs-verity digest that the image must have. */
  readonly digest?: Digest;
  /** The file, if it goes on behind the image: its size, and its fs-verity digest. */
  readonly whole?: { readonly size: number; readonly digest: Digest };
  /** Counts files whose object the image names no digest of as wrong, whatever the object's name says. */
  readonly requireDigests?: boolean;
  /**
   * Lets objects pass of which only the size can be checked. Otherwise they are findings where a digest of
   * the image was given, or where the image has digests of others: who wants those checked would take
   * silence for all of them.
   */
  readonly allowUndigested?: boolean;
  /**
   * Paths of files, to whose objects, and to those of all below them, the check is limited; symbolic links are not
   * followed. The image itself is verified as a whole.
   */
  readonly paths?: readonly Uint8Array[] | undefined;
  /** Told how many bytes of objects have been read, of how many. */
  readonly onRead?: (done: number, total: number) => void;
}

/**
 * Verifies an image, as far as it can be told from itself and its objects.
 *
 * An image that has the expected digest and can be read is sound. Without an expected digest it must be,
 * byte for byte, what the writer makes of the tree in it; a change that leads to another such image,
 * such as that of a file's mode, then goes unnoticed.
 *
 * @param image The whole image. What follows it in its file may be left out: see `whole`.
 * @returns Findings as they are made, those about objects in the order the checker has; at the end what
 * was looked at.
 *
 * @example An object that is missing
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   createImage,
 *   fsVerityDigest,
 *   MemoryStore,
 *   memoryTree,
 *   sequentialChecker,
 *   storeLayer,
 *   verifyImage,
 * } from "composefs-ts";
 *
 * const image = await createImage(memoryTree({ "motd": "Welcome!\n".repeat(10) }));
 * const store = storeLayer(new MemoryStore());
 * const options = { digest: fsVerityDigest(image), checkObjects: sequentialChecker([store]) };
 * const found: string[] = [];
 * for await (const finding of verifyImage(image, options)) found.push(finding.problem);
 * assertEquals(found, ["missing"]);
 * ```
 */
export async function* verifyImage(
  image: Uint8Array,
  options: VerifyOptions = {},
): AsyncGenerator<Finding, VerifySummary, void> {
  const digest = options.whole?.digest ??
    fsVerityDigest(image, { algorithm: options.digest?.algorithm ?? "sha256" });
  const collected: Collected = { files: 0, bytes: 0, objects: new Map(), hasDigest: false };
  let findings = 0;
  let unverified = 0;
  for (const finding of verifyStructure(image, digest, options, collected)) {
    findings++;
    yield finding;
  }
  for await (const { file, problem, state } of checkAll(collected, options)) {
    if (isBySizeOnly(file)) unverified++;
    if (problem === undefined) continue;
    for (const place of collected.objects.get(objectKey(file))!.places) {
      findings++;
      const path = pathOf(place);
      const object = file.path === undefined ? {} : { object: file.path };
      yield { kind: "object", problem, path, ...object, state: state ?? problem };
    }
  }
  const { files, bytes, objects } = collected;
  return { digest, files, bytes, objects: objects.size, unverified, findings };
}

/** What an image refers to. */
interface Collected {
  files: number;
  bytes: number;
  readonly objects: Map<string, { readonly file: ObjectToCheck; readonly places: Place[] }>;
  /** Whether the image names a digest of any object, be it selected or not. */
  hasDigest: boolean;
}

function isBySizeOnly({ digest, claim }: ObjectToCheck): boolean {
  return digest === undefined && claim === undefined;
}

function* verifyStructure(
  image: Uint8Array,
  digest: Digest,
  options: VerifyOptions,
  collected: Collected,
): Generator<ImageFinding> {
  const isExpected = options.digest?.equals(digest) === true;
  if (options.digest !== undefined && !isExpected) {
    const state = `fs-verity digest ${digest.toHex()}, expected ${options.digest.toHex()}`;
    yield { kind: "image", problem: "digest", state };
  }
  let opened: ComposefsImage;
  let tree: Tree<Content>;
  try {
    opened = openImage(image);
    tree = opened.tree();
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    const { offset, message: state } = error;
    yield { kind: "image", problem: "malformed", offset, state };
    return;
  }
  collected.hasDigest = tree.leaves.some(hasDigest);
  const { paths } = options;
  collect(paths === undefined ? tree : opened.tree({ rootEntries: paths }), collected);
  // Other writers place things otherwise: an image that is the expected one is right as it is.
  const size = options.whole?.size ?? image.length;
  const difference = isExpected ? undefined : findDifference({ image, size }, opened, tree);
  if (difference !== undefined) yield { kind: "image", problem: "not-canonical", ...difference };
}

/** Holds an image against what the writer makes of its tree. */
function findDifference(
  { image, size }: { readonly image: Uint8Array; readonly size: number },
  { version }: ComposefsImage,
  tree: Tree<Content>,
): { offset?: number; state: string } | undefined {
  const range: VersionRange = version === 2
    ? { format: 2 }
    : { minVersion: version, maxVersion: version };
  let problem = versionProblem(range);
  let canonical = NOTHING;
  try {
    if (problem === undefined) canonical = encodeImage(tree, range);
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    problem = error.message;
  }
  if (problem !== undefined) return { state: `Cannot be held against its tree: ${problem}` };
  const length = Math.min(image.length, canonical.length);
  let offset = 0;
  while (offset < length && image[offset] === canonical[offset]) offset++;
  if (offset < length) {
    const [found, expected] = [image, canonical].map((bytes) =>
      `0x${bytes[offset]!.toString(16).padStart(2, "0")}`
    );
    return { offset, state: `byte ${found} at offset ${offset}, expected ${expected}` };
  }
  if (size === canonical.length) return undefined;
  return { offset, state: `${size} bytes, expected ${canonical.length}` };
}

const NOTHING = new Uint8Array();

function hasDigest(leaf: Leaf<Content>): boolean {
  return leaf.kind === "regular" && leaf.file.kind === "external" && leaf.file.digest !== undefined;
}

function collect(tree: Tree<Content>, collected: Collected): void {
  for (const step of walk(tree)) {
    const { node } = step;
    if (node.kind !== "regular" || step.again !== undefined) continue;
    collected.files++;
    const { file } = node;
    if (file.kind === "inline" || (file.path === undefined && file.digest === undefined)) continue;
    const { path, digest } = file;
    const claim = digest === undefined && path !== undefined ? claimOf(path, node.stat) : undefined;
    const object = claim === undefined ? file : { ...file, claim };
    const key = objectKey(object);
    const known = collected.objects.get(key);
    if (known === undefined) {
      collected.bytes += file.size;
      collected.objects.set(key, { file: object, places: [step.place] });
    } else {
      known.places.push(step.place);
    }
  }
}

async function* checkAll(
  { objects, bytes, hasDigest }: Collected,
  { checkObjects, requireDigests = false, allowUndigested = false, digest, onRead }: VerifyOptions,
): AsyncGenerator<CheckedObject> {
  if (checkObjects === undefined) return;
  const sizeIsTooLittle = !allowUndigested && (digest !== undefined || hasDigest);
  const wanted: ObjectToCheck[] = [];
  for (const { file } of objects.values()) {
    if (file.path === undefined) {
      yield { file, problem: "missing", state: "a digest, and no path of an object" };
    } else if (file.digest === undefined && requireDigests) {
      yield { file, problem: "no-digest", state: "the image has no digest of it" };
    } else if (sizeIsTooLittle && isBySizeOnly(file)) {
      const state = "only its size can be checked, the image has no digest of it";
      yield { file, problem: "no-digest", state };
    } else {
      wanted.push(file);
    }
  }
  let done = 0;
  yield* checkObjects(wanted, (read) => {
    done += read;
    onRead?.(done, bytes);
  });
}

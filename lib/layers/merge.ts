/**
 * From the members of an image's layers to one tree.
 *
 * There are two sets of rules. Containers see what their layers unpack to: a whiteout removes what lower layers
 * have, wherever in its own layer it stands. Sealed images are what composefs-rs makes of layers, whose identifiers
 * others compute and compare: it goes by the order of members alone, and wants every directory named.
 *
 * @see OCI image specification, "Image Layer Filesystem Changeset"
 * @see umoci 0.6.0, `oci/layer/tar_extract.go`
 * @see composefs-rs 0.9.4, `crates/composefs-oci/src/image.rs`
 *
 * @module
 */

import { startsWith } from "../bytes/compare.ts";
import { latin1, quote, utf8 } from "../bytes/text.ts";
import type { TarMember } from "../tar/member.ts";
import { targetProblem } from "../tree/limits.ts";
import { MAX_PATH_LENGTH } from "../tree/name.ts";
import type { Leaf, Stat, Tree } from "../tree/tree.ts";
import { aclStat } from "./_acl_stat.ts";
import { LayerError } from "./layer_error.ts";
import {
  finishTree,
  MergedDirectory,
  MergedLeaf,
  type MergedNode,
  originOf,
  touch,
} from "./_merged.ts";
import { cleanNames, descend, follow, lengthProblem, plainNames, type Refuse } from "./_paths.ts";

/** One member of a layer, with what its contents have become. */
export interface LayerMember<File> {
  /** What the archive says of it. It is kept, so nothing in it may change afterwards. */
  readonly member: TarMember;
  /** The contents; there for regular files, and for them only. */
  readonly file?: File;
}

/**
 * By which rules layers are merged:
 *
 * - `"container"`: as container engines unpack them. Names that lead through symbolic links are followed below the
 *   root; directories that no member describes are made, or stay as a lower layer has them; hard links may come
 *   before the file they name.
 * - `"sealed"`: as composefs-rs does before it seals an image. A whiteout removes whatever came before it, entries
 *   of its own layer too; a name whose directory does not exist is an error.
 */
export type LayerRules = "container" | "sealed";

const WHITEOUT = utf8(".wh.");
const OPAQUE = ".wh..wh..opq";
/** What is left of names that are no whiteouts of anything: the directory itself, and the one above it. */
const NO_NAMES: readonly string[] = ["", ".", ".."];

/** A hard link whose file has not come yet. */
interface PendingLink<File> {
  readonly name: MergedLeaf<File>;
  readonly target: readonly Uint8Array[];
  readonly member: TarMember;
  readonly refuse: Refuse;
}

/**
 * Merges layers, the lowest first. What it holds grows with the names there are, not with their contents.
 *
 * @example Two layers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LayerMerger, type TarMember, walk } from "composefs-ts";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const stat = { mode: 0o644, uid: 0, gid: 0, nlink: 1, mtime: 0, mtimeNsec: 0, xattrs: [] };
 * const file = (name: string, size: number): TarMember => (
 *   { kind: "regular", name: bytes(name), linkName: bytes(""), size, rdev: 0, stat }
 * );
 * const merger = new LayerMerger<string>("container");
 * merger.apply([
 *   { member: file("etc/motd", 3), file: "old" },
 *   { member: file("etc/gone", 4), file: "gone" },
 * ], "layer 1");
 * merger.apply([
 *   { member: file("etc/motd", 3), file: "new" },
 *   { member: file("etc/.wh.gone", 0), file: "" },
 * ], "layer 2");
 *
 * const tree = merger.finish();
 * const paths = [...walk(tree)].length;
 * assertEquals(paths, 3);
 * assertEquals(tree.leaves.map((leaf) => leaf.kind === "regular" && leaf.file), ["new"]);
 * ```
 */
export class LayerMerger<File> {
  readonly #isSealed: boolean;
  readonly #root = new MergedDirectory<File>(0);
  /** Number of the layer that is being applied. */
  #layer = 0;
  /** What messages call it. */
  #layerName = "";
  #pending: PendingLink<File>[] = [];

  /** Begins with an empty root directory. */
  constructor(rules: LayerRules) {
    this.#isSealed = rules === "sealed";
  }

  /**
   * Applies a layer to those before it. If it throws, nothing more can be made of them.
   *
   * @param members In the order of the layer.
   * @param layer What messages call the layer.
   * @throws {LayerError} If a member cannot be applied.
   */
  apply(members: Iterable<LayerMember<File>>, layer: string): void {
    this.#layer++;
    this.#layerName = layer;
    for (const each of members) this.#applyMember(each);
    for (const link of this.#pending) this.#settle(link);
    this.#pending = [];
  }

  /** The tree that the layers make. To be called once, at the end. */
  finish(): Tree<File> {
    return finishTree(this.#root);
  }

  #applyMember({ member, file }: LayerMember<File>): void {
    const refuse: Refuse = (state) => new LayerError(this.#layerName, member.name, state);
    const names = this.#names(member.name, refuse);
    const last = names.pop();
    if (last === undefined) {
      if (member.kind !== "directory") {
        throw refuse("it would replace the root, expected a directory");
      }
      this.#describe(this.#root, member, refuse);
    } else if (startsWith(last, WHITEOUT)) {
      this.#whiteOut(names, latin1(last), refuse);
    } else {
      const key = latin1(last);
      if (member.kind === "directory") {
        this.#putDirectory(names, key, member, refuse);
      } else {
        const node = member.kind === "hardlink" ? this.#link(member, refuse) : new MergedLeaf(
          this.#layer,
          makeLeaf(member, this.#stat(member, refuse), file, refuse),
        );
        const parent = this.#parent(names, refuse);
        checkPath(parent, key, refuse);
        parent.children.set(key, node);
      }
    }
  }

  #names(path: Uint8Array, refuse: Refuse): Uint8Array[] {
    return this.#isSealed ? plainNames(path, refuse) : cleanNames(path, refuse);
  }

  /**
   * The directory that a member stands in. Where no layer has it, it is made, of a file too, unless that is an
   * error.
   */
  #parent(names: readonly Uint8Array[], refuse: Refuse): MergedDirectory<File> {
    if (this.#isSealed) return descend(this.#root, names, refuse);
    const reached = follow(this.#root, names, refuse);
    let { directory } = reached;
    touch(directory, this.#layer);
    for (const key of reached.missing) {
      checkPath(directory, key, refuse);
      const made = new MergedDirectory(this.#layer, key, directory);
      directory.children.set(key, made);
      directory = made;
    }
    return directory;
  }

  #putDirectory(
    names: readonly Uint8Array[],
    key: string,
    member: TarMember,
    refuse: Refuse,
  ): void {
    const parent = this.#parent(names, refuse);
    let node = parent.children.get(key);
    if (node?.kind !== "directory") {
      checkPath(parent, key, refuse);
      node = new MergedDirectory(this.#layer, key, parent);
      parent.children.set(key, node);
    }
    this.#describe(node, member, refuse);
  }

  #describe(directory: MergedDirectory<File>, member: TarMember, refuse: Refuse): void {
    directory.stat = this.#stat(member, refuse);
    directory.described = this.#layer;
    touch(directory, this.#layer);
  }

  #stat(member: TarMember, refuse: Refuse): Stat {
    return this.#isSealed ? member.stat : unpackedStat(member, refuse);
  }

  #whiteOut(names: readonly Uint8Array[], key: string, refuse: Refuse): void {
    const isOpaque = key === OPAQUE;
    const victim = key.slice(WHITEOUT.length);
    if (NO_NAMES.includes(victim)) throw refuse("a whiteout of no name");
    if (this.#isSealed) {
      const { children } = descend(this.#root, names, refuse);
      if (isOpaque) children.clear();
      else children.delete(victim);
      return;
    }
    const { directory, missing } = follow(this.#root, names, refuse);
    // What is not there, nor its directory, is gone already.
    if (missing.length > 0) return;
    if (isOpaque) directory.sweep(this.#layer);
    else directory.whiteOut(victim, this.#layer);
  }

  /** One more name of a file, which may be still to come. */
  #link(member: TarMember, refuse: Refuse): MergedLeaf<File> {
    const target = this.#names(member.linkName, refuse);
    const found = this.#findTarget(target, member, refuse);
    if (found !== undefined) return new MergedLeaf(this.#layer, undefined, originOf(found));
    if (this.#isSealed) throw refuse(missingTarget(member));
    const name = new MergedLeaf<File>(this.#layer, undefined);
    this.#pending.push({ name, target, member, refuse });
    return name;
  }

  #settle({ name, target, member, refuse }: PendingLink<File>): void {
    const found = this.#findTarget(target, member, refuse);
    const origin = found === undefined ? name : originOf(found);
    // A link that leads to itself, through others perhaps, has no file either.
    if (origin === name) throw refuse(missingTarget(member));
    name.same = origin;
  }

  #findTarget(
    target: readonly Uint8Array[],
    { linkName }: TarMember,
    refuse: Refuse,
  ): MergedLeaf<File> | undefined {
    const last = target.at(-1);
    const node = last === undefined ? this.#root : this.#find(target.slice(0, -1), last, refuse);
    if (node?.kind === "directory") {
      throw refuse(`hard link to ${quote(linkName)}, which is a directory`);
    }
    return node;
  }

  #find(
    parent: readonly Uint8Array[],
    name: Uint8Array,
    refuse: Refuse,
  ): MergedNode<File> | undefined {
    const { directory, missing } = this.#isSealed
      ? { directory: descend(this.#root, parent, refuse), missing: [] }
      : follow(this.#root, parent, refuse);
    return missing.length > 0 ? undefined : directory.children.get(latin1(name));
  }
}

function missingTarget({ linkName }: TarMember): string {
  return `hard link to ${quote(linkName)}, which does not exist`;
}

function checkPath<File>(parent: MergedDirectory<File>, key: string, refuse: Refuse): void {
  const length = parent.pathLength + 1 + key.length;
  if (length > MAX_PATH_LENGTH) throw refuse(lengthProblem(length));
}

function makeLeaf<File>(
  { kind, name, linkName: target, rdev }: TarMember,
  stat: Stat,
  file: File | undefined,
  refuse: Refuse,
): Leaf<File> {
  switch (kind) {
    case "regular":
      if (file === undefined) throw new TypeError(`No contents of ${quote(name)}`);
      return { kind, stat, file };
    case "symlink": {
      const problem = targetProblem(target);
      if (problem !== undefined) throw refuse(problem);
      return { kind, stat, target };
    }
    case "character":
    case "block":
    case "fifo":
      return { kind, stat, rdev };
    case "directory":
    case "hardlink":
      throw new TypeError(`No leaf: ${kind}`);
  }
}

/** Metadata as the kernel shows it of what has been unpacked. */
function unpackedStat({ kind, stat }: TarMember, refuse: Refuse): Stat {
  // Links have no permissions of their own, whatever the archive says.
  return kind === "symlink" ? { ...stat, mode: 0o777 } : aclStat(stat, refuse);
}

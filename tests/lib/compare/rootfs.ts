/**
 * Small root file systems at random, with something in them for every rule.
 *
 * @module
 */

import type { Random } from "../../../scripts/random.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import {
  type Content,
  type Directory,
  type Entry,
  externalContent,
  type Leaf,
  type Stat,
  type Tree,
  type Xattr,
} from "../../../lib/tree/tree.ts";

const LABELS = ["system_u:object_r:etc_t:s0", "system_u:object_r:bin_t:s0"];

/** Makes a tree with `/usr`, `/run`, `/boot`, `/sysroot` and files of all kinds. */
export function randomRootfs(random: Random): Tree<Content> {
  return new Maker(random).make();
}

class Maker {
  readonly #random: Random;
  readonly #leaves: Leaf<Content>[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  make(): Tree<Content> {
    const names = ["boot", "dev", "etc", "run", "sysroot", "usr"];
    const entries = names.map((name): Entry => ({
      name: utf8(name),
      node: name === "dev"
        ? this.#directory([this.#special("null"), this.#special("sda")])
        : this.#some(),
    }));
    const root: Directory = { kind: "directory", stat: this.#stat(), entries };
    return { root, leaves: this.#leaves };
  }

  #some(): Directory {
    const entries: Entry[] = [];
    const count = this.#random.int(4, 12);
    for (let i = 0; i < count; i++) entries.push(this.#entry(`f${String(i).padStart(2, "0")}`));
    entries.push({
      name: utf8("sub"),
      node: this.#directory([this.#entry("x"), this.#entry("y")]),
    });
    // Behind all others in byte order, and no UTF-8.
    if (this.#random.chance(50)) {
      entries.push({ name: Uint8Array.of(0xe9, 0x61), node: this.#file() });
    }
    return this.#directory(entries);
  }

  #directory(entries: readonly Entry[]): Directory {
    return { kind: "directory", stat: this.#stat(), entries };
  }

  #entry(name: string): Entry {
    const { length } = this.#leaves;
    const isLink = length > 0 && this.#random.chance(15);
    if (isLink) {
      const number = this.#random.int(0, length - 1);
      const leaf = this.#leaves[number]!;
      if (leaf.kind === "regular") {
        this.#leaves[number] = { ...leaf, stat: { ...leaf.stat, nlink: leaf.stat.nlink + 1 } };
        return { name: utf8(name), node: number };
      }
    }
    return { name: utf8(name), node: this.#random.chance(20) ? this.#symlink() : this.#file() };
  }

  #file(): number {
    const size = this.#random.pick([0, 5, 64, 65, 5000]);
    const bytes = this.#random.bytes(size);
    const digest = fsVerityDigest(bytes);
    const file: Content = size <= 64
      ? { kind: "inline", bytes }
      : externalContent(size, utf8(objectPath(digest)), digest);
    return this.#leaves.push({ kind: "regular", stat: this.#stat(), file }) - 1;
  }

  #symlink(): number {
    const stat = { ...this.#stat(), mode: 0o777 };
    return this.#leaves.push({ kind: "symlink", stat, target: utf8("../somewhere") }) - 1;
  }

  #special(name: string): Entry {
    const kind = name === "null" ? "character" : "block";
    const node = this.#leaves.push({ kind, stat: this.#stat(), rdev: 0x103 }) - 1;
    return { name: utf8(name), node };
  }

  #stat(): Stat {
    const { pick: of } = this.#random;
    return {
      mode: of([0o755, 0o700, 0o4755, 0o2775, 0o644, 0o666]),
      uid: of([0, 0, 1, 1000]),
      gid: of([0, 0, 1, 1000]),
      nlink: 1,
      mtime: of([-5, 0, 1_700_000_000, 1_700_000_001, 1_600_000_000]),
      mtimeNsec: of([0, 123_456_789, 500_000_000, 999_999_999]),
      xattrs: this.#xattrs(),
    };
  }

  #xattrs(): Xattr[] {
    const all: Xattr[] = [
      { name: utf8("security.capability"), value: Uint8Array.of(1, 0, 0, 2, 0, 4, 0, 0) },
      { name: utf8("security.selinux"), value: utf8(this.#random.pick(LABELS)) },
      { name: utf8("system.posix_acl_access"), value: Uint8Array.of(2, 0, 0, 0) },
      { name: utf8("trusted.note"), value: utf8("t") },
      { name: utf8("user.note"), value: utf8("u") },
    ];
    return all.filter(() => this.#random.chance(33));
  }
}

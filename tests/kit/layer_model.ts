/**
 * The rules by which layers become a tree, once more: a table of paths, gone through from end to end for each
 * question. Slow, short, and with nothing in common with what it is compared with.
 *
 * @module
 */

import type { LayerMember } from "../../lib/layers/merge.ts";

interface Node {
  readonly kind: string;
  /** Contents, or a link's target; undefined of a hard link whose file has not come. */
  text: string | undefined;
  mode: number;
  layer: number;
  described: number;
  /** The same for all names of a file. */
  file: object;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Layers being merged, as strings. */
export class LayerModel {
  readonly #isSealed: boolean;
  readonly #nodes = new Map<string, Node>();
  #layer = 0;

  constructor(isSealed: boolean) {
    this.#isSealed = isSealed;
    this.#nodes.set("", this.#directory(0o755));
  }

  apply(members: readonly LayerMember<string>[]): void {
    this.#layer++;
    const links: [Node, string][] = [];
    for (const { member, file } of members) {
      const { kind, stat: { mode } } = member;
      const [parent, name] = split(this.#real(text(member.name), true));
      const path = this.#isSealed && name === undefined ? "" : `${parent}/${name}`;
      if (name === undefined) {
        if (kind !== "directory") throw new Error("root");
        Object.assign(this.#nodes.get("")!, { mode, layer: this.#layer, described: this.#layer });
        continue;
      }
      if (this.#isSealed && this.#nodes.get(parent)?.kind !== "directory") throw new Error(parent);
      if (name.startsWith(".wh.")) {
        this.#whiteOut(parent, name.slice(4));
        continue;
      }
      let node: Node = { ...this.#directory(mode), kind, text: file ?? text(member.linkName) };
      if (kind === "symlink" && !this.#isSealed) node.mode = 0o777;
      if (kind === "hardlink") {
        const target = this.#find(text(member.linkName));
        if (target?.kind === "directory") throw new Error("link to a directory");
        if (target === undefined && this.#isSealed) throw new Error("no target");
        node = { ...target ?? node, layer: this.#layer };
        if (target === undefined) {
          node.text = undefined;
          links.push([node, text(member.linkName)]);
        } else {
          node.file = target.file;
        }
      }
      this.#makeParents(parent);
      const old = this.#nodes.get(path);
      if (kind === "directory" && old?.kind === "directory") {
        Object.assign(old, { mode, layer: this.#layer, described: this.#layer });
        continue;
      }
      this.#remove(path, () => true);
      this.#nodes.set(path, { ...node, described: this.#layer });
      if (kind === "hardlink" && node.text === undefined) {
        links.at(-1)![0] = this.#nodes.get(path)!;
      }
    }
    this.#settle(links);
  }

  /** Links whose file has come take it over, until nothing changes any more. */
  #settle(links: readonly (readonly [Node, string])[]): void {
    const targets = links.map(([, target]) => this.#find(target));
    for (let changed = true; changed;) {
      changed = false;
      for (const [i, [node]] of links.entries()) {
        const target = targets[i];
        if (target?.kind === "directory") throw new Error("link to a directory");
        if (node.text !== undefined || target?.text === undefined) continue;
        const { file } = node;
        for (const each of [...this.#nodes.values(), ...links.map(([node]) => node)]) {
          if (each.file !== file) continue;
          Object.assign(each, { kind: target.kind, text: target.text, mode: target.mode });
          each.file = target.file;
        }
        changed = true;
      }
    }
    if (links.some(([node]) => node.text === undefined)) throw new Error("no target");
  }

  /** A line a path: kind, text, mode, number of names. */
  lines(): string[] {
    const nodes = [...this.#nodes].sort(([a], [b]) => a < b ? -1 : 1);
    return nodes.map(([path, { kind, text, mode, file }]) => {
      const names = nodes.filter(([, node]) => node.file === file).length;
      return `${path} ${kind} ${kind === "directory" ? "" : text} ${mode.toString(8)} ${names}`;
    }).sort();
  }

  #directory(mode: number): Node {
    return { kind: "directory", text: "", mode, layer: this.#layer, described: 0, file: {} };
  }

  #find(path: string): Node | undefined {
    const [parent, name] = split(this.#real(path, true));
    if (name === undefined) return this.#nodes.get("");
    if (this.#isSealed && this.#nodes.get(parent)?.kind !== "directory") throw new Error(parent);
    return this.#nodes.get(`${parent}/${name}`);
  }

  /** The path without dots and without links, but for the last name. */
  #real(path: string, keepLast: boolean): string {
    const clean: string[] = [];
    for (const name of path.split("/")) {
      if (name === ".." && this.#isSealed) throw new Error("..");
      if (name === "..") clean.pop();
      else if (name !== "" && name !== ".") clean.push(name);
    }
    const last = keepLast ? clean.pop() : undefined;
    const tail = last === undefined ? "" : `/${last}`;
    if (this.#isSealed) return clean.map((name) => `/${name}`).join("") + tail;
    const real: string[] = [];
    let left = clean;
    for (let links = 0; left.length > 0;) {
      const [name, ...rest] = left as [string, ...string[]];
      left = rest;
      if (name === "..") real.pop();
      if (name === ".." || name === "." || name === "") continue;
      const node = this.#nodes.get([...real.map((each) => `/${each}`), `/${name}`].join(""));
      if (node?.kind !== "symlink") {
        real.push(name);
        continue;
      }
      if (++links > 40) throw new Error("links");
      if (node.text!.startsWith("/")) real.length = 0;
      left = [...node.text!.split("/"), ...left];
    }
    return real.map((name) => `/${name}`).join("") + tail;
  }

  #makeParents(path: string): void {
    if (this.#isSealed) return;
    const names = path.split("/");
    for (let i = 1; i <= names.length; i++) {
      const above = names.slice(0, i).join("/");
      const node = this.#nodes.get(above);
      if (node?.kind === "directory") node.layer = this.#layer;
      else this.#nodes.set(above, this.#directory(0o755));
    }
  }

  #whiteOut(parent: string, name: string): void {
    if (["", ".", ".."].includes(name)) throw new Error("no name");
    const isOpaque = name === ".wh..opq";
    const isMade = ({ layer }: Node) => !this.#isSealed && layer === this.#layer;
    const path = isOpaque ? parent : `${parent}/${name}`;
    const kept = isOpaque ? this.#nodes.get(path) : undefined;
    const node = this.#nodes.get(path);
    if (isOpaque && node?.kind !== "directory") return;
    this.#remove(path, (node) => node !== kept && !isMade(node));
    if (!isOpaque && node?.kind === "directory" && node.described !== this.#layer) {
      node.mode = 0o755;
    }
  }

  #remove(path: string, isVictim: (node: Node) => boolean): void {
    for (const [each, node] of [...this.#nodes]) {
      if ((each === path || each.startsWith(`${path}/`)) && isVictim(node)) {
        this.#nodes.delete(each);
      }
    }
  }
}

/** The directory of a path, and its last name; no name for the root. */
function split(path: string): [parent: string, name: string | undefined] {
  const at = path.lastIndexOf("/");
  return at < 0 ? ["", undefined] : [path.slice(0, at), path.slice(at + 1)];
}

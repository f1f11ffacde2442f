/**
 * Reading what consists of layers, container images and tar archives, for images of it.
 *
 * @module
 */

import type { DiskStore } from "../../ffi/disk.ts";
import { checkSource, type ReadSource } from "../../lib/composefs/image.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { ReadMembers } from "../../lib/layers/read_layers.ts";
import { type NamedLayer, treeOfLayers, type TreeRules } from "../../lib/layers/rules.ts";
import { isPolicyPath } from "../../lib/selinux/policy.ts";
import type { TreeTransform } from "../../lib/tree/change_tree.ts";
import type { XattrFilter } from "../../lib/tree/source.ts";
import type { Tree } from "../../lib/tree/tree.ts";
import { type LayerChoice, type LayeredTransport, openLayers } from "./layers.ts";
import type { Named } from "./opened.ts";

/** How layers are read, and what is made of them. */
export interface LayeredSettings extends LayerChoice {
  /** By what files are digested. */
  readonly algorithms: readonly HashAlgorithm[];
  /** Where their contents go; nowhere if absent. */
  readonly store?: DiskStore | undefined;
  readonly threads?: number | undefined;
  readonly rules: TreeRules;
  /** Which xattrs stay where the rules drop some. */
  readonly xattrs?: XattrFilter | undefined;
  /** What else is changed in the tree. */
  readonly transform?: TreeTransform | undefined;
  /** Tells of which files the contents are wanted besides; by default of what the rules want. */
  readonly capture?: (name: Uint8Array) => boolean;
  /** Told of the layers before the tree is made of them. */
  readonly onLayers?: (
    layers: readonly NamedLayer<number>[],
    captured: ReadMembers["captured"],
  ) => void;
}

/**
 * Reads the layers that a reference names.
 *
 * @throws {Error} If they cannot be read, or do not make a tree.
 */
export async function readLayered(
  transport: LayeredTransport,
  named: Pick<Named, "shown" | "rest" | "stream" | "context">,
  settings: LayeredSettings,
): Promise<ReadSource> {
  const { terminal, machine } = named.context;
  const { algorithms, store, threads, rules, xattrs, transform, onLayers } = settings;
  const capture = settings.capture ?? (rules === "bootable" ? isPolicyPath : undefined);
  using layers = openLayers(transport, named, settings);
  const progress = terminal.progress("Reading layers", "bytes", layers.size);
  try {
    let tree: Tree<number> | undefined;
    const makeTree = ({ layers: read, captured }: ReadMembers) => {
      const named = read.map((members, i) => ({ shown: layers.sources[i]!.shown, members }));
      onLayers?.(named, captured);
      const readFile = (row: number) => captured.get(row);
      const made = treeOfLayers(named, rules, { xattrs, readFile });
      tree = transform?.(made) ?? made;
    };
    const { contents } = await machine.readLayers(layers.sources, {
      algorithms,
      store,
      threads,
      readsOnce: named.stream !== undefined,
      onRead: progress.update,
      onMembers: makeTree,
      ...(capture === undefined ? {} : { capture }),
    });
    const source = { tree: tree!, contents };
    checkSource(source);
    return source;
  } finally {
    progress.finish();
  }
}

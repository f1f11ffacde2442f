/**
 * Reading what consists of layers, container images and tar archives, for images of it.
 *
 * @module
 */

import type { DiskStore } from "../../ffi/disk.ts";
import { checkSource, type ReadSource } from "../../lib/composefs/image.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { ReadMembers } from "../../lib/layers/read_layers.ts";
import { treeOfLayers, type TreeRules } from "../../lib/layers/rules.ts";
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
  const { algorithms, store, threads, rules, xattrs, transform } = settings;
  using layers = openLayers(transport, named, settings);
  const progress = terminal.progress("Reading layers", "bytes", layers.size);
  try {
    let tree: Tree<number> | undefined;
    const makeTree = ({ layers: read, captured }: ReadMembers) => {
      const made = treeOfLayers(
        read.map((members, i) => ({ shown: layers.sources[i]!.shown, members })),
        rules,
        { xattrs, readFile: (row) => captured.get(row) },
      );
      tree = transform?.(made) ?? made;
    };
    const { contents } = await machine.readLayers(layers.sources, {
      algorithms,
      store,
      threads,
      readsOnce: named.stream !== undefined,
      onRead: progress.update,
      onMembers: makeTree,
      ...(rules === "bootable" ? { capture: isPolicyPath } : {}),
    });
    const source = { tree: tree!, contents };
    checkSource(source);
    return source;
  } finally {
    progress.finish();
  }
}

/**
 * What references name, as trees to be compared: each is read once, whatever is asked of it.
 *
 * @module
 */

import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { type Reading, sealedReadings, type Subject } from "../../../lib/compare/candidates.ts";
import { objectAlgorithm } from "../../../lib/compare/object_algorithm.ts";
import type { Contents } from "../../../lib/composefs/contents.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import type { FormatVersion } from "../../../lib/composefs/version.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { LayerMerger } from "../../../lib/layers/merge.ts";
import type { TreeRules } from "../../../lib/layers/rules.ts";
import { isPolicyPath, type ReadPolicyFile } from "../../../lib/selinux/policy.ts";
import { withLeaves } from "../../../lib/tree/rebuild_tree.ts";
import type { Content, Leaf, Tree } from "../../../lib/tree/tree.ts";
import type { Context } from "../../args/command.ts";
import { openImageFile } from "../../references/image_file.ts";
import { isLayered, type LayeredTransport } from "../../references/layers.ts";
import { readLayered } from "../../references/layered.ts";
import { findTransport } from "../../references/open.ts";
import type { Named } from "../../references/opened.ts";
import type { ReferenceOptions } from "../../references/options.ts";
import { readDump } from "../../references/read_dump.ts";
import type { Reference } from "../../references/reference.ts";
import { contentRules, directoryRules, inlineFile, policyFiles } from "../../references/rules.ts";
import { loading } from "../image/load_image.ts";

/** A subject, and what messages call it. */
export interface NamedSubject extends Subject {
  readonly shown: string;
}

/** A reference of which is known what it is, to be read when it is known by what to digest. */
export interface PendingSubject {
  /** By what its objects are digested, if that is decided already: it is an image or a dump. */
  readonly algorithm: HashAlgorithm | undefined;
  /** Reads it, unless it has been. */
  read(algorithm: HashAlgorithm): Promise<NamedSubject>;
}

/**
 * Looks at what a reference names. Images and dumps are read at once: they say by what others are to be digested.
 *
 * @throws {Error} If there is none.
 */
export function findSubject(
  reference: Reference,
  options: ReferenceOptions,
  context: Context,
): PendingSubject {
  const { transport, stream } = findTransport(reference, context);
  const { shown, rest } = reference;
  const named: Named = { shown, rest, stream, options, context };
  if (transport === "dir") {
    return { algorithm: undefined, read: (algorithm) => readDirectory(named, algorithm) };
  }
  if (isLayered(transport)) {
    return { algorithm: undefined, read: (algorithm) => readLayers(transport, named, algorithm) };
  }
  const read = transport === "image" ? readImage(named) : readDumpFile(named);
  return {
    algorithm: objectAlgorithm(read.tree),
    read: (algorithm) => Promise.resolve(withDigest(read, algorithm)),
  };
}

interface ReadFile extends NamedSubject {
  /** The image, if it is one. */
  readonly bytes?: Uint8Array;
}

function withDigest({ bytes, ...subject }: ReadFile, algorithm: HashAlgorithm): NamedSubject {
  return bytes === undefined
    ? subject
    : { ...subject, digest: fsVerityDigest(bytes, { algorithm }) };
}

function readImage(named: Named): ReadFile {
  using opened = openImageFile(named);
  const { bytes } = opened.read();
  return loading(opened, () => {
    const image = openImage(bytes);
    const version = image.version as FormatVersion;
    return { shown: named.shown, tree: image.tree(), version, bytes, readFile: inlineFile };
  });
}

function readDumpFile({ shown, rest, stream, options, context: { machine } }: Named): ReadFile {
  const parsed = readDump(stream?.chunks() ?? machine.readFile(rest), shown);
  const tree = contentRules(options.as ?? "container")?.(parsed) ?? parsed;
  return { shown, tree, readFile: inlineFile };
}

async function readDirectory(
  { shown, rest, options, context: { machine, terminal } }: Named,
  algorithm: HashAlgorithm,
): Promise<NamedSubject> {
  using source = machine.openTree(concatBytes(rest, utf8("/")));
  const reading = terminal.progress(`Reading ${shown}`, "bytes");
  try {
    const { tree, contents } = await machine.readTree(source, {
      algorithms: [algorithm],
      hardLinks: true,
      xattrs: "all",
      transform: directoryRules(options.as ?? "container", source),
      onRead: reading.update,
    });
    const captured = policyFiles(tree, source);
    return { shown, ...decided(tree, contents, algorithm, captured) };
  } finally {
    reading.finish();
  }
}

async function readLayers(
  transport: LayeredTransport,
  named: Named,
  algorithm: HashAlgorithm,
): Promise<NamedSubject> {
  const rules: TreeRules = named.options.as ?? "container";
  let ordered: Tree<number> | undefined;
  let captured: ReadonlyMap<number, Uint8Array> = new Map();
  const { tree, contents } = await readLayered(transport, named, {
    ...named.options,
    algorithms: [algorithm],
    rules,
    capture: isPolicyPath,
    onLayers(layers, found) {
      captured = found;
      if (rules !== "container") return;
      try {
        const merger = new LayerMerger<number>("sealed");
        for (const { shown, members } of layers) merger.apply(members, shown);
        ordered = merger.finish();
      } catch {
        // These rules are not for such layers.
      }
    },
  });
  const read = decided(tree, contents, algorithm, (row) => captured.get(row));
  if (ordered === undefined) return { shown: named.shown, ...read };
  const other = decided(ordered, contents, algorithm, (row) => captured.get(row));
  const readings = [
    { ...IN_ORDER, tree: other.tree },
    ...sealedReadings(other.tree, other.readFile),
  ];
  return { shown: named.shown, ...read, readings };
}

const IN_ORDER: Omit<Reading, "tree"> = {
  name: "whiteouts-in-order",
  says: "whiteouts and opaque directories act on what their own layer has before them, too",
  knownOf: "composefs-rs, for every image of layers",
};

/** A tree whose files are rows, with what is in them. */
function decided(
  tree: Tree<number>,
  contents: Contents,
  algorithm: HashAlgorithm,
  readRow: ReadPolicyFile<number>,
): Pick<Subject, "tree" | "readFile"> {
  const rows = new Map<Content, number>();
  const leaves = tree.leaves.map((leaf): Leaf<Content> => {
    if (leaf.kind !== "regular") return leaf;
    const file = contents.content(leaf.file, algorithm);
    rows.set(file, leaf.file);
    return { ...leaf, file };
  });
  const readFile = (file: Content) => {
    const row = rows.get(file);
    return row === undefined ? undefined : readRow(row);
  };
  return { tree: withLeaves(tree, leaves), readFile };
}

/**
 * `cat`: contents of files of an image.
 *
 * @module
 */

import { InterruptedError } from "../../../ffi/sys/signals.ts";
import { quote } from "../../../lib/bytes/text.ts";
import type { File } from "../../../lib/file/file.ts";
import { type ComposefsImage, openImage } from "../../../lib/composefs/open.ts";
import type { Content, Regular } from "../../../lib/tree/tree.ts";
import {
  type Context,
  defineCommand,
  type OperandValues,
  type OptionValues,
} from "../../args/command.ts";
import type { Output } from "../../terminal.ts";
import { orderError } from "../../references/operand_order.ts";
import { openOperand } from "../../references/open.ts";
import { storePaths, Stores } from "../../references/stores.ts";
import { loading } from "../image/load_image.ts";
import { contentOptions, openFile, openOptions } from "./content_options.ts";
import { openTrees, treeCacheOption } from "./_tree_cache.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";

/** Bytes copied at a time. */
const CHUNK_SIZE = 1 << 17;

const operands = {
  image: IMAGE_OPERAND,
  paths: {
    name: "PATH",
    summary: "A regular file of the image",
    inImage: { followsLinks: true },
    repeated: true,
  },
} as const;

const options = { ...contentOptions, ...referenceOptions, ...treeCacheOption } as const;

/** The command `composefs cat`. */
export const cat = defineCommand({
  name: "cat",
  summary: "Print files of an image",
  description: [
    "No mount is needed. Contents are verified before any of them is printed. An object is digested when it is opened, and each block of a large one once more as it is read; where its Merkle tree is at hand, from the kernel or in --tree-cache, each block just once, as it is printed.",
    "Symbolic links are followed within the image.",
    REFERENCE_HELP,
  ],
  operands,
  options,
  examples: [{
    summary: "Print a file, trusting nothing but a digest",
    command: "composefs cat --store=objects --digest=DIGEST rootfs.cfs /etc/os-release",
  }],
  exitStatus: ["0 if all files were printed, 1 if not."],
  async run(given, named, context) {
    try {
      return await printFiles(given, named, context);
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      // A path in the image may be that of an image outside: only if there is no such file, it was meant.
      throw orderError(named.image, named.paths[0]!, "PATH", context) ?? error;
    }
  },
});

async function printFiles(
  given: OptionValues<typeof options>,
  { image, paths }: OperandValues<typeof operands>,
  context: Context,
): Promise<number> {
  const { terminal, machine } = context;
  const storesGiven = storePaths(given, context);
  const needsContents = storesGiven.length === 0;
  using reference = await openOperand(image, context, { ...given, needsContents });
  const opened = loading(reference, () => openImage(reference.image));
  using stores = new Stores(machine, storesGiven);
  using trees = openTrees(given, storesGiven, context);
  const layers = [...stores.layers, ...reference.layers];
  const opening = openOptions({ layers, trees }, given);
  for (const path of paths) {
    using file = openFile(loading(reference, () => findFile(opened, path)), path, opening);
    copy(file, terminal.stdout);
  }
  return 0;
}

function findFile(image: ComposefsImage, path: Uint8Array): Regular<Content> {
  const { node } = image.lookup(path);
  if (node.kind === "regular") return node;
  throw new Error(
    `Cannot print ${quote(path)}: a ${node.kind} file, expected a regular one`,
  );
}

function copy(file: File, stdout: Output): void {
  const buffer = new Uint8Array(file.bytesAt === undefined ? CHUNK_SIZE : 0);
  const bytesAt = (position: number) =>
    file.bytesAt?.(position) ?? buffer.subarray(0, file.readAt(buffer, position));
  for (let position = 0;;) {
    const bytes = bytesAt(position);
    if (bytes.length === 0) return;
    stdout.write(bytes);
    position += bytes.length;
  }
}

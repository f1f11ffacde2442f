/**
 * `complete-path`: what a path in an image may go on with. Completion scripts call it, nobody else.
 *
 * @module
 */

import { InterruptedError } from "../../../ffi/sys/signals.ts";
import { startsWith } from "../../../lib/bytes/compare.ts";
import { concatBytes, latin1, printable, utf8 } from "../../../lib/bytes/text.ts";
import type { ImageEntry } from "../../../lib/composefs/image_entry.ts";
import { type ComposefsImage, openImage } from "../../../lib/composefs/open.ts";
import { splitNames } from "../../../lib/tree/place.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { type Command, type Context, defineCommand, type Group } from "../../args/command.ts";
import { type TypedPath, typedPath } from "../../args/path_in_image.ts";
import { kindOfFile, TELLING_SIZE } from "../../references/kind_of_file.ts";
import { openReference } from "../../references/open.ts";
import { parseReference } from "../../references/reference.ts";

/** A longer list helps nobody. */
const MAX_ENTRIES = 2000;

/** Dumps are read from end to end. This is as much as takes a fraction of a second. */
const MAX_DUMP_SIZE = 1 << 23;

/**
 * The command `composefs complete-path`.
 *
 * @param composefs Gives the table that it is in itself.
 */
export function completePath(composefs: () => Group): Command {
  return defineCommand({
    name: "complete-path",
    summary: "List what the path in an image may go on with that a command line ends in",
    description: [
      "Prints paths, a line each, those of directories with a slash at the end; none if the image cannot be read, or is no image and no dump.",
    ],
    operands: {
      words: {
        name: "WORD",
        summary: "The command line so far, without composefs",
        repeated: true,
      },
    },
    options: {},
    exitStatus: ["0 if the last word is a path in an image, 1 if it is something else."],
    async run(_, { words: [name, ...args] }, context) {
      const typed = typedIn(composefs(), printable(name!), args);
      if (typed === undefined) return 1;
      const paths = await quietly(() => listPaths(typed, context), []);
      for (const path of paths) {
        context.terminal.stdout.write(path);
        context.terminal.stdout.write("\n");
      }
      return 0;
    },
  });
}

function typedIn(
  composefs: Group,
  name: string,
  args: readonly Uint8Array<ArrayBuffer>[],
): TypedPath | undefined {
  const entry = composefs.commands.find((command) => command.name === name);
  if (entry?.kind !== "command") return undefined;
  try {
    return typedPath(entry, args);
  } catch {
    // A command line that is wrong so far is told of when it is run.
    return undefined;
  }
}

/** Whoever presses a key wants no messages in between. */
async function quietly<Result>(work: () => Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return otherwise;
  }
}

/** Lists the paths that begin like the one that is typed. */
async function listPaths(typed: TypedPath, context: Context): Promise<Uint8Array[]> {
  const reference = parseReference(typed.image);
  const kind = kindOf(typed.image, context);
  if (kind === undefined) return [];
  using opened = await openReference({ ...reference, transport: kind }, context);
  return matches(openImage(opened.image), typed);
}

/** What a word names, if it is a file that may be read on the way. */
function kindOf(
  word: Uint8Array<ArrayBuffer>,
  { machine }: Context,
): "image" | "dump" | undefined {
  const { transport, rest, isStream } = parseReference(word);
  if (isStream) return undefined;
  const start = machine.readStart(rest, TELLING_SIZE);
  if (start.kind !== "regular") return undefined;
  const kind = transport ?? kindOfFile(start.head);
  if (kind !== "dump") return kind === "image" ? kind : undefined;
  using file = machine.openFile(rest);
  return isShort(file) ? kind : undefined;
}

function isShort({ size }: { readonly size: number }): boolean {
  return size <= MAX_DUMP_SIZE;
}

function matches(image: ComposefsImage, { path, followsLinks }: TypedPath): Uint8Array[] {
  const end = path.lastIndexOf(SLASH[0]!) + 1;
  const [before, start] = [path.subarray(0, end), path.subarray(end)];
  const directory = followsLinks ? image.lookup(before) : findPlainly(image, before);
  if (directory?.kind !== "directory") return [];
  const found: { readonly entry: ImageEntry; readonly path: Uint8Array }[] = [];
  for (const entry of directory.entries()) {
    if (!startsWith(entry.name, start) || isUnprintable(entry.name)) continue;
    found.push({ entry, path: concatBytes(path.length === 0 ? SLASH : before, entry.name) });
    if (found.length === MAX_ENTRIES) break;
  }
  const mayBeLink = followsLinks && found.length === 1;
  return found.map(({ entry, path }) => {
    const isDirectory = entry.kind === "directory" ||
      mayBeLink && entry.kind === "symlink" && leadsToDirectory(image, path);
    return isDirectory ? concatBytes(path, SLASH) : path;
  });
}

const SLASH = utf8("/");

/** Finds a file, following no links. */
function findPlainly(image: ComposefsImage, path: Uint8Array): ImageEntry | undefined {
  let file: ImageEntry | undefined = image.root;
  for (const name of splitNames(path)) {
    file = file?.kind === "directory" ? file.find(name) : undefined;
  }
  return file;
}

function leadsToDirectory(image: ComposefsImage, path: Uint8Array): boolean {
  try {
    return image.lookup(path).kind === "directory";
  } catch (error) {
    if (error instanceof TreeError) return false;
    throw error;
  }
}

/** Tells whether a name would be two lines, or move the cursor. */
function isUnprintable(name: Uint8Array): boolean {
  // deno-lint-ignore no-control-regex
  return /[\x00-\x1f\x7f]/.test(latin1(name));
}

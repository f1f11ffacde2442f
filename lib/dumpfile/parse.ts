/**
 * Dump file to tree, line by line as the bytes arrive.
 *
 * Lines may come in any order as long as a directory precedes what it holds. Hard links are resolved
 * when all lines are read. What mkcomposefs 1.0.8 accepts is accepted, except where its result is
 * undefined: a malformed digest, a NUL in a name, a hard link to a directory, sizes above 2^53.
 *
 * @see composefs-dump(5)
 *
 * @module
 */

import { LineError, refuseProblem } from "./_line_error.ts";
import { quote } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { isDotOrDotDot, nameProblem } from "../tree/name.ts";
import { GrowingDirectory } from "../tree/growing_directory.ts";
import {
  type Content,
  type Entry,
  type FileKind,
  kindOfMode,
  type Leaf,
  type Tree,
} from "../tree/tree.ts";
import { type EntryHead, EntryParser } from "./_entry.ts";
import { Fields, type PathSpan } from "./_fields.ts";
import { PendingLinks } from "./_hard_links.ts";
import { LineSplitter } from "./_lines.ts";
import { DirectoryCursor } from "./_cursor.ts";
import { DumpfileSyntaxError } from "./syntax_error.ts";

const SLASH = 0x2f;
const AT_SIGN = 0x40;

/** How a dump file is parsed. */
export interface ParseDumpfileOptions {
  /**
   * Refuses what mkcomposefs refuses under `CFS_PARSE_STRICT`: a missing newline at the end, a device
   * number on anything but a device, a symlink with content or a size that is not its target's length.
   */
  readonly strict?: boolean;
}

/**
 * Parses a dump file.
 *
 * @param chunks The file, cut anywhere. The chunks are kept: parts of the tree are views of them.
 * @throws {DumpfileSyntaxError} If the file breaks the format; it has the line's number.
 *
 * @example A tree of one file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseDumpfile } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/a 2 100644 1 0 0 0 0.0 - hi -\n";
 * const tree = parseDumpfile([new TextEncoder().encode(dump)]);
 * assertEquals(tree.root.entries.length, 1);
 * assertEquals(tree.leaves[0]!.kind, "regular");
 * ```
 */
export function parseDumpfile(
  chunks: Iterable<Uint8Array>,
  options: ParseDumpfileOptions = {},
): Tree<Content> {
  const parser = new DumpfileParser(options);
  for (const chunk of chunks) parser.push(chunk);
  return parser.finish();
}

/** Parses a dump file that arrives in chunks: `push` each of them, then `finish`. */
export class DumpfileParser {
  readonly #strict: boolean;
  readonly #lines = new LineSplitter();
  readonly #fields = new Fields();
  readonly #entries: EntryParser;
  readonly #links = new PendingLinks();
  readonly #directories: GrowingDirectory[] = [];
  readonly #leaves: Leaf<Content>[] = [];
  readonly #extended = new Set<number>();
  #cursor: DirectoryCursor | undefined;
  #line = 0;

  /** Starts at the first line. */
  constructor(options: ParseDumpfileOptions = {}) {
    this.#strict = options.strict ?? false;
    this.#entries = new EntryParser({ strict: this.#strict });
  }

  /**
   * Takes the next part of the file, cut anywhere. The chunk is kept.
   *
   * @throws {DumpfileSyntaxError} If a line that ends in it breaks the format.
   */
  push(chunk: Uint8Array): void {
    this.#attempt(() => {
      this.#lines.push(chunk);
      while (this.#lines.next()) this.#parseLine();
    });
  }

  /**
   * Ends the file.
   *
   * @returns All that was read.
   * @throws {DumpfileSyntaxError} If the file is empty, or its last line or a hard link is wrong.
   */
  finish(): Tree<Content> {
    if (this.#lines.finish()) {
      this.#attempt(() => this.#parseLine());
      if (this.#strict) {
        throw new DumpfileSyntaxError(this.#line, "missing trailing newline");
      }
    }
    const root = this.#cursor?.root;
    if (root === undefined) throw new DumpfileSyntaxError(0, "no files in dump file");
    for (const directory of this.#directories) directory.settle();
    const tree = { root, leaves: this.#leaves };
    const homes = this.#links.resolve(tree);
    const extended = this.#extended;
    return homes.size + extended.size === 0 ? tree : { ...tree, form: { homes, extended } };
  }

  /** Adds the line's number to what is thrown. */
  #attempt(parse: () => void): void {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      throw new DumpfileSyntaxError(Math.max(this.#line, 1), error.message, { cause: error });
    }
  }

  #parseLine(): void {
    this.#line++;
    const nul = this.#lines.nul();
    if (nul >= 0) throw new LineError(`NUL byte at offset ${nul}`);
    const fields = this.#fields;
    fields.move(this.#lines.bytes, this.#lines.start, this.#lines.end);
    const path = fields.path();
    if (path.end === path.start) throw new LineError("empty path");
    const sizeAt = fields.position;
    fields.skip();
    const hardLink = fields.takePrefix(AT_SIGN);
    const mode = fields.u32(8);
    const head = { sizeAt, kind: parseKind(mode), mode: mode & 0o7777 };
    if (path.end - path.start === 1 && path.bytes[path.start] === SLASH) {
      this.#addRoot(hardLink, head);
    } else if (this.#cursor === undefined) {
      throw new LineError(`root node not present before ${quote(wholeOf(path))}`);
    } else {
      this.#addEntry(this.#cursor, path, hardLink, head);
    }
  }

  #addRoot(hardLink: boolean, head: EntryHead): void {
    if (this.#cursor !== undefined) throw new LineError("there cannot be multiple roots");
    if (hardLink || head.kind !== "directory") throw new LineError("root must be a directory");
    const root = this.#parseNode(head);
    if (!(root instanceof GrowingDirectory)) {
      throw new TypeError("A directory line parsed as a leaf");
    }
    this.#cursor = new DirectoryCursor(root);
  }

  #addEntry(
    cursor: DirectoryCursor,
    path: PathSpan,
    hardLink: boolean,
    head: EntryHead,
  ): void {
    const parent = cursor.move(path);
    const name = viewOf(path.bytes, path.slash + 1, path.end);
    if (isDotOrDotDot(name)) {
      throw new LineError(`invalid . or .. in path ${quote(wholeOf(path))}`);
    }
    refuseProblem(nameProblem(name));
    const entry = hardLink ? this.#parseHardLink(path, head.kind) : this.#parseFile(name, head);
    if (!parent.add(entry)) {
      throw new LineError(`cannot add child ${quote(wholeOf(path))}: it is there already`);
    }
  }

  #parseFile(name: Uint8Array, head: EntryHead): Entry {
    const node = this.#parseNode(head);
    if (node.kind === "directory") return { name, node };
    const number = this.#leaves.push(node) - 1;
    if (this.#entries.isOversized) this.#extended.add(number);
    return { name, node: number };
  }

  #parseNode(head: EntryHead): GrowingDirectory | Leaf<Content> {
    const node = this.#entries.parse(this.#fields, head);
    if (node instanceof GrowingDirectory) this.#directories.push(node);
    return node;
  }

  #parseHardLink(path: PathSpan, kind: FileKind): Entry {
    if (kind === "directory") throw new LineError("directories cannot be hard linked");
    const fields = this.#fields;
    // SIZE is skipped by now; NLINK, UID, GID, RDEV and MTIME of a hard link are not looked at either.
    for (let i = 0; i < 5; i++) fields.skip();
    const target = fields.optional("hard link target");
    if (target === undefined) throw new LineError("no target path for the hard link");
    return this.#links.add(path, target, this.#line);
  }
}

function wholeOf({ bytes, start, end }: PathSpan): Uint8Array {
  return bytes.subarray(start, end);
}

function parseKind(mode: number): FileKind {
  const kind = kindOfMode(mode);
  if (kind === undefined) {
    throw new LineError(`invalid mode ${mode.toString(8)}, expected a file type and permissions`);
  }
  return kind;
}

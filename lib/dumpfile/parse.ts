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

import { printable } from "../bytes/text.ts";
import { checkName, isDotOrDotDot } from "../tree/limits.ts";
import { GrowingDirectory } from "../tree/growing_directory.ts";
import { type Content, type FileKind, kindOfMode, type Tree } from "../tree/tree.ts";
import { type EntryHead, type EntryOptions, Fields, parseEntry, refuseNul } from "./entry.ts";
import { unescapeField } from "./escape.ts";
import { PendingLinks } from "./hard_links.ts";
import { LineSplitter } from "./lines.ts";
import { parseU32 } from "./number.ts";
import { DirectoryCursor } from "./cursor.ts";
import { DumpfileSyntaxError } from "./syntax_error.ts";

const SLASH = 0x2f;
const AT_SIGN = 0x40;
const NO_PATH = new Uint8Array();

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
 * const root = parseDumpfile([new TextEncoder().encode(dump)]);
 * assertEquals(root.entries.length, 1);
 * assertEquals(root.entries[0]!.node.kind, "regular");
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
  readonly #options: EntryOptions;
  readonly #lines = new LineSplitter();
  readonly #links = new PendingLinks();
  readonly #directories: GrowingDirectory<Content>[] = [];
  #cursor: DirectoryCursor | undefined;
  #line = 0;

  /** Starts at the first line. */
  constructor(options: ParseDumpfileOptions = {}) {
    this.#options = { strict: options.strict ?? false };
  }

  /**
   * Takes the next part of the file, cut anywhere. The chunk is kept.
   *
   * @throws {DumpfileSyntaxError} If a line that ends in it breaks the format.
   */
  push(chunk: Uint8Array): void {
    this.#attempt(() => {
      for (const line of this.#lines.push(chunk)) this.#parseLine(line);
    });
  }

  /**
   * Ends the file.
   *
   * @returns The root directory of all that was read.
   * @throws {DumpfileSyntaxError} If the file is empty, or its last line or a hard link is wrong.
   */
  finish(): Tree<Content> {
    const last = this.#lines.finish();
    if (last !== undefined) {
      this.#attempt(() => this.#parseLine(last));
      if (this.#options.strict) {
        throw new DumpfileSyntaxError(this.#line, "missing trailing newline");
      }
    }
    const root = this.#cursor?.root;
    if (root === undefined) throw new DumpfileSyntaxError(0, "no files in dump file");
    for (const directory of this.#directories) directory.settle();
    this.#links.resolve(root);
    return root;
  }

  /** Adds the line's number to what is thrown. */
  #attempt(parse: () => void): void {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof SyntaxError) || error instanceof DumpfileSyntaxError) throw error;
      throw new DumpfileSyntaxError(Math.max(this.#line, 1), error.message, { cause: error });
    }
  }

  #parseLine(line: Uint8Array): void {
    this.#line++;
    const nul = line.indexOf(0);
    if (nul >= 0) throw new SyntaxError(`NUL byte at offset ${nul}`);
    const fields = new Fields(line);
    const path = unescapeField(fields.next());
    refuseNul(path, "path");
    if (path.length === 0) throw new SyntaxError("empty path");
    const size = fields.next();
    const { hardLink, kind, mode } = parseMode(fields.next());
    const head = { size, kind, mode };
    if (path.length === 1 && path[0] === SLASH) {
      this.#addRoot(fields, hardLink, head);
    } else if (this.#cursor === undefined) {
      throw new SyntaxError(`root node not present before "${printable(path)}"`);
    } else {
      this.#addEntry(this.#cursor, path, fields, hardLink, head);
    }
  }

  #addRoot(fields: Fields, hardLink: boolean, head: EntryHead): void {
    if (this.#cursor !== undefined) throw new SyntaxError("there cannot be multiple roots");
    if (hardLink || head.kind !== "directory") throw new SyntaxError("root must be a directory");
    const entry = parseEntry(fields, head, this.#options);
    if (entry.kind !== "directory") throw new TypeError("A directory line parsed as a leaf");
    const root = new GrowingDirectory<Content>(entry.stat);
    this.#directories.push(root);
    this.#cursor = new DirectoryCursor(root);
  }

  #addEntry(
    cursor: DirectoryCursor,
    path: Uint8Array,
    fields: Fields,
    hardLink: boolean,
    head: EntryHead,
  ): void {
    const slash = path.lastIndexOf(SLASH);
    const parent = cursor.move(slash < 0 ? NO_PATH : path.subarray(0, slash), path);
    const name = path.subarray(slash + 1);
    if (isDotOrDotDot(name)) throw new SyntaxError(`invalid . or .. in path "${printable(path)}"`);
    checkName(name);
    const node = hardLink
      ? this.#parseHardLink(path, fields, head.kind)
      : this.#parseNode(fields, head);
    if (!parent.add(name, node)) {
      throw new SyntaxError(`cannot add child "${printable(path)}": it is there already`);
    }
  }

  #parseNode(fields: Fields, head: EntryHead) {
    const entry = parseEntry(fields, head, this.#options);
    if (entry.kind === "leaf") return entry.leaf;
    const directory = new GrowingDirectory<Content>(entry.stat);
    this.#directories.push(directory);
    return directory;
  }

  #parseHardLink(path: Uint8Array, fields: Fields, kind: FileKind) {
    if (kind === "directory") throw new SyntaxError("directories cannot be hard linked");
    // SIZE is skipped by now; NLINK, UID, GID, RDEV and MTIME of a hard link are not looked at either.
    for (let i = 0; i < 5; i++) fields.next();
    const payload = fields.next();
    if (payload.length === 1 && payload[0] === 0x2d) {
      throw new SyntaxError("no target path for the hard link");
    }
    const target = unescapeField(payload);
    refuseNul(target, "hard link target");
    return this.#links.add(path, target, this.#line);
  }
}

function parseMode(field: Uint8Array): { hardLink: boolean; kind: FileKind; mode: number } {
  const hardLink = field[0] === AT_SIGN;
  const mode = parseU32(hardLink ? field.subarray(1) : field, 8);
  const kind = kindOfMode(mode);
  if (kind === undefined) {
    throw new SyntaxError(`invalid mode ${mode.toString(8)}, expected a file type and permissions`);
  }
  return { hardLink, kind, mode: mode & 0o7777 };
}

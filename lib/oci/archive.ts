/**
 * The files of an image that lie in a tar archive: oci-archives, and those of `docker save`.
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { quote } from "../bytes/text.ts";
import { UnsupportedCompressionError } from "../compression/compression_error.ts";
import { detectCompression, DETECTION_LENGTH } from "../compression/detect.ts";
import { type File, readWhole } from "../file/file.ts";
import { windowFile } from "../file/window.ts";
import type { TarMember } from "../tar/member.ts";
import { TarReader } from "../tar/read.ts";
import { TreeError } from "../tree/tree_error.ts";
import { cleanPath } from "./_paths.ts";
import type { NamedFiles } from "./named_files.ts";
import { OciError } from "./oci_error.ts";

/** Most members of an archive; images have thousands at most, also many in one archive. */
const MAX_MEMBERS = 65_536;
/** Longest name of a member, in bytes. */
const MAX_NAME_LENGTH = 1024;
/** As many symbolic links as the kernel follows. */
const MAX_LINKS = 40;
/** The unit that archives are made of. */
const BLOCK_SIZE = 512;
/** Bytes read at a time; most members are longer, and their contents are not read. */
const BUFFER_SIZE = 1 << 14;

/** What stands under a name. */
type Entry =
  | { readonly kind: "file"; readonly offset: number; readonly size: number }
  | { readonly kind: "sparse" }
  | { readonly kind: "symlink"; readonly target: Uint8Array };

/**
 * The files of a tar archive by their names, which are listed once; contents are read where they lie.
 *
 * Of members of one name the last counts, as when the archive is unpacked. Symbolic links from file to file are
 * followed within the archive: older versions of Docker put them in the place of layers that are there twice.
 *
 * @example An archive without files
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { memoryFile, TarFiles, TreeError } from "composefs-ts";
 *
 * const files = TarFiles.of(memoryFile(new Uint8Array(1024)));
 * assertThrows(() => files.open(new TextEncoder().encode("manifest.json")), TreeError);
 * ```
 */
export class TarFiles implements NamedFiles {
  readonly #archive: File;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(archive: File, entries: ReadonlyMap<string, Entry>) {
    this.#archive = archive;
    this.#entries = entries;
  }

  /**
   * Lists an archive.
   *
   * @param archive Has to stay open as long as its files are in use.
   * @throws {OciError} If it is compressed, or holds what no image does.
   * @throws {TarFormatError} If it is no tar archive.
   */
  static of(archive: File): TarFiles {
    checkCompression(archive);
    const index = new Index();
    const reader = new TarReader(index, { maxMembers: MAX_MEMBERS });
    const buffer = new Uint8Array(BUFFER_SIZE);
    let [start, end] = [0, 0];
    for (let at = 0;;) {
      if (at < start || at >= end) {
        [start, end] = [at, at + archive.readAt(buffer, at)];
        if (end === at) break;
      }
      // No further than to the next block, with which contents may begin.
      const next = Math.min(end, alignUp(at + 1, BLOCK_SIZE));
      reader.write(buffer.subarray(at - start, next - start));
      at = next;
      const { skippable } = reader;
      if (skippable === 0) continue;
      index.hasContents(at, skippable);
      const length = Math.min(skippable, Math.max(0, archive.size - at));
      reader.skip(length);
      at += length;
    }
    reader.end();
    return new TarFiles(archive, index.entries);
  }

  /**
   * Opens a file of the archive.
   *
   * @throws {TreeError} If there is none of that name, or its links lead nowhere.
   * @throws {OciError} If it is sparse, so that it is not in one piece.
   */
  open(path: Uint8Array): File {
    const refuse = (code: TreeError["code"], state: string) =>
      new TreeError(code, `Cannot open ${quote(path)}: ${state}`, path);
    let names = cleanPath(path);
    for (let links = 0; names !== undefined; links++) {
      if (links > MAX_LINKS) throw refuse("too-many-links", "too many levels of symbolic links");
      const entry = this.#entries.get(names.join("/"));
      if (entry?.kind === "file") return windowFile(this.#archive, entry.offset, entry.size);
      if (entry === undefined) break;
      if (entry.kind === "sparse") {
        const state = "a sparse file, expected one that is in the archive as a whole";
        throw new OciError("unsupported", `Cannot open ${quote(path)}: ${state}`);
      }
      names = cleanPath(entry.target, names.slice(0, -1));
    }
    throw refuse("not-found", "no such file in the archive");
  }
}

/** Makes a list of an archive's members as it is read. */
class Index {
  readonly entries = new Map<string, Entry>();
  /** The member that is being read. */
  #member: { readonly name: string; readonly size: number } | undefined;
  #contents: { readonly offset: number; readonly size: number } | undefined;

  member(member: TarMember): void {
    const refuse = (state: string) =>
      new OciError(
        "unsupported",
        `Cannot use member ${quote(member.name)} of the archive: ${state}`,
      );
    if (member.name.length > MAX_NAME_LENGTH) {
      throw refuse(`a name of ${member.name.length} bytes, expected at most ${MAX_NAME_LENGTH}`);
    }
    const name = nameOf(member.name, refuse);
    this.#member = undefined;
    this.#contents = undefined;
    if (member.kind === "regular") {
      this.#member = { name, size: member.size };
    } else if (member.kind === "symlink" && member.linkName.length <= MAX_NAME_LENGTH) {
      this.entries.set(name, { kind: "symlink", target: member.linkName });
    } else if (member.kind === "hardlink") {
      const target = this.entries.get(nameOf(member.linkName, refuse));
      if (target === undefined) {
        throw refuse(`another name of ${quote(member.linkName)}, expected a file before it`);
      }
      this.entries.set(name, target);
    } else {
      this.entries.delete(name);
    }
  }

  /** Told where the contents of the member are that has just begun. */
  hasContents(offset: number, size: number): void {
    this.#contents ??= { offset, size };
  }

  contents(): void {}

  end(): void {
    if (this.#member === undefined) return;
    const { name, size } = this.#member;
    const { offset, size: stored } = this.#contents ?? { offset: 0, size: 0 };
    this.entries.set(name, stored === size ? { kind: "file", offset, size } : { kind: "sparse" });
  }
}

function nameOf(name: Uint8Array, refuse: (state: string) => OciError): string {
  const names = cleanPath(name);
  if (names === undefined) throw refuse(`${quote(name)} leads out of it`);
  return names.join("/");
}

function checkCompression(archive: File): void {
  const format = compressionOf(readWhole(archive, DETECTION_LENGTH));
  if (format === "none") return;
  throw new OciError(
    "unsupported",
    `Cannot use the archive: it is compressed by ${format}, expected a tar archive that is not; ` +
      "decompress it before",
  );
}

function compressionOf(start: Uint8Array): string {
  try {
    return detectCompression(start);
  } catch (error) {
    if (error instanceof UnsupportedCompressionError) return error.format;
    throw error;
  }
}

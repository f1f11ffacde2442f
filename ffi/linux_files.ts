/**
 * What can be done with single files: reading and writing them, fs-verity, placing programs.
 *
 * @module
 */

import type { Digest } from "../lib/digest/digest.ts";
import type { HashAlgorithm } from "../lib/digest/hasher.ts";
import type { File } from "../lib/file/file.ts";
import { Fd } from "./files/fd.ts";
import { type FileStart, isDirectory, readFileStart } from "./files/file_start.ts";
import { openFiniteFile } from "./files/finite_file.ts";
import {
  enableVerity,
  type EnableVerityOptions,
  type MeasuredDigest,
  requireVerity,
} from "./files/fsverity.ts";
import { type ImageFile, openImageFile, readImageFile } from "./files/image_file.ts";
import { Installer, isSameFile } from "./files/installer.ts";
import { writeFileAtomically, type WriteFileOptions } from "./files/output_file.ts";
import { ownChunks } from "./files/own_chunks.ts";
import { openOwnFile } from "./files/own_file.ts";
import {
  type MetadataRange,
  readVerityMetadata,
  type VerityMetadataType,
} from "./files/verity_metadata.ts";
import { checkReplaceable } from "./files/replacement.ts";
import { isWithin } from "./files/within.ts";
import { trustedVariable } from "./process/environment.ts";
import { isStandardOutput, standardStream } from "./process/stdio.ts";
import type { SyscallError } from "./sys/errno.ts";
import type { Linux } from "./sys/linux.ts";
import { bytesOf, type Path } from "./sys/path.ts";
import { O_RDONLY } from "./sys/uapi.ts";

/** Files of Linux. */
export class LinuxFiles {
  readonly #linux: Linux;

  /** @ignore */
  constructor(linux: Linux) {
    this.#linux = linux;
  }

  /** What the machine runs, as uname(1) names it: `x86_64` or `aarch64`. */
  get architecture(): string {
    return this.#linux.architecture;
  }

  /** Reads a file in chunks, each of which has memory of its own. */
  *readFile(path: Path): Generator<Uint8Array<ArrayBuffer>> {
    using file = Fd.open(this.#linux, bytesOf(path), { flags: O_RDONLY });
    yield* ownChunks(file);
  }

  /**
   * Looks at the first bytes of a file, as far as they can be read again.
   *
   * @param size How many, at most.
   * @throws {SyscallError} If it cannot be opened.
   * @ignore
   */
  readStart(path: Path, size: number): FileStart {
    return readFileStart(this.#linux, bytesOf(path), size);
  }

  /**
   * Reads an image: no more of the file than its superblock says that it is.
   *
   * @param options `whole`: by what also to digest the file to its end, if the image ends before.
   */
  readImage(
    path: Path,
    options: { readonly whole?: HashAlgorithm | undefined } = {},
  ): ImageFile {
    return readImageFile(this.#linux, bytesOf(path), options);
  }

  /**
   * Opens an image, to be given to `openImage`, of which no more is read than is looked at.
   *
   * @param digest fs-verity digest that the file must have; then nothing of it is handed out that is not verified.
   * @throws {SyscallError} If it cannot be read.
   * @throws {Error} If it has another digest.
   */
  openImage(path: Path, digest?: Digest): File {
    return openImageFile(this.#linux, bytesOf(path), digest);
  }

  /** Opens a file that has an end, for reading at positions. */
  openFile(path: Path): File {
    return openFiniteFile(this.#linux, bytesOf(path), { also: "null" });
  }

  /** Tells whether a path leads to a directory. */
  isDirectory(path: Path): boolean {
    return isDirectory(this.#linux, bytesOf(path));
  }

  /**
   * Makes sure that a directory could be made at a path, as far as can be told without writing.
   *
   * @throws {RangeError} If something else than an empty directory is there.
   * @throws {SyscallError} If the directory it would be in cannot be opened.
   * @ignore
   */
  checkReplaceable(path: Path): void {
    checkReplaceable(this.#linux, bytesOf(path));
  }

  /**
   * Opens a regular file that nobody but the user and root can have written.
   *
   * @throws {NotOwnFileError} If it is any other; the message says only what it is.
   */
  openOwnFile(path: Path): File {
    return openOwnFile(this.#linux, bytesOf(path));
  }

  /**
   * Writes a file so that it is there whole or not at all; what is no regular file is written to.
   *
   * @param contents The whole, or its parts in order.
   * @returns Why it has no fs-verity, if that was to be tried.
   * @throws {SyscallError} If it cannot be written or sealed.
   */
  writeFile(
    path: Path,
    contents: Uint8Array<ArrayBuffer> | Iterable<Uint8Array<ArrayBuffer>>,
    options: WriteFileOptions = {},
  ): SyscallError | undefined {
    const bytes = bytesOf(path);
    // By this name what stands in for a closed stream would take anything.
    if (isStandardOutput(bytes)) standardStream(this.#linux, 1);
    const parts = contents instanceof Uint8Array ? [contents] : contents;
    return writeFileAtomically(this.#linux, bytes, parts, options);
  }

  /** Turns fs-verity on for a file. */
  enableVerity(path: Path, options: EnableVerityOptions = {}): void {
    using file = openFiniteFile(this.#linux, bytesOf(path));
    enableVerity(file, options);
  }

  /**
   * Asks the kernel for the digest of a file that must have one.
   *
   * @throws {SyscallError} If fs-verity is not enabled on it, with code `"ENODATA"` where it could be.
   */
  measureVerity(path: Path): MeasuredDigest {
    using file = openFiniteFile(this.#linux, bytesOf(path));
    return requireVerity(file);
  }

  /** Reads what the kernel keeps of a file with fs-verity; a chunk is valid until the next. */
  *readVerityMetadata(
    path: Path,
    type: VerityMetadataType,
    range?: MetadataRange,
  ): Generator<Uint8Array> {
    using file = openFiniteFile(this.#linux, bytesOf(path));
    yield* readVerityMetadata(file, type, range);
  }

  /**
   * Opens a directory to install programs below; it need not be there before something is made in it.
   *
   * @ignore
   */
  openInstaller(path: Path): Installer {
    return new Installer(this.#linux, bytesOf(path));
  }

  /** Tells whether two paths lead to one file. */
  isSameFile(one: Path, other: Path): boolean {
    return isSameFile(this.#linux, bytesOf(one), bytesOf(other));
  }

  /** Tells whether what a path leads to, or would if it were made, lies in a directory or is it. */
  isWithin(path: Path, directory: Path): boolean {
    return isWithin(this.#linux, bytesOf(path), bytesOf(directory));
  }

  /**
   * A variable of the environment, unless this process has rights that whoever started it lacks.
   *
   * @returns Undefined if there is none, or it is empty.
   */
  trustedVariable(name: string): Uint8Array<ArrayBuffer> | undefined {
    return trustedVariable(this.#linux, name);
  }

  /** The effective user; 0 is root. */
  userId(): number {
    return this.#linux.userId();
  }
}

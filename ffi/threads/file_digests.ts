/**
 * The fs-verity digests of many files, or of a large one, on several threads.
 *
 * @module
 */

import { Digest } from "../../lib/digest/digest.ts";
import { defaultHasher } from "../../lib/digest/sha2.ts";
import { FAILED, FILE_STATE, type FileResult } from "./_file_job.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import type { ThreadOptions } from "./thread_options.ts";
import { ThreadPool } from "./thread_pool.ts";
import { DigestTask } from "./_digest_task.ts";
import { Fd } from "../files/fd.ts";
import { openFiniteFile } from "../files/finite_file.ts";
import { LargeFile } from "./_large_file.ts";
import type { Linux } from "../sys/linux.ts";
import { cString } from "../sys/path.ts";
import { canCut, MAX_WHOLE_FILE } from "./_piece_hasher.ts";
import { workingDirectory } from "../sys/call.ts";
import { StatBuffer } from "../sys/stat.ts";
import { O_RDONLY } from "../sys/uapi.ts";
import type { DigestSettings } from "./pool_task.ts";

/** How files are digested. */
export interface DigestFilesOptions extends DigestSettings {
  /** Told how many bytes of large files have been read so far. */
  readonly onRead?: (done: number) => void;
}

interface FileDigestsOptions extends DigestFilesOptions, ThreadOptions {}

/**
 * Digests files.
 *
 * @returns The digest of each, in the order of the paths.
 * @throws {SyscallError} If one cannot be read, after the digests of those before it.
 */
export function* digestFiles(
  linux: Linux,
  paths: readonly Uint8Array[],
  options: FileDigestsOptions,
): Generator<Digest> {
  using digests = new FileDigests(linux, paths, options);
  for (let next = 0; next < paths.length; next++) {
    digests.add(next);
    yield* digests.takeReady();
  }
  digests.finish();
  yield* digests.takeReady();
}

/** Digests on their way, and those that wait for others in front of them. */
class FileDigests implements Disposable {
  readonly #linux: Linux;
  readonly #paths: readonly Uint8Array[];
  readonly #options: FileDigestsOptions;
  readonly #pool: ThreadPool;
  readonly #work: DigestTask;
  readonly #results = new Map<number, FileResult>();
  readonly #large = new Set<Fd>();
  readonly #canCut: boolean;
  readonly #stat = new StatBuffer();
  #next = 0;
  #read = 0;

  constructor(linux: Linux, paths: readonly Uint8Array[], options: FileDigestsOptions) {
    const { threads, module, startAtOnce = false, onRead, ...settings } = options;
    this.#linux = linux;
    this.#paths = paths;
    this.#options = options;
    this.#work = new DigestTask(linux, settings);
    this.#canCut = settings.salt === undefined &&
      canCut(defaultHasher(settings.algorithm), settings.blockSize);
    this.#pool = new ThreadPool(linux, { kind: "digest", options: settings }, {
      threads,
      module,
      startAtOnce,
      onFile: (number, { state, bytes }) =>
        void this.#results.set(number, { state, bytes: bytes.slice() }),
      onPiece: (bytes) => onRead?.(this.#read += bytes),
      onLargeFile: (file) => this.#finishLarge(file),
    });
    this.#pool.expectFiles(paths.length);
  }

  /** Has a file digested. */
  add(number: number): void {
    const path = this.#paths[number]!;
    const size = this.#sizeOf(path);
    if (size === undefined) this.#results.set(number, FAILED);
    else if (size > MAX_WHOLE_FILE && this.#canCut) this.#addLarge(number, path);
    else this.#pool.addFile(number, size, path);
  }

  finish(): void {
    this.#pool.finish();
  }

  /** The digests that are next in order and known. */
  *takeReady(): Generator<Digest> {
    for (
      let result = this.#results.get(this.#next);
      result !== undefined;
      result = this.#results.get(this.#next)
    ) {
      this.#results.delete(this.#next);
      const path = this.#paths[this.#next++]!;
      yield result.state === FILE_STATE.failed ? this.#readAgain(path) : this.#digest(result);
    }
  }

  /** Read here, it shows its error; or it can be read now. */
  #readAgain(path: Uint8Array): Digest {
    openFiniteFile(this.#linux, path, { also: "null" }).close();
    return this.#digest(this.#work.read(new Uint8Array(path), 0));
  }

  #digest({ bytes }: FileResult): Digest {
    return new Digest(this.#options.algorithm, bytes);
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
    for (const file of this.#large) file.close();
  }

  #addLarge(number: number, path: Uint8Array): void {
    let file: Fd;
    try {
      file = Fd.open(this.#linux, path, { flags: O_RDONLY });
    } catch {
      // Its turn to be told has not come.
      this.#results.set(number, FAILED);
      return;
    }
    // From here on it is closed in the end, also if it turns out that it cannot be read.
    this.#large.add(file);
    const measured = this.#work.measure(file);
    if (measured !== undefined) {
      this.#close(file);
      this.#results.set(number, { state: FILE_STATE.digested, bytes: measured.bytes });
      return;
    }
    const { algorithm, blockSize } = this.#options;
    this.#pool.addLargeFile(
      new LargeFile({ number, from: file, size: file.size, algorithms: [algorithm], blockSize }),
    );
  }

  #finishLarge(file: LargeFile): void {
    this.#results.set(file.number, { state: FILE_STATE.digested, bytes: file.finish()[0]!.bytes });
    this.#close(file.from);
  }

  #close(file: Fd): void {
    this.#large.delete(file);
    file.close();
  }

  /**
   * Length of a regular file; 0 of a device with blocks, or if it cannot be found: then reading it tells.
   * Undefined for what may have no end.
   */
  #sizeOf(path: Uint8Array): number | undefined {
    const stat = this.#stat;
    if (stat.tryPath(workingDirectory(this.#linux), cString(path)) < 0) return 0;
    const kind = kindOfMode(stat.mode);
    if (kind === "regular") return stat.size;
    return kind === "block" || kind === "directory" ? 0 : undefined;
  }
}

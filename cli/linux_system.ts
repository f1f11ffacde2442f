/**
 * The system that commands see, over the kernel.
 *
 * @module
 */

import { usableCpus } from "../ffi/process/cpus.ts";
import type { ThreadOptions } from "../ffi/threads/crew.ts";
import { DirectoryLayer } from "../ffi/objects/data_layer.ts";
import { SyscallError } from "../ffi/sys/errno.ts";
import { extractTree } from "../ffi/tree/extract_tree.ts";
import { Fd } from "../ffi/files/fd.ts";
import {
  enableVerity,
  type EnableVerityOptions,
  type MeasuredDigest,
  requireVerity,
} from "../ffi/files/fsverity.ts";
import { openFiniteFile } from "../ffi/files/finite_file.ts";
import { type ImageFile, readImageFile } from "../ffi/files/image_file.ts";
import { digestFiles } from "../ffi/threads/file_digests.ts";
import { objectChecker } from "../ffi/threads/object_checker.ts";
import { Installer, isSameFile } from "../ffi/files/installer.ts";
import { allowedThreads } from "../ffi/process/limits.ts";
import type { Linux } from "../ffi/sys/linux.ts";
import {
  mountComposefs,
  type MountReport,
  type MountRequest,
  remountComposefs,
} from "../ffi/mount/mount.ts";
import type { MountOptions } from "../lib/mount/options.ts";
import type { Digest } from "../lib/digest/digest.ts";
import type { HashAlgorithm } from "../lib/digest/hasher.ts";
import type { ObjectOptions } from "../ffi/objects/object_directory.ts";
import { DirectoryStore, openObjectStore } from "../ffi/objects/object_store.ts";
import { writeFileAtomically, type WriteFileOptions } from "../ffi/files/output_file.ts";
import { openOwnFile } from "../ffi/files/own_file.ts";
import { type MachineFacts, probeMachine } from "../ffi/probe/probe.ts";
import { openSourceTree } from "../ffi/tree/source_tree.ts";
import { isStandardOutput, standardStream } from "../ffi/process/stdio.ts";
import { TreeReader } from "../ffi/threads/tree_reader.ts";
import { terminalColumns } from "../ffi/process/terminal.ts";
import {
  type MetadataRange,
  readVerityMetadata,
  type VerityMetadataType,
} from "../ffi/files/verity_metadata.ts";
import { O_RDONLY } from "../ffi/sys/uapi.ts";
import { isWithin } from "../ffi/files/within.ts";
import { utf8 } from "../lib/bytes/text.ts";
import type { File } from "../lib/file/file.ts";
import type { Content, Tree } from "../lib/tree/tree.ts";
import { type ObjectChecker, sequentialChecker } from "../lib/objects/check.ts";
import type { DataLayer } from "../lib/objects/data_layers.ts";
import { isDash } from "./dash.ts";
import { makeHeapRoom } from "./heap_room.ts";
import { hasRestarted, restartWithoutFtl } from "./restart.ts";
import { hasVariable, nodeChildProcess } from "./runtime.ts";
import type {
  DigestSettings,
  DiskLayer,
  DiskStore,
  DiskTree,
  ExtractSettings,
  System,
} from "./system.ts";
import type { TerminalPort } from "./terminal.ts";

/** Bytes of a dump file or image read at a time. */
const CHUNK_SIZE = 1 << 20;

/** What is believed when it is read again is not for a group to write. */
const SCRATCH_MODE = 0o644;

/** Runs a command behind what reads its input to the end: Deno loses the status of one that does not. */
const SHELL_SCRIPT = 'cat 2>/dev/null | /bin/sh -c "$1"';

/** More than any signature has. */
const MAX_SHELL_OUTPUT = 1 << 20;

/** As many known digests make a tree that is worth room for its objects. */
const MANY_FILES = 4_000;

/** The machine, through the FFI of the runtime. */
export class LinuxSystem implements System {
  readonly #linux: Linux;
  readonly #executable: string | undefined;
  readonly #module: string | undefined;
  #hasWritten = false;
  #heapRoom: unknown;

  /**
   * @param executable Path of the executable that the program is, if it is one.
   * @param module URL of the module that serves crews in a worker; without it all is done in one thread.
   */
  constructor(linux: Linux, executable: string | undefined, module: string | undefined) {
    this.#linux = linux;
    this.#executable = executable;
    this.#module = module;
  }

  *readChunks(path: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    if (isDash(path)) return yield* ownChunks(standardStream(this.#linux, 0));
    using file = this.#open(path);
    yield* ownChunks(file);
  }

  readImage(
    path: Uint8Array,
    options: { readonly whole?: HashAlgorithm | undefined } = {},
  ): ImageFile {
    return readImageFile(this.#linux, path, options);
  }

  openFile(path: Uint8Array): File {
    return openFiniteFile(this.#linux, path, { also: "null" });
  }

  openOwnFile(path: Uint8Array): File {
    return openOwnFile(this.#linux, path);
  }

  writeFile(
    path: Uint8Array,
    contents: Uint8Array<ArrayBuffer>,
    options: WriteFileOptions = {},
  ): SyscallError | undefined {
    // By this name what stands in for a closed stream would take anything.
    if (isStandardOutput(path)) standardStream(this.#linux, 1);
    return writeFileAtomically(this.#linux, path, [contents], options);
  }

  writeScratch(path: Uint8Array, parts: readonly Uint8Array<ArrayBuffer>[]): void {
    writeFileAtomically(this.#linux, path, parts, { sync: false, mode: SCRATCH_MODE });
  }

  openSourceTree(path: Uint8Array): DiskTree {
    const tree = openSourceTree(this.#linux, path);
    return {
      get hiddenOwners() {
        return tree.hiddenOwners;
      },
      root: (xattrs) => tree.root(xattrs),
      list: (directory, options) => tree.list(directory, options),
      open: (file) => tree.open(file),
      openReader: ({ threads, store, ...rest }) => {
        if ((rest.cache?.size ?? 0) >= MANY_FILES) this.#heapRoom ??= makeHeapRoom();
        return new TreeReader(this.#linux, tree, {
          ...this.#crew(threads),
          ...(store instanceof DirectoryStore ? { store } : {}),
          ...rest,
        });
      },
    };
  }

  openObjectStore(path: Uint8Array, options: ObjectOptions): DiskStore {
    return openObjectStore(this.#linux, path, options);
  }

  enableVerity(path: Uint8Array, options: EnableVerityOptions): void {
    using file = openFiniteFile(this.#linux, path);
    enableVerity(file, options);
  }

  measureVerity(path: Uint8Array): MeasuredDigest {
    using file = openFiniteFile(this.#linux, path);
    return requireVerity(file);
  }

  *readVerityMetadata(
    path: Uint8Array,
    type: VerityMetadataType,
    range: MetadataRange | undefined,
  ): Generator<Uint8Array> {
    using file = openFiniteFile(this.#linux, path);
    yield* readVerityMetadata(file, type, range);
  }

  probeMachine(path: Uint8Array): MachineFacts {
    return probeMachine(this.#linux, path);
  }

  remount(mountpoint: Uint8Array, flags: MountOptions["flags"]): void {
    remountComposefs(this.#linux, mountpoint, flags);
  }

  mount(request: MountRequest): MountReport {
    return mountComposefs(this.#linux, request);
  }

  openDataLayer(path: Uint8Array): DiskLayer {
    return DirectoryLayer.open(this.#linux, path);
  }

  objectChecker(layers: readonly DataLayer[]): ObjectChecker {
    const own = layers.filter((layer) => layer instanceof DirectoryLayer);
    return own.length === layers.length
      ? objectChecker(this.#linux, own, this.#crew(undefined))
      : sequentialChecker(layers);
  }

  digestFiles(
    paths: readonly Uint8Array[],
    settings: DigestSettings,
  ): Iterable<Digest> {
    // A short command line is done before it would pay to begin anew; for a long one see main.ts.
    const { beforeThreads: _, ...crew } = this.#crew(undefined);
    return digestFiles(this.#linux, paths, { ...settings, ...crew });
  }

  runShell(command: string, input: Uint8Array): Uint8Array {
    const { status, error, stdout } = nodeChildProcess().spawnSync(
      "/bin/sh",
      ["-c", SHELL_SCRIPT, "sh", command],
      { input, stdio: ["pipe", "pipe", "inherit"], maxBuffer: MAX_SHELL_OUTPUT },
    );
    if (status === 0 && error === undefined) return stdout;
    const state = error?.message ??
      (status === null ? "ended by a signal" : `exit status ${status}`);
    throw new Error(`Cannot run "${command}": ${state}`);
  }

  extractTree(path: Uint8Array, tree: Tree<Content>, settings: ExtractSettings): void {
    extractTree(this.#linux, path, tree, settings);
  }

  openInstaller(path: Uint8Array): Installer {
    return new Installer(this.#linux, path);
  }

  isSameFile(one: Uint8Array, other: Uint8Array): boolean {
    return isSameFile(this.#linux, one, other);
  }

  isWithin(path: Uint8Array, directory: Uint8Array): boolean {
    return isWithin(this.#linux, path, directory);
  }

  isRoot(): boolean {
    return this.#linux.userId() === 0;
  }

  executable(): Uint8Array<ArrayBuffer> | undefined {
    return this.#executable === undefined ? undefined : utf8(this.#executable);
  }

  hasEnvironment(name: string): boolean {
    return hasVariable(name);
  }

  /** Reads `/proc/self/cmdline`; nothing where there is no `/proc`. */
  readCommandLine(): Uint8Array<ArrayBuffer> {
    return this.#readProc("cmdline");
  }

  #readProc(name: string): Uint8Array<ArrayBuffer> {
    try {
      using file = this.#open(utf8(`/proc/self/${name}`));
      return file.readAll();
    } catch (error) {
      if (error instanceof SyscallError) return new Uint8Array();
      throw error;
    }
  }

  /** To be told as soon as it is known that there is work for a while: may begin anew for that. */
  expectLongRun(): void {
    // What has been written would be written once more.
    const executable = this.executable();
    if (executable === undefined || this.#hasWritten) return;
    const [commandLine, environment] = [this.#readProc("cmdline"), this.#readProc("environ")];
    restartWithoutFtl(this.#linux, executable, commandLine, environment);
  }

  /** The process's own output streams. */
  terminalPort(): TerminalPort {
    let stdout: Fd | undefined;
    const stderr = new Fd(this.#linux, 2, "standard error");
    const columns = (descriptor: 1 | 2) => terminalColumns(this.#linux, descriptor);
    return {
      write: (descriptor, bytes) => {
        this.#hasWritten = true;
        const stream = descriptor === 2 ? stderr : stdout ??= standardStream(this.#linux, 1);
        // Nothing that is printed lies in shared memory.
        stream.write(bytes as Uint8Array<ArrayBuffer>);
        return bytes.length;
      },
      isTerminal: (descriptor) => columns(descriptor) !== undefined,
      // A terminal that does not know its width says 0.
      columns: (descriptor) => columns(descriptor) || undefined,
      now: () => performance.now(),
    };
  }

  /** Several threads only where the program can be loaded once more for each. */
  #crew(threads: number | undefined): ThreadOptions {
    const module = this.#module;
    const linux = this.#linux;
    return {
      threads: module === undefined
        ? 1
        : Math.min(threads ?? usableCpus(linux), allowedThreads(linux)),
      module,
      startAtOnce: hasRestarted(this.#linux),
      beforeThreads: () => this.expectLongRun(),
    };
  }

  #open(path: Uint8Array): Fd {
    return Fd.open(this.#linux, path, { flags: O_RDONLY });
  }
}

/** Each chunk in memory of its own, so that whoever gets it may keep it. */
function* ownChunks(file: Fd): Generator<Uint8Array<ArrayBuffer>> {
  while (true) {
    const chunk = new Uint8Array(CHUNK_SIZE);
    const count = file.read(chunk);
    if (count === 0) return;
    // What a pipe hands out is small: such a chunk would hold on to a mostly empty buffer.
    yield count > CHUNK_SIZE / 2 ? chunk.subarray(0, count) : chunk.slice(0, count);
  }
}

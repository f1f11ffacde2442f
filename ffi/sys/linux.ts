/**
 * The kernel as the rest of `ffi/` sees it: the functions of libc, the constants of this machine, and
 * what a call may answer besides a result.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { ERRNO, mayBeMissing } from "./errno.ts";
import type { Architecture, Backend, Libc } from "./_libc.ts";
import { type CString, cString } from "./path.ts";
import { SignalCatcher } from "./signals.ts";
import { type Statx, statxByFstatat } from "./_statx_by_fstatat.ts";
import {
  AT_FDCWD,
  OPEN_FLAGS,
  type OpenFlags,
  STATX_BASIC_STATS,
  STATX_SIZE,
  SYSCALL_NUMBERS,
  type SyscallNumbers,
  UTSNAME_RELEASE,
  UTSNAME_SIZE,
} from "./uapi.ts";

/** Gives access to Linux through one runtime's FFI. Obtained from `openKernel`. */
export class Linux {
  readonly libc: Libc;
  readonly architecture: Architecture;
  /** Flags of open(2) that depend on the architecture. */
  readonly flags: OpenFlags;
  /** Numbers for the functions that are syscall(2). */
  readonly numbers: SyscallNumbers;
  /** Takes the arguments of statx(2) as it is documented; goes through libc where libc has it. */
  readonly statx: Statx;
  /** Where bytes are in memory; see {@linkcode Backend.addressOf}. */
  readonly addressOf: Backend["addressOf"];
  /** Catches what asks the process to end, once it is told to. */
  readonly signals: SignalCatcher;
  readonly #errno: () => number;
  #hasProc: boolean | undefined;
  #isPreloaded: boolean | undefined;

  /** Takes a runtime's functions. */
  constructor(backend: Backend) {
    const { libc, architecture } = backend;
    this.libc = libc;
    this.architecture = architecture;
    this.flags = OPEN_FLAGS[architecture];
    this.numbers = SYSCALL_NUMBERS[architecture];
    this.addressOf = backend.addressOf;
    this.#errno = backend.errno;
    this.signals = new SignalCatcher(backend);
    // fakeroot replaces the function, not the system call, so the function comes first.
    const statx: Statx = libc.statx ??
      ((dirfd, path, flags, mask, statxbuf) =>
        libc.statx_raw(this.numbers.statx, dirfd, path, flags, mask, statxbuf));
    this.statx = this.#isMissing(statx) ? statxByFstatat(backend) : statx;
  }

  /**
   * Makes a call, again and again while signals interrupt it.
   *
   * @param call Calls one function of libc and nothing after it, or the error number is lost.
   * @returns What the function returned or, if that was negative, the negated error number.
   * @throws {InterruptedError} If the signal is one that asks the process to end.
   */
  retry(call: () => number): number {
    while (true) {
      const result = call();
      if (result >= 0) return result;
      const failure = this.failure();
      if (failure < 0) return failure;
    }
  }

  /**
   * The negated error number of the call that has failed just now, or 0 if it is to be made again because a
   * signal has interrupted it.
   *
   * @throws {InterruptedError} If the signal is one that asks the process to end.
   */
  failure(): number {
    const errno = this.#errno();
    if (errno !== ERRNO.EINTR) return -errno;
    this.signals.check();
    return 0;
  }

  /** Tells whether `/proc/self/fd` is there, through which open files get a path. */
  get hasProc(): boolean {
    return this.#hasProc ??= this.#exists(cString(utf8("/proc/self/fd")));
  }

  /**
   * Tells whether another library may have taken the place of libc's functions, as fakeroot's does: then
   * what it shows of files is to be seen, and no system call is to be made past it.
   */
  get isPreloaded(): boolean {
    return this.#isPreloaded ??= this.hasVariable("LD_PRELOAD");
  }

  /** Tells whether a variable is in the environment that the process was started with. */
  hasVariable(name: string): boolean {
    return this.libc.getenv(cString(utf8(name))) !== 0;
  }

  /** The effective user: whose files this process makes, and whose rights it has. */
  userId(): number {
    // A result is a signed number, an ID is not.
    return this.libc.geteuid() >>> 0;
  }

  /** The kernel's version, 0.0 if it does not look like one. */
  release(): { readonly major: number; readonly minor: number } {
    const buffer = new Uint8Array(UTSNAME_SIZE);
    if (this.libc.uname(buffer) !== 0) return { major: 0, minor: 0 };
    const text = String.fromCharCode(...buffer.subarray(UTSNAME_RELEASE));
    const match = /^(\d+)\.(\d+)/.exec(text);
    return { major: Number(match?.[1] ?? 0), minor: Number(match?.[2] ?? 0) };
  }

  /** Everybody may look at `/`, so that here a refusal is of the call. */
  #isMissing(statx: Statx): boolean {
    const buffer = new Uint8Array(STATX_SIZE);
    const root = cString(utf8("/"));
    return mayBeMissing(
      this.retry(() => statx(AT_FDCWD, root, 0, STATX_BASIC_STATS, buffer)),
    );
  }

  #exists(path: CString): boolean {
    const buffer = new Uint8Array(STATX_SIZE);
    return this.retry(() => this.statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, buffer)) === 0;
  }
}

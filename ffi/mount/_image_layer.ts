/**
 * The mounted image as a layer of an overlay: detached for as long as it may be, then attached to a
 * temporary directory, so that it has a name.
 *
 * @module
 */

import type { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { tryMoveMount } from "../sys/mount_calls.ts";
import { descriptorPath } from "../sys/path.ts";
import { mountError } from "./_mount_error.ts";
import { ScratchMount } from "./_scratch_mount.ts";
import { type Backing, type ErofsImage, mountErofs, mountErofsOn } from "./erofs_mount.ts";

/** A mounted image. */
export class ImageLayer {
  /** What EROFS reads from. */
  readonly backing: Backing;
  readonly #linux: Linux;
  readonly #stack: DisposableStack;
  readonly #mount: Fd | undefined;
  #scratch: ScratchMount | undefined;

  /**
   * Mounts an image.
   *
   * @param stack Takes over what is opened or made; the mount is gone once it is disposed of.
   * @throws {SyscallError} If the image cannot be mounted.
   */
  constructor(linux: Linux, image: ErofsImage, stack: DisposableStack) {
    this.#linux = linux;
    this.#stack = stack;
    const erofs = mountErofs(linux, image, stack);
    if (erofs === undefined) {
      this.#scratch = stack.use(ScratchMount.create(linux));
      this.backing = mountErofsOn(linux, image, this.#scratch.path, stack);
      this.#scratch.markMounted();
    } else {
      this.#mount = erofs.mount;
      this.backing = erofs.backing;
    }
  }

  /** Whether the kernel makes mounts that are attached nowhere. */
  get isDetachable(): boolean {
    return this.#mount !== undefined;
  }

  /**
   * The path by which overlayfs finds it.
   *
   * @throws {SyscallError} If it is to be attached and cannot be.
   */
  path(layer: "detached" | "attached"): Uint8Array {
    return layer === "detached" ? descriptorPath(this.#mount!.number) : this.#attached().path;
  }

  /**
   * Takes its name away again: an overlay has clones of its layers.
   *
   * @throws {SyscallError} If something of the temporary directory is left.
   */
  removeName(): void {
    this.#scratch?.remove();
  }

  #attached(): ScratchMount {
    if (this.#scratch !== undefined) return this.#scratch;
    const scratch = this.#stack.use(ScratchMount.create(this.#linux));
    const moved = tryMoveMount(this.#mount!, scratch.path);
    if (moved < 0) throw mountError("scratch", scratch.path, -moved, { syscall: "move_mount" });
    scratch.markMounted();
    return this.#scratch = scratch;
  }
}

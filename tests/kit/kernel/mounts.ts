/**
 * Mounting images with mount(8), in a mount namespace that takes all mounts with it when it ends.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";

/** Why images cannot be mounted here, such as `"needs root"`; empty if they can. */
export function mountObstacle(): string {
  if (process.getuid?.() !== 0) return "needs root";
  for (const type of ["erofs", "overlay"]) {
    // A module that is not loaded yet is not listed; mounting would load it.
    if (!hasFilesystem(type) && spawnSync("modprobe", [type]).status !== 0) {
      return `needs ${type} in the kernel`;
    }
  }
  const trial = spawnSync("unshare", ["--mount", "--propagation", "private", "mount", "--version"]);
  return trial.status === 0 ? "" : "needs unshare and mount, and leave to use them";
}

function hasFilesystem(type: string): boolean {
  return new RegExp(`\\t${type}$`, "m").test(readFileSync("/proc/filesystems", "latin1"));
}

/** A mount; declare it with `using`. */
export class Mount implements Disposable {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Mounts an image file as EROFS, through a loop device where the kernel cannot do without. */
  static erofs(image: string, directory: string, options: { readonly acl: boolean }): Mount {
    const acl = options.acl ? "acl" : "noacl";
    const failure = tryMount(["-t", "erofs", "-o", `ro,${acl}`, image, directory]);
    if (failure !== undefined) mount(["-t", "erofs", "-o", `ro,loop,${acl}`, image, directory]);
    return new Mount(directory);
  }

  /** Mounts an overlay of a mounted image over the store that holds its objects. */
  static overlay(lower: string, store: string, directory: string): Mount {
    const options = `metacopy=on,redirect_dir=on,lowerdir=${lower}::${store}`;
    mount(["-t", "overlay", "composefs", "-o", options, directory]);
    return new Mount(directory);
  }

  /** Unmounts. */
  [Symbol.dispose](): void {
    const { status, stderr } = spawnSync("umount", [this.#directory]);
    if (status !== 0) throw new Error(`Cannot unmount "${this.#directory}": ${stderr}`);
  }
}

function mount(args: readonly string[]): void {
  const failure = tryMount(args);
  if (failure !== undefined) throw new Error(`Cannot mount "${args.at(-1)}": ${failure}`);
}

function tryMount(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync("mount", args);
  if (error !== undefined) throw error;
  return status === 0 ? undefined : new TextDecoder().decode(stderr).trim();
}

/**
 * A file system that is being configured, before it is mounted.
 *
 * @see fsopen(2), fsconfig(2), fsmount(2)
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { closeQuietly } from "../files/closing.ts";
import { Fd } from "../files/fd.ts";
import { tryRead } from "../sys/file_calls.ts";
import type { Linux } from "../sys/linux.ts";
import { tryConfigure, tryMountContext, tryOpenContext } from "../sys/mount_calls.ts";
import { cString } from "../sys/path.ts";
import { FSCONFIG_CMD_CREATE, FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING } from "../sys/uapi_mount.ts";
import { logLine } from "./_mount_error.ts";

/** A file system that is being configured: fsopen(2). Setters answer 0 or a negated error number. */
export class FsContext implements Disposable {
  readonly #linux: Linux;
  readonly #file: Fd;

  /** Takes over a descriptor of fsopen(2). */
  constructor(linux: Linux, number: number, type: string) {
    this.#linux = linux;
    this.#file = new Fd(linux, number, `context of ${type}`);
  }

  /** Opens a context for a type of file system; a negated error number if the kernel refuses. */
  static open(linux: Linux, type: string): FsContext | number {
    const name = cString(utf8(type));
    const number = tryOpenContext(linux, name);
    return number < 0 ? number : new FsContext(linux, number, type);
  }

  /** Sets a parameter that has a value. The kernel takes 255 bytes at most, `EINVAL` for more. */
  setString(key: string, value: Uint8Array): number {
    return tryConfigure(this.#file, FSCONFIG_SET_STRING, cString(utf8(key)), cString(value));
  }

  /** Sets a parameter without a value. */
  setFlag(key: string): number {
    return tryConfigure(this.#file, FSCONFIG_SET_FLAG, cString(utf8(key)), null);
  }

  /** Makes the file system of the parameters. */
  create(): number {
    return tryConfigure(this.#file, FSCONFIG_CMD_CREATE, null, null);
  }

  /** Makes a detached mount, which is gone when it is closed; or a negated error number. */
  mount(attributes: number): Fd | number {
    const number = tryMountContext(this.#file, attributes);
    return number < 0 ? number : new Fd(this.#linux, number, "detached mount");
  }

  /** Takes what the kernel had to say of the failure, undefined if it kept silent. */
  takeLog(): string | undefined {
    const parts: number[] = [];
    const buffer = new Uint8Array(1024);
    // The log holds eight messages; each read takes one, and ENODATA ends them.
    for (let i = 0; i < 8; i++) {
      const count = tryRead(this.#file, buffer, buffer.length);
      if (count <= 0) break;
      parts.push(...buffer.subarray(0, count), 0x0a);
    }
    return logLine(Uint8Array.from(parts));
  }

  [Symbol.dispose](): void {
    closeQuietly(this.#file);
  }
}

/**
 * A directory below which programs are installed, and what of composefs-ts is in it.
 *
 * `installation.ts` says what belongs there; this looks at what is there.
 *
 * @module
 */

import { joinPath } from "../ffi/path.ts";
import { printable, utf8 } from "../lib/bytes/text.ts";
import type { Context, ValueOption } from "./command.ts";
import { hashFile } from "./commands/digest.ts";
import { MANIFEST, type Manifest, parseManifest } from "./installation.ts";
import { path } from "./values.ts";

/** The option that names the directory. */
export const PREFIX_OPTION = {
  kind: "value",
  value: "DIR",
  parse: path,
  default: utf8("/usr/local"),
  defaultText: "/usr/local",
  summary: "Directory that has or gets bin, sbin and share",
} as const satisfies ValueOption;

/** What stands where a part is or goes. */
export type State =
  | "absent"
  /** As it was installed. */
  | "ours"
  /** A file or link that was not installed, or has changed since. */
  | "foreign"
  /** A directory, or another thing that a file cannot replace. */
  | "blocked";

/** Looks below a prefix. */
export class Prefix {
  readonly #path: Uint8Array;
  readonly #context: Context;
  /** What has been installed; undefined if nothing has. */
  readonly manifest: Manifest | undefined;

  /** @throws {SyntaxError} If the list of what is installed cannot be read. */
  constructor(path: Uint8Array, context: Context) {
    this.#path = path;
    this.#context = context;
    const { system } = context;
    const list = this.path(MANIFEST);
    this.manifest = system.installer.find(list) === undefined
      ? undefined
      : parseManifest(system.readFile(list));
  }

  /** The path of something below it. */
  path(below: string): Uint8Array<ArrayBuffer> {
    return joinPath(this.#path, utf8(below));
  }

  /** The same as a message shows it. */
  shown(below: string): string {
    return printable(this.path(below));
  }

  /** Compares what stands at a path with the list. */
  state(below: string): State {
    const found = this.#context.system.installer.find(this.path(below));
    switch (found?.kind) {
      case undefined:
        return "absent";
      case "file": {
        const digest = this.manifest?.files.get(below);
        return digest !== undefined && digest === this.digest(below) ? "ours" : "foreign";
      }
      case "link": {
        const target = this.manifest?.links.get(below);
        return target !== undefined && target === printable(found.target) ? "ours" : "foreign";
      }
      default:
        return "blocked";
    }
  }

  /** The fs-verity digest of a file, in hexadecimal. */
  digest(below: string): string {
    return fileDigest(this.path(below), this.#context);
  }
}

/** The fs-verity digest of a file, in hexadecimal. */
export function fileDigest(path: Uint8Array, { system, terminal }: Context): string {
  using file = system.openFile(path);
  return hashFile(file, {}, terminal).digest().toHex();
}

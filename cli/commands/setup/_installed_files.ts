/**
 * A directory below which programs are installed, and what of composefs-ts is in it.
 *
 * `installation.ts` says what belongs there; this looks at what is there.
 *
 * @module
 */

import { joinPath } from "../../../ffi/sys/path.ts";
import { printable, utf8 } from "../../../lib/bytes/text.ts";
import { type File, readWhole } from "../../../lib/file/file.ts";
import type { Context, ValueOption } from "../../args/command.ts";
import { hashWithProgress } from "../image/digest.ts";
import { MANIFEST, type Manifest, parseManifest } from "./installation.ts";
import type { Installer } from "../../../ffi/files/installer.ts";
import { path } from "../../args/values.ts";

/** Where programs go that are for everybody and from no distribution. */
export const DEFAULT_PREFIX = utf8("/usr/local");

/** The option that names the directory. */
export const PREFIX_OPTION = {
  kind: "value",
  value: "DIR",
  parse: path,
  default: DEFAULT_PREFIX,
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

/** More than any list needs: a page that names a hundred times as many files as there are. */
const MAX_MANIFEST_SIZE = 1 << 20;

/** Looks below a prefix. Dispose of it, or declare it with `using`. */
export class Prefix implements Disposable {
  readonly #path: Uint8Array;
  readonly #context: Context;
  /** Changes what is below it. */
  readonly installer: Installer;
  /** What has been installed; undefined if nothing has. */
  readonly manifest: Manifest | undefined;

  /** @throws {SyntaxError} If the list of what is installed cannot be read. */
  constructor(path: Uint8Array, context: Context) {
    this.#path = path;
    this.#context = context;
    this.installer = context.machine.openInstaller(path);
    this.manifest = this.#readManifest();
  }

  /** The path of something below it, as a message shows it. */
  shown(below: string): string {
    return printable(joinPath(this.#path, utf8(below)));
  }

  /** Compares what stands at a path with the list. */
  state(below: string): State {
    const found = this.installer.find(utf8(below));
    switch (found?.kind) {
      case undefined:
        return "absent";
      case "file": {
        const digest = this.manifest?.files.get(below);
        return digest !== undefined && digest === this.#digest(below) ? "ours" : "foreign";
      }
      case "link": {
        const target = this.manifest?.links.get(below);
        return target !== undefined && target === printable(found.target) ? "ours" : "foreign";
      }
      default:
        return "blocked";
    }
  }

  [Symbol.dispose](): void {
    this.installer[Symbol.dispose]();
  }

  #digest(below: string): string {
    using file = this.installer.openFile(utf8(below));
    return fileDigest(file, this.#context);
  }

  #readManifest(): Manifest | undefined {
    const path = utf8(MANIFEST);
    if (this.installer.find(path) === undefined) return undefined;
    using file = this.installer.openFile(path);
    const contents = readWhole(file, MAX_MANIFEST_SIZE);
    const { length } = contents;
    if (length < MAX_MANIFEST_SIZE) return parseManifest(contents);
    throw new RangeError(
      `Cannot read "${this.shown(MANIFEST)}": ${length} bytes or more, expected fewer`,
    );
  }
}

/** The fs-verity digest of a file, in hexadecimal. */
export function fileDigest(file: File, { terminal }: Context): string {
  return hashWithProgress(file, {}, terminal).digest().toHex();
}

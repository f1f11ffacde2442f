/**
 * The one file of an installation that lies outside of its prefix: the link by which mount(8) finds the
 * helper for `mount -t composefs`, for which it looks in `/sbin` and in no other place.
 *
 * Where it is and what it says is written here and in no list, so that no list can have anything else
 * removed there.
 *
 * @module
 */

import { SyscallError } from "../../../ffi/sys/errno.ts";
import { joinPath } from "../../../ffi/sys/path.ts";
import { equalBytes } from "../../../lib/bytes/compare.ts";
import { printable, utf8 } from "../../../lib/bytes/text.ts";
import type { Context } from "../../args/command.ts";
import { quoted } from "../../args/completions.ts";
import { note } from "../../note.ts";
import { DEFAULT_PREFIX } from "./_installed_files.ts";
import type { Installer } from "../../../ffi/files/installer.ts";

/** May be a link itself, as where `/sbin` is `/usr/sbin`. */
const DIRECTORY = utf8("/sbin");
const NAME = utf8("mount.composefs");
const LINK = "/sbin/mount.composefs";

/** What the helper is among the files below the prefix. */
const HELPER = "sbin/mount.composefs";

/** The link for the helper below a prefix. Dispose of it, or declare it with `using`. */
export class MountHelper implements Disposable {
  readonly #context: Context;
  readonly #target: Uint8Array;
  readonly #installer: Installer;
  /** Whether the link is for us to make and to remove: as root, for what is installed for everybody. */
  readonly #isOurs: boolean;

  /** @param prefix Directory below which the helper is installed. */
  constructor(prefix: Uint8Array, context: Context) {
    const { machine } = context;
    this.#context = context;
    this.#target = joinPath(prefix, utf8(HELPER));
    this.#installer = machine.openInstaller(DIRECTORY);
    this.#isOurs = equalBytes(this.#target, joinPath(DEFAULT_PREFIX, utf8(HELPER))) &&
      machine.userId() === 0;
  }

  /** The link as a list of what is installed shows it, if {@linkcode MountHelper.add} would make it. */
  get planned(): string | undefined {
    const isMissing = this.#installer.find(NAME) === undefined;
    return this.#isOurs && isMissing ? `${LINK} -> ${printable(this.#target)}` : undefined;
  }

  /** The link, if {@linkcode MountHelper.remove} would remove it. */
  get removable(): string | undefined {
    return this.#isOurs && this.#leadsToHelper() ? LINK : undefined;
  }

  /** Makes the link if it is for us to make; else says what there is to do about it. Replaces nothing. */
  add(): void {
    const { machine, terminal: { stdout } } = this.#context;
    const isMissing = this.#installer.find(NAME) === undefined;
    if (!isMissing) {
      if (machine.isSameFile(utf8(LINK), this.#target)) return;
      stdout.write(`"mount -t composefs" uses ${LINK}, which is another and stays\n`);
    } else if (!this.#isOurs) {
      stdout.write(`For "mount -t composefs": ln -s ${this.#word()} ${LINK}\n`);
    } else if (this.#attempt(() => this.#installer.addLink(NAME, this.#target))) {
      stdout.write(`Linked ${LINK} to it, for "mount -t composefs"\n`);
    }
  }

  /** Removes the link if it is for us to remove and the one that was made. */
  remove(): void {
    if (this.removable !== undefined) this.#attempt(() => this.#installer.remove(NAME));
  }

  /** Says what there is to do about a link that is still there, with nothing left that it leads to. */
  remind(): void {
    if (this.#isOurs || !this.#leadsToHelper()) return;
    this.#context.terminal.stdout.write(`What led to it leads nowhere now: rm ${LINK}\n`);
  }

  [Symbol.dispose](): void {
    this.#installer[Symbol.dispose]();
  }

  #leadsToHelper(): boolean {
    const found = this.#installer.find(NAME);
    return found?.kind === "link" && equalBytes(found.target, this.#target);
  }

  /** All the rest works without the link, so whatever is wrong with it is a note. */
  #attempt(change: () => void): boolean {
    const { terminal, program } = this.#context;
    try {
      change();
      return true;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      note({ terminal, program }, error.message);
      return false;
    }
  }

  /** The helper's absolute path as a shell reads it. */
  #word(): string {
    const path = printable(this.#target);
    const word = /^[\w@%+=:,./-]+$/.test(path) ? path : quoted(path);
    return path.startsWith("/") ? word : `"$PWD"/${word}`;
  }
}

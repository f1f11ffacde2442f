/**
 * How much of an archive is taken.
 *
 * @module
 */

import type { ReadMember } from "./_member.ts";

/** How much an archive may hold. */
export interface TarLimits {
  /** Bytes of all regular files together, their holes filled in. Default: no limit. */
  readonly maxSize?: number;
  /** Number of members. Default: no limit. */
  readonly maxMembers?: number;
  /** Bytes of one extended header, long name or sparse map. Default: 4 MiB. */
  readonly maxHeader?: number;
}

const DEFAULT_MAX_HEADER = 1 << 22;

/** Holds an archive against its limits. */
export class LimitGuard {
  /** Bytes of one extended header, long name or sparse map. */
  readonly maxHeader: number;
  readonly #maxSize: number;
  readonly #maxMembers: number;
  #size = 0;
  #members = 0;

  /** Begins with nothing. */
  constructor(limits: TarLimits) {
    this.maxHeader = limits.maxHeader ?? DEFAULT_MAX_HEADER;
    this.#maxSize = limits.maxSize ?? Infinity;
    this.#maxMembers = limits.maxMembers ?? Infinity;
  }

  /** Counts a member. */
  add({ member, refuse }: ReadMember): void {
    if (++this.#members > this.#maxMembers) {
      throw refuse(`is member ${this.#members}, expected at most ${this.#maxMembers}`);
    }
    this.#size += member.size;
    if (this.#size > this.#maxSize) {
      throw refuse(`makes it ${this.#size} bytes of files, expected at most ${this.#maxSize}`);
    }
  }
}

/**
 * A member of a tar archive, and what is told of an archive as it is read.
 *
 * @module
 */

import type { Stat } from "../tree/tree.ts";

/** What a member makes. */
export type TarMemberKind =
  | "regular"
  | "hardlink"
  | "symlink"
  | "character"
  | "block"
  | "directory"
  | "fifo";

/** What the headers of one member say, extended headers included. */
export interface TarMember {
  /** What it makes. */
  readonly kind: TarMemberKind;
  /** The name as the archive has it: it may begin with `/` or `./`, hold `..`, end in `/`. Never empty. */
  readonly name: Uint8Array;
  /** Target of a symbolic link, or the name of the member that a hard link is another name of; else empty. */
  readonly linkName: Uint8Array;
  /** Bytes of the contents of a regular file with its holes filled in; 0 for all others. */
  readonly size: number;
  /** Device number of devices, 0 otherwise, in the encoding of `Special.rdev`. */
  readonly rdev: number;
  /** Metadata; the link count is 1. */
  readonly stat: Stat;
}

/** Told of an archive in its order. Bytes are valid during a call. */
export interface TarSink {
  /** A member begins. */
  member(member: TarMember): void;
  /**
   * Contents of the member that began last. Positions ascend; what lies between is zeros, and so is what is
   * missing before the member's size.
   */
  contents(bytes: Uint8Array, position: number): void;
  /** The member that began last has come to its end: told of each member. */
  end(): void;
  /**
   * Bytes of the archive that are no contents, as they stand: headers, sparse maps, padding, all to its last
   * byte. With the stored contents, in order, they are the archive again.
   */
  literal?(bytes: Uint8Array): void;
}

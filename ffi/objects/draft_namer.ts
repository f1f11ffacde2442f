/**
 * Who gives drafts their names while more of them are made.
 *
 * @module
 */

import type { Digest } from "../../lib/digest/digest.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";

/** An object that is complete but for its name. */
export interface WaitingObject {
  readonly draft: UnnamedFile;
  readonly digest: Digest;
  /** Its length in bytes. */
  readonly size: number;
}

/** Names drafts beside other work, as other threads can. Tells of the outcome when it is waited for. */
export interface DraftNamer {
  /** How many drafts it takes at a time. */
  readonly maxDrafts: number;
  /**
   * Has what was written to the file system of a store so far brought to the disk.
   *
   * @param onDone Told whether it is there.
   */
  sync(onDone: (isSynced: boolean) => void): void;
  /**
   * Gives drafts that have no names at all those of their objects, where they are free.
   *
   * @param objects In the order of their digests. They must stay open until they have been told of.
   * @param onDone Told which have their names, by index.
   */
  name(objects: readonly WaitingObject[], onDone: (isNamed: readonly boolean[]) => void): void;
  /** Waits for all of it, and for what those who are told of it ask for. */
  finish(): void;
}

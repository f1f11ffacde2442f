/**
 * Which threads read files, and what is asked before there are several.
 *
 * @module
 */

/** Which threads a pool has. */
export interface ThreadOptions {
  /** How many, this one among them. */
  readonly threads: number;
  /** URL of a module that calls `runPoolThread` when it runs in a worker. Without it there is one thread. */
  readonly module: string | undefined;
  /** Set if it is known already that there is work for all of them. */
  readonly startAtOnce?: boolean;
  /** Called before other threads are started, if ever. May end the process, if that would lose little. */
  readonly beforeThreads?: (loss: Loss) => void;
}

/** What would be lost if the process ended before its other threads are started. */
export interface Loss {
  /** Files with temporary names would stay behind. */
  readonly leavesFiles: boolean;
  /** Most files need not be read, so that most of the work may have been done. */
  readonly isMostlyDone: boolean;
}

/** Nothing would be. */
export const NO_LOSS: Loss = { leavesFiles: false, isMostlyDone: false };

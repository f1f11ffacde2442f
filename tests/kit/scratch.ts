/**
 * Directories for tests to write in.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of its own, removed at the end of the block that declares it with `using`. */
export class Scratch implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), "composefs-test-"));

  /** Path of a name in the directory. */
  path(name: string): string {
    return join(this.directory, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

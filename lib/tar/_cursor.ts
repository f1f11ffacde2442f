/**
 * Where the contents that come next belong in their file.
 *
 * @module
 */

import type { SparseMap } from "./_sparse.ts";

/** Goes through the stored contents of one file, stretch by stretch. */
export class ContentsCursor {
  #map: SparseMap | undefined;
  #next = 0;
  #position = 0;
  #inStretch = 0;
  #left = 0;

  /** Begins a file with so many bytes stored, all in one stretch if there is no map. */
  begin(stored: number, map: SparseMap | undefined): void {
    this.#map = map;
    this.#next = 0;
    this.#position = 0;
    this.#left = stored;
    this.#inStretch = map === undefined ? stored : 0;
    this.#enter();
  }

  /** Position in the file. */
  get position(): number {
    return this.#position;
  }

  /** Bytes up to the end of the stretch; 0 at the end of the file only. */
  get inStretch(): number {
    return this.#inStretch;
  }

  /** Bytes of the file that are still to come. */
  get left(): number {
    return this.#left;
  }

  /** Goes on by bytes of the stretch. */
  advance(length: number): void {
    this.#position += length;
    this.#inStretch -= length;
    this.#left -= length;
    this.#enter();
  }

  /** Enters the next stretch if this one is at its end; a map has none that are empty. */
  #enter(): void {
    if (this.#inStretch > 0 || this.#left === 0 || this.#map === undefined) return;
    this.#position = this.#map.positionOf(this.#next);
    this.#inStretch = this.#map.lengthOf(this.#next);
    this.#next++;
  }
}

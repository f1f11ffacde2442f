/**
 * What is thrown for layers that do not make a tree.
 *
 * @module
 */

import { quote } from "../bytes/text.ts";

/** A member of a layer cannot be applied to the layers below it. */
export class LayerError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "LayerError";
  /** The layer, as the caller named it. */
  readonly layer: string;
  /** Name of the member, as the layer has it. */
  readonly member: Uint8Array;

  /**
   * Makes the error; the message names member and layer.
   *
   * @param state What is wrong, and what was expected.
   */
  constructor(layer: string, member: Uint8Array, state: string) {
    super(`Cannot apply ${quote(member)} of ${layer}: ${state}`);
    this.layer = layer;
    this.member = member;
  }
}

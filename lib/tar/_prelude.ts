/**
 * Members that are about other members: extended headers, and GNU's for long names.
 *
 * @module
 */

import { ExtendedHeader } from "./_extended.ts";
import { TYPE_FLAGS } from "./_header.ts";
import type { Refuse } from "./tar_format_error.ts";

/** What has been said of a member before its own header. */
export interface Prelude {
  /** Its own extended header. */
  readonly own: ExtendedHeader | undefined;
  /** What applies to all members. */
  readonly shared: ExtendedHeader;
  /** Its name, as GNU's member `L` says it. */
  readonly longName: Uint8Array | undefined;
  /** The target of a link, as GNU's member `K` says it. */
  readonly longLinkName: Uint8Array | undefined;
}

/** What messages call them, by type letter. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [TYPE_FLAGS.extended, "an extended header"],
  [TYPE_FLAGS.solarisExtended, "an extended header"],
  [TYPE_FLAGS.global, "a global extended header"],
  [TYPE_FLAGS.longName, "a long name"],
  [TYPE_FLAGS.longLinkName, "a long link target"],
]);

/** Bytes of extended attributes for all members: each member takes time for each of them. */
const MAX_SHARED_WEIGHT = 1 << 14;

/** Gathers what is said of the next member, and of all. */
export class PreludeReader {
  readonly #shared = new ExtendedHeader();
  #own: ExtendedHeader | undefined;
  #longName: Uint8Array | undefined;
  #longLinkName: Uint8Array | undefined;

  /** What messages call a member of this type; undefined if it stands for itself. */
  nameOf(typeFlag: number): string | undefined {
    return NAMES.get(typeFlag);
  }

  /** Whether something has been said of a member that has not come yet. */
  get isPending(): boolean {
    return (this.#own ?? this.#longName ?? this.#longLinkName) !== undefined;
  }

  /**
   * Takes what such a member says.
   *
   * @param body Valid during the call.
   * @throws {TarFormatError} As `refuse` makes it, if it breaks the format.
   */
  add(typeFlag: number, body: Uint8Array, refuse: Refuse): void {
    const refuseThis: Refuse = (state) => refuse(`${NAMES.get(typeFlag)} with ${state}`);
    switch (typeFlag) {
      case TYPE_FLAGS.global:
        this.#addShared(body, refuseThis);
        break;
      case TYPE_FLAGS.longName:
        this.#longName = once(this.#longName, untilNul(body), refuseThis);
        break;
      case TYPE_FLAGS.longLinkName:
        this.#longLinkName = once(this.#longLinkName, untilNul(body), refuseThis);
        break;
      default:
        this.#own = once(this.#own, new ExtendedHeader(), refuseThis);
        this.#own.add(body, refuseThis);
    }
  }

  #addShared(body: Uint8Array, refuse: Refuse): void {
    this.#shared.add(body, refuse);
    if (this.#shared.sparse !== undefined) {
      throw refuse("a sparse map, expected one in the header of a member");
    }
    const { xattrs } = this.#shared;
    if (xattrs !== undefined && xattrs.weight > MAX_SHARED_WEIGHT) {
      throw refuse(`extended attributes of more than ${MAX_SHARED_WEIGHT} bytes`);
    }
  }

  /** What applies to the member whose header is here now. */
  take(): Prelude {
    const prelude = {
      own: this.#own,
      shared: this.#shared,
      longName: this.#longName,
      longLinkName: this.#longLinkName,
    };
    this.#own = this.#longName = this.#longLinkName = undefined;
    return prelude;
  }
}

/** Programs do not agree on which counts if there are two. */
function once<Value>(known: Value | undefined, value: Value, refuse: Refuse): Value {
  if (known === undefined) return value;
  throw refuse("another before it, expected one for each member");
}

function untilNul(body: Uint8Array): Uint8Array {
  const end = body.indexOf(0);
  return body.slice(0, end < 0 ? body.length : end);
}

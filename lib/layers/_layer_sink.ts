/**
 * Takes an archive apart as it is read: members are kept, contents go to a sink.
 *
 * @module
 */

import type { ContentStream } from "../composefs/content_sink.ts";
import type { TarMember, TarSink } from "../tar/member.ts";
import type { LayerMember } from "./merge.ts";

/** Bytes of a file that may be captured: policies and configurations are far smaller. */
const MAX_CAPTURED = 1 << 26;

/** What is told of one layer. */
export class LayerSink implements TarSink {
  readonly #members: LayerMember<number>[] = [];
  readonly #stream: ContentStream;
  readonly #capture: (name: Uint8Array) => boolean;
  readonly #captured: Map<number, Uint8Array>;
  #isFile = false;
  /** The file that is being captured. */
  #copy: Uint8Array | undefined;

  constructor(
    stream: ContentStream,
    capture: (name: Uint8Array) => boolean,
    captured: Map<number, Uint8Array>,
  ) {
    this.#stream = stream;
    this.#capture = capture;
    this.#captured = captured;
  }

  /** The members so far, in their order. */
  get members(): readonly LayerMember<number>[] {
    return this.#members;
  }

  member(member: TarMember): void {
    this.#isFile = member.kind === "regular";
    this.#copy = undefined;
    if (!this.#isFile) {
      this.#members.push({ member });
      return;
    }
    const file = this.#stream.begin(member.size);
    this.#members.push({ member, file });
    if (member.size > MAX_CAPTURED || !this.#capture(member.name)) return;
    this.#copy = new Uint8Array(member.size);
    this.#captured.set(file, this.#copy);
  }

  contents(bytes: Uint8Array, position: number): void {
    this.#copy?.set(bytes, position);
    this.#stream.write(bytes, position);
  }

  end(): void {
    if (this.#isFile) this.#stream.end();
  }
}

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Stream, StreamedImage } from "../../../cli/references/stream.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { createImageFromDump } from "../../../lib/composefs/image.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";

const IMAGE = createImageFromDump([utf8("/ 0 40755 2 0 0 0 0.0 - - -\n")]);

/** Pieces of bytes, and how many of them have been taken. */
class Pieces {
  taken = 0;
  readonly #bytes: Uint8Array;
  readonly #size: number;

  constructor(bytes: Uint8Array, size: number) {
    this.#bytes = bytes;
    this.#size = size;
  }

  *[Symbol.iterator](): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < this.#bytes.length; at += this.#size) {
      this.taken++;
      yield this.#bytes.slice(at, at + this.#size);
    }
  }
}

Deno.test("what has been looked at is there to be taken, however it is cut", () => {
  for (const size of [1, 3, 100]) {
    const stream = new Stream(new Pieces(utf8("0123456789"), size));
    assertEquals(stream.peek(4), utf8("0123"));
    assertEquals(stream.take(2), utf8("01"));
    assertEquals(stream.peek(3), utf8("234"));
    assertEquals(stream.take(100), utf8("23456789"));
    assertEquals(stream.peek(1).length, 0);
  }
});

Deno.test("no more is read of a stream than is looked at", () => {
  const pieces = new Pieces(new Uint8Array(100), 10);
  const stream = new Stream(pieces);
  stream.peek(15);
  assertEquals(pieces.taken, 2);
  stream.take(20);
  assertEquals(pieces.taken, 2);
});

Deno.test("an image in a stream ends where it says, and what follows is digested if it is asked for", () => {
  const alone = new StreamedImage(new Stream(new Pieces(IMAGE, 1000)), "x");
  assertEquals(alone.bytes, IMAGE);
  assertEquals(alone.whole("sha256"), undefined);
  const longer = concatBytes(IMAGE, new Uint8Array(5000));
  const image = new StreamedImage(new Stream(new Pieces(longer, 1000)), "x");
  assertEquals(image.bytes, IMAGE);
  const whole = image.whole("sha256")!;
  assertEquals(whole.size, longer.length);
  assert(whole.digest.equals(fsVerityDigest(longer)));
});

Deno.test("an image that claims to be larger than images are is refused before it is read", () => {
  const bytes = IMAGE.slice();
  // The count of blocks in the superblock.
  new DataView(bytes.buffer).setUint32(1024 + 36, 0xffff_ffff, true);
  const pieces = new Pieces(bytes, 1200);
  const error = assertThrows(() => new StreamedImage(new Stream(pieces), "standard input"));
  assert(error instanceof RangeError && error.message.startsWith("Cannot load standard input: "));
  assertEquals(pieces.taken, 1);
});

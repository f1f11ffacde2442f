import { assertEquals, assertStrictEquals } from "@std/assert";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import { nativeHashers } from "../../../ffi/hash/hashers.ts";
import { createRandom } from "../../../scripts/random.ts";

const ALGORITHMS: readonly HashAlgorithm[] = ["sha256", "sha512"];

for (const algorithm of ALGORITHMS) {
  Deno.test(`native ${algorithm} gives plain arrays of their own`, () => {
    const { hash, digestSize } = nativeHashers.hasher(algorithm)!;
    const message = new TextEncoder().encode("abc");
    const first = hash(message);
    assertEquals(first, portableHasher(algorithm).hash(message));
    assertEquals(first.constructor, Uint8Array);
    assertEquals(first.buffer.byteLength, digestSize);
  });

  Deno.test(`native ${algorithm} puts a hash into an array and leaves the rest of it alone`, () => {
    const { hash, hashInto, digestSize } = nativeHashers.hasher(algorithm)!;
    const messages = [0, 1, 4096, 70_000].map((length) => createRandom(4).bytes(length));
    const target = new Uint8Array(messages.length * digestSize + 3).fill(0xee);
    messages.forEach((message, i) => hashInto!(message, target, 2 + i * digestSize));
    messages.forEach((message, i) => hashInto!(message, target, 2 + i * digestSize));
    const hashes = messages.map((message) => hash(message).toHex()).join("");
    assertEquals(target.toHex(), `eeee${hashes}ee`);
  });

  Deno.test(`native ${algorithm} is found once`, () => {
    assertStrictEquals(nativeHashers.hasher(algorithm), nativeHashers.hasher(algorithm));
  });
}

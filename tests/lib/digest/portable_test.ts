import { assertEquals, assertNotStrictEquals } from "@std/assert";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { portableHasher, portableMessageHasher } from "../../../lib/digest/portable.ts";
import { nativeHashers } from "../../../ffi/hash/hashers.ts";
import { createRandom } from "../../../scripts/random.ts";

const ALGORITHMS: readonly HashAlgorithm[] = ["sha256", "sha512"];

// FIPS 180-2, appendices B.1 and C.1.
const ABC: Readonly<Record<HashAlgorithm, string>> = {
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha512: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

for (const algorithm of ALGORITHMS) {
  Deno.test(`portable ${algorithm} gives the published hash of "abc"`, () => {
    const hasher = portableHasher(algorithm);
    assertEquals(hasher.hash(new TextEncoder().encode("abc")).toHex(), ABC[algorithm]);
    assertEquals(hasher.algorithm, algorithm);
    assertEquals(hasher.digestSize, HASH_ALGORITHMS[algorithm].digestSize);
  });

  Deno.test(`portable ${algorithm} agrees with Web Crypto on every length up to 300`, async () => {
    const bytes = createRandom(1).bytes(300);
    for (let length = 0; length <= bytes.length; length++) {
      const message = bytes.slice(0, length);
      const expected = await crypto.subtle.digest(HASH_ALGORITHMS[algorithm].webName, message);
      const actual = portableHasher(algorithm).hash(message);
      assertEquals(actual, new Uint8Array(expected), `length ${length}`);
    }
  });

  Deno.test(`portable ${algorithm} agrees with the native one on random views`, () => {
    const random = createRandom(2);
    const bytes = random.bytes(200_000);
    for (let round = 0; round < 300; round++) {
      const start = random.int(0, 1000);
      const message = bytes.subarray(
        start,
        start + random.int(0, round % 10 === 0 ? 199_000 : 9000),
      );
      const expected = nativeHashers.hasher(algorithm)!.hash(message);
      assertEquals(portableHasher(algorithm).hash(message), expected, `round ${round}`);
    }
  });

  Deno.test(`${algorithm} hashers leave the message alone and give a new array each time`, () => {
    for (const hasher of [portableHasher(algorithm), nativeHashers.hasher(algorithm)!]) {
      const message = createRandom(3).bytes(200);
      const before = message.slice();
      const first = hasher.hash(message);
      const kept = first.slice();
      assertNotStrictEquals(hasher.hash(message.subarray(1)).buffer, first.buffer);
      assertEquals(first, kept);
      assertEquals(message, before);
    }
  });
}

Deno.test("hashers are made once", () => {
  assertEquals(portableHasher("sha256") === portableHasher("sha256"), true);
});

for (const algorithm of ["sha256", "sha512"] as const) {
  Deno.test(`the ${algorithm} of a message in pieces is that of the whole, however it is cut`, () => {
    const random = createRandom(7);
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 129, 1000, 5000]) {
      const message = random.bytes(length);
      for (const make of [portableMessageHasher, nativeHashers.message!]) {
        const hasher = make(algorithm)!;
        for (let at = 0; at < length;) {
          const next = Math.min(length, at + random.int(0, 260));
          hasher.update(message.subarray(at, next));
          at = next;
        }
        assertEquals(hasher.digest(), portableHasher(algorithm).hash(message), `${length} bytes`);
      }
    }
  });
}

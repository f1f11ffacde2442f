import { CacheFormatError } from "../../../lib/objects/cache_format_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import {
  DigestCache,
  FINGERPRINT_WORDS,
  isDigestCache,
} from "../../../lib/objects/digest_cache.ts";

const NOW = 1_700_000_000_000;

/** The fingerprint of a file with this inode number and otherwise this number everywhere. */
function fingerprint(inode: number, rest = 0): Uint32Array {
  const words = new Uint32Array(FINGERPRINT_WORDS).fill(rest);
  words[0] = inode % 2 ** 32;
  words[1] = inode / 2 ** 32;
  return words;
}

function digest(seed: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(32).fill(seed);
}

function keep(cache: DigestCache, words: Uint32Array, digest: Uint8Array): void {
  cache.set(cache.numberOf(words), digest);
}

function find(cache: DigestCache, words: Uint32Array): Uint8Array | undefined {
  return cache.get(cache.numberOf(words));
}

/** The file of a cache, which is not used after that. */
function encode(cache: DigestCache): Uint8Array<ArrayBuffer> {
  return concatBytes(...cache.encode(NOW));
}

/** How many entries there are in a file, as its header says. */
function countEntries(file: Uint8Array): number {
  return new DataView(file.buffer).getUint32(24, true);
}

/** The cache in a file, which is used no more. */
function decode(file: Uint8Array<ArrayBuffer>): DigestCache {
  return DigestCache.decode(file, NOW);
}

Deno.test("what was kept is found, before and after it was written", () => {
  const cache = DigestCache.create();
  for (let inode = 0; inode < 3000; inode++) keep(cache, fingerprint(inode), digest(inode & 255));
  const check = (cache: DigestCache) => {
    for (let inode = 0; inode < 3000; inode++) {
      assertEquals(find(cache, fingerprint(inode)), digest(inode & 255));
    }
    assertEquals(find(cache, fingerprint(3000)), undefined);
  };
  check(cache);
  const file = encode(cache);
  assertEquals(countEntries(file), 3000);
  check(decode(file));
});

Deno.test("only what has a digest is known", () => {
  const cache = DigestCache.create();
  keep(cache, fingerprint(1), digest(1));
  const without = cache.numberOf(fingerprint(2));
  assertEquals([cache.isKnown(cache.numberOf(fingerprint(1))), cache.isKnown(without)], [
    true,
    false,
  ]);
  const later = decode(encode(cache));
  assertEquals(
    [1, 2].map((inode) => later.isKnown(later.numberOf(fingerprint(inode)))),
    [true, false],
  );
});

Deno.test("every bit of a fingerprint counts", () => {
  const cache = DigestCache.create();
  keep(cache, fingerprint(5, 1), digest(1));
  for (let bit = 0; bit < 32 * FINGERPRINT_WORDS; bit++) {
    const other = fingerprint(5, 1);
    other[bit >> 5]! ^= 1 << (bit & 31);
    assertEquals(find(cache, other), undefined);
  }
  assertEquals(find(cache, fingerprint(5, 1)), digest(1));
});

Deno.test("several files may have one inode number, on different devices or one after the other", () => {
  const cache = DigestCache.create();
  for (let rest = 0; rest < 10; rest++) keep(cache, fingerprint(2 ** 53 + 2, rest), digest(rest));
  keep(cache, fingerprint(2 ** 53 + 2, 3), digest(99));
  assertEquals(find(cache, fingerprint(2 ** 53 + 2, 3)), digest(99));
  const file = encode(cache);
  assertEquals(countEntries(file), 10);
  assertEquals(find(decode(file), fingerprint(2 ** 53 + 2, 9)), digest(9));
});

Deno.test("a fingerprint keeps its number, and without a digest it is not written", () => {
  let cache = DigestCache.create();
  keep(cache, fingerprint(0), digest(1));
  for (const kept of [1, 2000]) {
    const numbers = Array.from({ length: 2000 }, (_, inode) => cache.numberOf(fingerprint(inode)));
    assertEquals(new Set(numbers).size, 2000);
    assertEquals(numbers.map((_, inode) => cache.numberOf(fingerprint(inode))), numbers);
    for (const number of numbers.slice(0, kept)) cache.set(number, digest(7));
    const file = encode(cache);
    assertEquals(countEntries(file), kept);
    cache = decode(file);
  }
});

Deno.test("a cache holds digests by the algorithms it was made for, and no others", () => {
  const sets = [["sha256"], ["sha512"], ["sha256", "sha512"]] as const;
  for (const [which, algorithms] of sets.entries()) {
    const cache = DigestCache.create(algorithms);
    const digests = new Uint8Array([32, 64, 96][which]!).fill(7);
    keep(cache, fingerprint(1), digests);
    keep(cache, fingerprint(2), digests.fill(8));
    const file = encode(cache);
    for (const wanted of sets) {
      const read = () => DigestCache.decode(file.slice(), NOW, wanted);
      if (wanted === algorithms) assertEquals(find(read(), fingerprint(2)), digests);
      else assertThrows(read, CacheFormatError, `other digests than by ${wanted.join(" and ")}`);
    }
  }
});

Deno.test("it need be written only if something was added, or not used", () => {
  const cache = DigestCache.create();
  assertEquals(cache.isChanged, false);
  keep(cache, fingerprint(1), digest(1));
  assertEquals(cache.isChanged, true);
  const loaded = decode(encode(cache));
  assertEquals(loaded.isChanged, true);
  find(loaded, fingerprint(1));
  assertEquals(loaded.isChanged, false);
});

Deno.test("what is not used for long is dropped, what is used stays", () => {
  let cache = DigestCache.create();
  keep(cache, fingerprint(1), digest(1));
  keep(cache, fingerprint(2), digest(2));
  let file = encode(cache);
  let rounds = 0;
  for (; countEntries(file) === 2; rounds++) {
    cache = decode(file);
    assertEquals(find(cache, fingerprint(1)), digest(1));
    file = encode(cache);
  }
  assertEquals(countEntries(file), 1);
  assertEquals(find(decode(file), fingerprint(1)), digest(1));
  assertEquals(rounds > 10 && rounds < 30, true);
});

Deno.test("what is kept moves together where something between it is dropped", () => {
  const cache = DigestCache.create();
  const keptOnes = Array.from({ length: 500 }, (_, inode) => inode).filter((inode) =>
    inode % 3 > 0
  );
  for (let inode = 0; inode < 500; inode++) cache.numberOf(fingerprint(inode));
  for (const inode of keptOnes) keep(cache, fingerprint(inode), digest(inode & 255));
  const loaded = decode(encode(cache));
  for (let inode = 0; inode < 500; inode++) {
    const expected = inode % 3 > 0 ? digest(inode & 255) : undefined;
    assertEquals(find(loaded, fingerprint(inode)), expected);
  }
});

Deno.test("the same entries give the same bytes", () => {
  const files = [1, 2].map(() => {
    const cache = DigestCache.create();
    keep(cache, fingerprint(1), digest(1));
    return encode(cache);
  });
  assertEquals(files[0], files[1]);
});

Deno.test("a damaged cache is refused, whichever bit it is", () => {
  const cache = DigestCache.create();
  for (let inode = 0; inode < 3; inode++) keep(cache, fingerprint(inode), digest(inode));
  const file = encode(cache);
  for (let bit = 0; bit < 8 * file.length; bit++) {
    const damaged = file.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assertThrows(() => DigestCache.decode(damaged, NOW), CacheFormatError);
  }
  for (let length = 0; length < file.length; length++) {
    assertThrows(() => DigestCache.decode(file.subarray(0, length), NOW), CacheFormatError);
  }
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  assertThrows(() => DigestCache.decode(longer, NOW), CacheFormatError);
});

Deno.test("a cache from the future is refused: the clock has been set back", () => {
  const file = encode(DigestCache.create());
  assertThrows(() => DigestCache.decode(file, NOW - 1), CacheFormatError, "later than now");
  assertEquals(countEntries(encode(DigestCache.decode(file, NOW))), 0);
});

Deno.test("other files are told from damaged caches", () => {
  const file = encode(DigestCache.create());
  assertEquals(isDigestCache(file), true);
  assertEquals(isDigestCache(file.subarray(0, 20)), true);
  for (const other of ["", "composefs", "#!/bin/sh\necho composefs-cache\n"]) {
    assertEquals(isDigestCache(utf8(other)), false);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  DigestCache,
  FINGERPRINT_WORDS,
  isDigestCache,
} from "../../../lib/composefs/digest_cache.ts";

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

function reload(cache: DigestCache, now = NOW): DigestCache {
  return DigestCache.decode(cache.encode(now), now);
}

Deno.test("what was kept is found, before and after it was written", () => {
  const cache = new DigestCache();
  for (let inode = 0; inode < 3000; inode++) cache.set(fingerprint(inode), digest(inode & 255));
  for (const each of [cache, reload(cache)]) {
    assertEquals(each.size, 3000);
    for (let inode = 0; inode < 3000; inode++) {
      assertEquals(each.get(fingerprint(inode)), digest(inode & 255));
    }
    assertEquals(each.get(fingerprint(3000)), undefined);
  }
});

Deno.test("every bit of a fingerprint counts", () => {
  const cache = new DigestCache();
  cache.set(fingerprint(5, 1), digest(1));
  for (let bit = 0; bit < 32 * FINGERPRINT_WORDS; bit++) {
    const other = fingerprint(5, 1);
    other[bit >> 5]! ^= 1 << (bit & 31);
    assertEquals(cache.get(other), undefined);
  }
  assertEquals(cache.get(fingerprint(5, 1)), digest(1));
});

Deno.test("several files may have one inode number, on different devices or one after the other", () => {
  const cache = new DigestCache();
  for (let rest = 0; rest < 10; rest++) cache.set(fingerprint(2 ** 53 + 2, rest), digest(rest));
  cache.set(fingerprint(2 ** 53 + 2, 3), digest(99));
  assertEquals(cache.size, 10);
  assertEquals(cache.get(fingerprint(2 ** 53 + 2, 3)), digest(99));
  assertEquals(reload(cache).get(fingerprint(2 ** 53 + 2, 9)), digest(9));
});

Deno.test("a digest that was handed out is a copy", () => {
  const cache = new DigestCache();
  cache.set(fingerprint(1), digest(1));
  cache.get(fingerprint(1))!.fill(0);
  assertEquals(cache.get(fingerprint(1)), digest(1));
});

Deno.test("it need be written only if something was added, or not used", () => {
  const cache = new DigestCache();
  assertEquals(cache.isChanged, false);
  cache.set(fingerprint(1), digest(1));
  assertEquals(cache.isChanged, true);
  const loaded = reload(cache);
  assertEquals(loaded.isChanged, true);
  loaded.get(fingerprint(1));
  assertEquals(loaded.isChanged, false);
});

Deno.test("what is not used for long is dropped, what is used stays", () => {
  let cache = new DigestCache();
  cache.set(fingerprint(1), digest(1));
  cache.set(fingerprint(2), digest(2));
  let rounds = 0;
  while (cache.size === 2) {
    cache = reload(cache);
    assertEquals(cache.get(fingerprint(1)), digest(1));
    rounds++;
  }
  assertEquals(cache.size, 1);
  assertEquals(rounds > 10 && rounds < 30, true);
});

Deno.test("the same entries give the same bytes", () => {
  const cache = new DigestCache();
  cache.set(fingerprint(1), digest(1));
  assertEquals(cache.encode(NOW), cache.encode(NOW));
});

Deno.test("a damaged cache is refused, whichever bit it is", () => {
  const cache = new DigestCache();
  for (let inode = 0; inode < 3; inode++) cache.set(fingerprint(inode), digest(inode));
  const file = cache.encode(NOW);
  for (let bit = 0; bit < 8 * file.length; bit++) {
    const damaged = file.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assertThrows(() => DigestCache.decode(damaged, NOW), RangeError);
  }
  for (let length = 0; length < file.length; length++) {
    assertThrows(() => DigestCache.decode(file.subarray(0, length), NOW), RangeError);
  }
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  assertThrows(() => DigestCache.decode(longer, NOW), RangeError);
});

Deno.test("a cache from the future is refused: the clock has been set back", () => {
  const file = new DigestCache().encode(NOW);
  assertThrows(() => DigestCache.decode(file, NOW - 1), RangeError, "later than now");
  assertEquals(DigestCache.decode(file, NOW).size, 0);
});

Deno.test("other files are told from damaged caches", () => {
  const file = new DigestCache().encode(NOW);
  assertEquals(isDigestCache(file), true);
  assertEquals(isDigestCache(file.subarray(0, 20)), true);
  for (const other of ["", "composefs", "#!/bin/sh\necho composefs-cache\n"]) {
    assertEquals(isDigestCache(utf8(other)), false);
  }
});

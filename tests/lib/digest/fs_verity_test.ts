import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  fsVerityDigest,
  fsVerityDigestByWebCrypto,
  fsVerityDigestOf,
  FsVerityHasher,
  type FsVerityOptions,
} from "../../../lib/digest/fs_verity.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";

const EMPTY = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";
const HELLO = "555b589c26ee43b7a2510e6c67ced9fb3190b6da6e9e683984551f5d77a763de";

const HELLO_SHA512 = "6df20db469cf5593ca6055da72980399741ff57cab5c414cca6ba93c6f8ff2a5" +
  "69e9833b78c3294a774e0d085e4ffc1b16f656584ddf9ce708653f30b08b2c65";

// As fsverity-utils 1.6 prints them.
const KNOWN: readonly (readonly [string, Uint8Array, string])[] = [
  ["nothing", new Uint8Array(0), EMPTY],
  ["hello", utf8("hello"), HELLO],
  [
    "hello world and a newline",
    utf8("hello world\n"),
    "37061ef2ac4c21bec68489b56138c5780306a4ad7fe6676236ecdf2c9027cd92",
  ],
  [
    "foo bar baz and a newline",
    utf8("foo bar baz\n"),
    "91e7d88cb7bc9cf6d8db3b0ecf89af4abf204bef5b3ade5113d5b62ef374e70b",
  ],
  [
    "4096 zeros",
    new Uint8Array(4096),
    "babc284ee4ffe7f449377fbf6692715b43aec7bc39c094a95878904d34bac97e",
  ],
  [
    "4097 zeros",
    new Uint8Array(4097),
    "093756e4ea9683329106d4a16982682ed182c14bf076463a9e7f97305cbac743",
  ],
  [
    "524289 zeros",
    new Uint8Array(524289),
    "e4143a5705610b7ad2eb85482cfc033c7062a89b9faf9118603f592d53fd10e0",
  ],
];

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Cuts bytes into random chunks, some of them empty, some longer than many blocks. */
function* randomChunks(bytes: Uint8Array, random: Random, most: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = random.chance(10) ? 0 : random.int(1, most);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Gives chunks in one buffer that is overwritten before the next one and at the end. */
async function* reusingOneBuffer(bytes: Uint8Array, length: number): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let at = 0; at < bytes.length; at += length) {
    const part = bytes.subarray(at, at + length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xee);
    await Promise.resolve();
  }
}

function randomOptions(random: Random): FsVerityOptions {
  return {
    algorithm: random.pick(["sha256", "sha512"]),
    blockSize: 2 ** random.int(7, 16),
    salt: random.bytes(random.pick([0, 0, 1, 8, 31, 32])),
  };
}

for (const [name, contents, digest] of KNOWN) {
  Deno.test(`the digest of ${name} is known, by each hasher and by Web Crypto`, async () => {
    const hasher = portableHasher("sha256");
    assertEquals(fsVerityDigest(contents).toHex(), digest);
    assertEquals(fsVerityDigest(contents, { hasher }).toHex(), digest);
    assertEquals((await fsVerityDigestOf([contents])).toHex(), digest);
    const byWebCrypto = await fsVerityDigestByWebCrypto([contents], {}, crypto.subtle);
    assertEquals(byWebCrypto.toHex(), digest);
  });
}

Deno.test("the digest with SHA-512, 1024-byte blocks and a salt is known", async () => {
  const options = { blockSize: 1024, salt: new Uint8Array([0xab, 0xcd]) };
  const sha512 = { ...options, algorithm: "sha512" } as const;
  const hasher = portableHasher("sha512");
  assertEquals(fsVerityDigest(utf8("hello"), sha512).toHex(), HELLO_SHA512);
  assertEquals(fsVerityDigest(utf8("hello"), { ...options, hasher }).toHex(), HELLO_SHA512);
  const byWebCrypto = await fsVerityDigestByWebCrypto([utf8("hello")], sha512, crypto.subtle);
  assertEquals(byWebCrypto.toHex(), HELLO_SHA512);
});

Deno.test("chunks of any size give the digest of the whole", async () => {
  const random = createRandom(11);
  for (let round = 0; round < 60; round++) {
    const options = randomOptions(random);
    const contents = random.bytes(random.int(0, 300_000));
    const expected = fsVerityDigest(contents, options);
    const hasher = new FsVerityHasher(options);
    const chunks = [...randomChunks(contents, random, random.pick([100, 5000, 200_000]))];
    for (const chunk of chunks) hasher.update(chunk);
    assertEquals(hasher.size, contents.length);
    assertEquals(hasher.digest(), expected, `round ${round}`);
    assertEquals(await fsVerityDigestOf(chunks, options), expected, `round ${round}`);
  }
});

Deno.test("zeros that are not shown give the digest of those that are", () => {
  const random = createRandom(12);
  for (let round = 0; round < 200; round++) {
    const options = {
      algorithm: random.pick(["sha256", "sha512"] as const),
      blockSize: random.pick([128, 1024, 4096]),
      salt: random.bytes(random.pick([0, 7])),
    };
    const [one, other] = [new FsVerityHasher(options), new FsVerityHasher(options)];
    for (let part = random.int(1, 6); part > 0; part--) {
      const length = random.int(0, random.pick([2, 5000, 200_000]));
      if (random.int(0, 2) === 0) {
        const bytes = random.bytes(length);
        one.update(bytes);
        other.update(bytes);
      } else {
        one.updateZeros(length);
        other.update(new Uint8Array(length));
      }
    }
    assertEquals([one.size, one.digest()], [other.size, other.digest()]);
    assertThrows(() => one.updateZeros(1), TypeError, "already taken");
  }
});

Deno.test("Web Crypto gives the digest of the synchronous hashers", async () => {
  const random = createRandom(12);
  for (let round = 0; round < 25; round++) {
    const options = randomOptions(random);
    const contents = random.bytes(random.int(0, 400_000));
    const expected = fsVerityDigest(contents, options);
    const most = random.pick([500, 5000, 400_000]);
    const chunks = randomChunks(contents, random, most);
    const actual = await fsVerityDigestByWebCrypto(chunks, options, crypto.subtle);
    assertEquals(actual, expected, `round ${round}`);
  }
});

Deno.test("chunks may share one buffer, also under Web Crypto", async () => {
  const contents = createRandom(13).bytes(1_000_001);
  for (const options of [{}, { salt: new Uint8Array([1, 2, 3]) }]) {
    const expected = fsVerityDigest(contents, options);
    for (const length of [1000, 4096, 65536]) {
      const chunks = reusingOneBuffer(contents, length);
      assertEquals(await fsVerityDigestOf(chunks, options), expected);
      const again = reusingOneBuffer(contents, length);
      assertEquals(await fsVerityDigestByWebCrypto(again, options, crypto.subtle), expected);
    }
  }
});

Deno.test("Web Crypto never has more than two batches of blocks under way", async () => {
  let underWay = 0;
  let most = 0;
  const subtle = {
    async digest(algorithm: string, data: BufferSource): Promise<ArrayBuffer> {
      most = Math.max(most, ++underWay);
      const hash = await crypto.subtle.digest(algorithm, data);
      underWay--;
      return hash;
    },
  };
  const contents = new Uint8Array(1000 * 4096);
  const actual = await fsVerityDigestByWebCrypto([contents], {}, subtle);
  assertEquals(actual, fsVerityDigest(contents));
  assertEquals(most >= 64 && most <= 256, true, `${most} blocks`);
});

Deno.test("memory shared between threads is hashed like any other", async () => {
  const contents = new Uint8Array(new SharedArrayBuffer(10_000)).fill(7);
  const expected = fsVerityDigest(new Uint8Array(10_000).fill(7));
  assertEquals(fsVerityDigest(contents), expected);
  assertEquals(await fsVerityDigestByWebCrypto([contents], {}, crypto.subtle), expected);
});

Deno.test("a hasher gives digest, descriptor and tree again and again, each a copy", () => {
  const hasher = new FsVerityHasher({ keepTree: true }).update(new Uint8Array(9000));
  for (
    const take of [
      () => hasher.descriptor(),
      () => hasher.merkleTree(),
      () => hasher.digest().bytes,
    ]
  ) {
    const first = take();
    const kept = first.slice();
    first.fill(1);
    assertEquals(take(), kept);
  }
});

Deno.test("a hasher refuses more contents once its digest was taken", () => {
  const hasher = new FsVerityHasher().update(utf8("hello"));
  assertEquals(hasher.digest().toHex(), HELLO);
  assertThrows(() => hasher.update(utf8("!")), TypeError, "its digest was already taken");
  assertEquals(hasher.digest().toHex(), HELLO);
  assertThrows(() => hasher.merkleTree(), TypeError, "expected keepTree");
});

Deno.test("each parameter changes the digest", () => {
  const contents = createRandom(14).bytes(5000);
  const plain = fsVerityDigest(contents);
  assertNotEquals(fsVerityDigest(contents, { blockSize: 1024 }), plain);
  assertNotEquals(fsVerityDigest(contents, { salt: new Uint8Array(1) }), plain);
  assertEquals(fsVerityDigest(contents, { salt: new Uint8Array(0) }), plain);
  assertEquals(fsVerityDigest(contents, { algorithm: "sha512" }).algorithm, "sha512");
});

Deno.test("parameters that no tool accepts are refused", async () => {
  for (const blockSize of [0, 1, 32, 4095, 4097, -4096, 2 ** 31, 2 ** 40, NaN, 1024.5]) {
    const message = `Cannot use block size "${blockSize}"`;
    assertThrows(() => fsVerityDigest(utf8("x"), { blockSize }), RangeError, message);
    await assertRejects(() => fsVerityDigestOf([], { blockSize }), RangeError, message);
  }
  assertThrows(
    () => fsVerityDigest(utf8("x"), { blockSize: 64, algorithm: "sha512" }),
    RangeError,
    "expected a power of two from 128 to 1073741824",
  );
  const salt = new Uint8Array(33);
  assertThrows(() => fsVerityDigest(utf8("x"), { salt }), RangeError, "a salt of 33 bytes");
  assertThrows(
    () => new FsVerityHasher({ algorithm: "sha512", hasher: portableHasher("sha256") }),
    TypeError,
    `Cannot use hasher "portable": it computes sha256, expected sha512`,
  );
});

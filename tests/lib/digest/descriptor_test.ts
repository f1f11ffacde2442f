import { Digest } from "../../../lib/digest/digest.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  encodeFsVerityDescriptor,
  formatFsVerityDigest,
  type FsVerityDescriptor,
} from "../../../lib/digest/descriptor.ts";

const BASE: FsVerityDescriptor = {
  algorithm: "sha256",
  blockSize: 4096,
  salt: new Uint8Array(0),
  dataSize: 5,
  rootHash: new Uint8Array(32).fill(0xaa),
};

Deno.test("a descriptor has its fields where the kernel reads them", () => {
  const bytes = encodeFsVerityDescriptor({
    algorithm: "sha512",
    blockSize: 1024,
    salt: new Uint8Array([0x51, 0x52]),
    dataSize: 2 ** 53 - 2,
    rootHash: new Uint8Array(64).fill(0xbb),
  });
  const expected = new Uint8Array(256);
  expected.set([1, 2, 10, 2]);
  expected.set([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0], 8);
  expected.fill(0xbb, 16, 80);
  expected.set([0x51, 0x52], 80);
  assertEquals(bytes, expected);
});

Deno.test("a root hash of 32 bytes is padded with zeros", () => {
  const bytes = encodeFsVerityDescriptor(BASE);
  assertEquals(bytes.subarray(0, 4), new Uint8Array([1, 1, 12, 0]));
  assertEquals(bytes.subarray(16, 48), BASE.rootHash);
  assertEquals(bytes.subarray(48), new Uint8Array(208));
});

Deno.test("a descriptor refuses sizes that it cannot state", () => {
  const wrong: readonly [Partial<FsVerityDescriptor>, string][] = [
    [{ dataSize: -1 }, `a file of "-1" bytes`],
    [{ dataSize: 2 ** 53 }, "expected 0 to 2^53 - 1"],
    [{ dataSize: 0.5 }, `"0.5"`],
    [{ blockSize: 1000 }, `Cannot describe block size "1000": expected a power of two`],
    [{ blockSize: 0 }, `"0"`],
    [{ salt: new Uint8Array(33) }, "a salt of 33 bytes: expected 0 to 32"],
    [{ rootHash: new Uint8Array(64) }, "a root hash of 64 bytes: expected 32"],
    [{ algorithm: "sha512" }, "a root hash of 32 bytes: expected 64"],
  ];
  for (const [change, message] of wrong) {
    assertThrows(() => encodeFsVerityDescriptor({ ...BASE, ...change }), RangeError, message);
  }
});

Deno.test("the formatted digest is magic, algorithm, length and digest", () => {
  const digest = "92dd1f337f6745de68591b0059655a1ad71bfbb749127162c9c74bcff2668019";
  assertEquals(
    formatFsVerityDigest(Digest.parse(digest)).toHex(),
    "4653566572697479" + "0100" + "2000" + digest,
  );
  const long = formatFsVerityDigest(new Digest("sha512", new Uint8Array(64)));
  assertEquals(long.subarray(8, 12), new Uint8Array([2, 0, 64, 0]));
});

import { Digest } from "../../../lib/digest/digest.ts";
import { assertEquals } from "@std/assert";
import { objectPath, objectPathSize, writeObjectPath } from "../../../lib/digest/object_path.ts";

Deno.test("an object lies in a directory named by the digest's first byte", () => {
  const digest = new Digest("sha256", Uint8Array.from({ length: 32 }, (_, i) => i));
  assertEquals(
    objectPath(digest),
    "00/0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  );
});

Deno.test("longer digests make longer paths", () => {
  assertEquals(objectPath(new Digest("sha512", new Uint8Array(64))).length, 129);
});

Deno.test("as bytes it is the same, for either hash", () => {
  for (const length of [32, 64]) {
    const digest = Digest.of(Uint8Array.from({ length }, (_, i) => i * 37 + 200))!;
    const bytes = new Uint8Array(objectPathSize(length));
    writeObjectPath(bytes, digest.bytes);
    assertEquals(new TextDecoder().decode(bytes), objectPath(digest));
  }
});

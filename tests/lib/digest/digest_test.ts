import { assert, assertEquals, assertThrows } from "@std/assert";
import { Digest } from "../../../lib/digest/digest.ts";

const SHA256 = "00ff".repeat(16);
const SHA512 = "0a".repeat(64);

Deno.test("a digest has as many bytes as its algorithm gives", () => {
  assertEquals(new Digest("sha256", new Uint8Array(32)).algorithm, "sha256");
  assertEquals(new Digest("sha512", new Uint8Array(64)).algorithm, "sha512");
  for (const [algorithm, length] of [["sha256", 31], ["sha256", 64], ["sha512", 32]] as const) {
    assertThrows(
      () => new Digest(algorithm, new Uint8Array(length)),
      RangeError,
      `Cannot use ${length} bytes as a digest by ${algorithm}`,
    );
  }
});

Deno.test("the number of its bytes says what a digest is by", () => {
  assertEquals(Digest.of(new Uint8Array(32))?.algorithm, "sha256");
  assertEquals(Digest.of(new Uint8Array(64))?.algorithm, "sha512");
  for (const length of [0, 31, 33, 36, 63, 65, 128]) {
    assertEquals(Digest.of(new Uint8Array(length)), undefined);
  }
});

Deno.test("a digest is read with the name of its algorithm or without, in either case", () => {
  for (const text of [SHA256, SHA256.toUpperCase(), `sha256:${SHA256}`]) {
    assertEquals(Digest.parse(text).toString(), `sha256:${SHA256}`);
  }
  for (const text of [SHA512, `sha512:${SHA512}`]) {
    assertEquals(Digest.parse(text).toHex(), SHA512);
  }
});

Deno.test("what is no digest is refused", () => {
  const wrong = [
    "",
    "sha256:",
    `sha512:${SHA256}`,
    `sha256:${SHA512}`,
    `md5:${SHA256}`,
    `SHA256:${SHA256}`,
    `${SHA256}0`,
    `${SHA256}00`,
    ` ${SHA256}`,
    `${SHA256}\n`,
    SHA256.slice(2),
    `g${SHA256.slice(1)}`,
    `+${SHA256.slice(1)}`,
  ];
  for (const text of wrong) {
    assertEquals(Digest.tryParse(text), undefined, text);
    assertThrows(() => Digest.parse(text), RangeError, "expected 64 or 128 hexadecimal digits");
  }
});

Deno.test("digests are equal by algorithm and bytes", () => {
  const digest = Digest.parse(SHA256);
  assert(digest.equals(Digest.parse(SHA256)));
  assert(!digest.equals(Digest.parse(SHA256.replace("f", "e"))));
  assert(!digest.equals(Digest.parse(SHA256.repeat(2))));
});

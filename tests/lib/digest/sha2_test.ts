import { assertEquals, assertStrictEquals } from "@std/assert";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import type { BlockHasher } from "../../../lib/digest/hasher.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import {
  defaultHasher,
  hasHashers,
  installedHasher,
  installHashers,
  messageHasher,
} from "../../../lib/digest/sha2.ts";

/** Runs something while hashers that give ones are installed for SHA-256 alone. */
function withOnes(run: (ones: BlockHasher) => void): void {
  const hash = () => new Uint8Array(32).fill(1);
  const ones: BlockHasher = { name: "ones", algorithm: "sha256", digestSize: 32, hash };
  installHashers({ hasher: (algorithm) => algorithm === "sha256" ? ones : undefined });
  try {
    run(ones);
  } finally {
    installHashers(undefined);
  }
}

Deno.test("without others, hashers are the portable ones", () => {
  assertEquals(hasHashers(), false);
  assertEquals(installedHasher("sha256"), undefined);
  assertStrictEquals(defaultHasher("sha256"), portableHasher("sha256"));
});

Deno.test("what is installed is used at once, where it has an algorithm", () => {
  const before = fsVerityDigest(new Uint8Array(5000));
  withOnes((ones) => {
    assertEquals(hasHashers(), true);
    assertStrictEquals(defaultHasher("sha256"), ones);
    assertStrictEquals(defaultHasher("sha512"), portableHasher("sha512"));
    assertEquals(fsVerityDigest(new Uint8Array(5000)).bytes, new Uint8Array(32).fill(1));
  });
  assertEquals(fsVerityDigest(new Uint8Array(5000)), before);
});

Deno.test("a hasher that a call names goes before one that is installed", () => {
  const hasher = portableHasher("sha256");
  const expected = fsVerityDigest(new Uint8Array(5000));
  withOnes(() => assertEquals(fsVerityDigest(new Uint8Array(5000), { hasher }), expected));
});

Deno.test("a message in pieces is hashed portably where the installed hashers have no way", () => {
  withOnes(() => {
    const message = messageHasher("sha256");
    message.update(new TextEncoder().encode("abc"));
    assertEquals(message.digest(), portableHasher("sha256").hash(new TextEncoder().encode("abc")));
  });
});

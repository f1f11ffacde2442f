import { EncodingError } from "../../../lib/signature/encoding_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { DER, derContext, derElement, derObjectIdentifier } from "../../../lib/signature/_der.ts";
import {
  type KeyAlgorithm,
  keyProblem,
  mayBelongTogether,
  privateKeyAlgorithm,
  publicKeyAlgorithm,
} from "../../../lib/signature/key_algorithm.ts";

const { sequence, integer, bitString, octetString } = DER;
const oid = derObjectIdentifier;
const NULL = derElement(DER.null);
const ZERO = derElement(integer, Uint8Array.of(0));
const RSA = derElement(sequence, oid("1.2.840.113549.1.1.1"), NULL);

/** A number of so many bits, as DER spells it. */
function number(bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.floor(bits / 8) + 1);
  bytes[0] = bits % 8 === 0 ? 0 : 1 << (bits - 1) % 8;
  if (bits % 8 === 0) bytes[1] = 0x80;
  return derElement(integer, bytes);
}

function publicKey(identifier: Uint8Array, key: Uint8Array = NULL): Uint8Array<ArrayBuffer> {
  return derElement(sequence, identifier, derElement(bitString, Uint8Array.of(0), key));
}

function ec(curve: Uint8Array): Uint8Array {
  return derElement(sequence, oid("1.2.840.10045.2.1"), curve);
}

Deno.test("key algorithm: a public key's kind, length and curve", () => {
  for (const bits of [8, 744, 745, 751, 752, 2048]) {
    const key = publicKey(RSA, derElement(sequence, number(bits), ZERO));
    assertEquals(publicKeyAlgorithm(key), { kind: "rsa", bits });
  }
  const kindOf = (identifier: Uint8Array) => publicKeyAlgorithm(publicKey(identifier));
  const other = (dotted: string) => kindOf(derElement(sequence, oid(dotted)));
  assertEquals(kindOf(ec(oid("1.2.840.10045.3.1.7"))), { kind: "ec", curve: "P-256" });
  assertEquals(kindOf(ec(oid("1.3.132.0.10"))), { kind: "ec", curve: "secp256k1" });
  assertEquals(kindOf(ec(oid("1.3.132.0.38"))), { kind: "ec", curve: "1.3.132.0.38" });
  assertEquals(kindOf(ec(RSA)), { kind: "ec", curve: "given by its parameters" });
  assertEquals(other("1.2.840.113549.1.1.10"), { kind: "other", name: "rsa-pss" });
  assertEquals(other("1.3.101.112"), { kind: "other", name: "ed25519" });
  assertEquals(other("2.5.4.3"), { kind: "other", name: "2.5.4.3" });
});

Deno.test("key algorithm: a private key's, in each of its forms", () => {
  const rsa = derElement(sequence, ZERO, number(1024), ZERO);
  const curve = oid("1.3.132.0.34");
  const wrapped = (identifier: Uint8Array, key: Uint8Array) =>
    derElement(sequence, ZERO, identifier, derElement(octetString, key));
  assertEquals(privateKeyAlgorithm("RSA PRIVATE KEY", rsa), { kind: "rsa", bits: 1024 });
  assertEquals(privateKeyAlgorithm("PRIVATE KEY", wrapped(RSA, rsa)), { kind: "rsa", bits: 1024 });
  assertEquals(privateKeyAlgorithm("PRIVATE KEY", wrapped(ec(curve), NULL)), {
    kind: "ec",
    curve: "P-384",
  });
  const plain = derElement(
    sequence,
    ZERO,
    derElement(octetString),
    derElement(derContext(0), curve),
  );
  assertEquals(privateKeyAlgorithm("EC PRIVATE KEY", plain), { kind: "ec", curve: "P-384" });
});

Deno.test("key algorithm: every cut of a key is refused", () => {
  const key = publicKey(RSA, derElement(sequence, number(512), ZERO));
  for (let length = 0; length < key.length; length++) {
    assertThrows(() => publicKeyAlgorithm(key.subarray(0, length)), EncodingError);
  }
  assertThrows(() => privateKeyAlgorithm("EC PRIVATE KEY", derElement(sequence)), EncodingError);
});

Deno.test("key algorithm: what can sign, and what cannot", () => {
  for (const curve of ["P-224", "P-256", "P-384", "P-521"]) {
    assertEquals(keyProblem({ kind: "ec", curve }, "sha512"), undefined);
  }
  for (const [bits, hash] of [[489, "sha256"], [745, "sha512"]] as const) {
    assertEquals(keyProblem({ kind: "rsa", bits }, hash), undefined);
    assertEquals(
      keyProblem({ kind: "rsa", bits: bits - 1 }, hash),
      `RSA key of ${bits - 1} bits, too short for ${hash}: expected at least ${bits}`,
    );
  }
  assertEquals(
    keyProblem({ kind: "ec", curve: "P-192" }, "sha256"),
    "EC key on curve P-192, expected P-256, P-384 or P-521",
  );
  assertEquals(
    keyProblem({ kind: "other", name: "dsa" }, "sha256"),
    "key of type dsa, expected RSA or EC",
  );
});

Deno.test("key algorithm: halves of one key are alike", () => {
  const keys: KeyAlgorithm[] = [
    { kind: "rsa", bits: 2048 },
    { kind: "rsa", bits: 1024 },
    { kind: "ec", curve: "P-256" },
    { kind: "ec", curve: "P-384" },
  ];
  keys.forEach((one, i) =>
    keys.forEach((other, j) => assertEquals(mayBelongTogether({ ...one }, other), i === j))
  );
});

/**
 * What kind of key a certificate or a file of a private key holds, as far as it takes to say whether a
 * signature can be made with it.
 *
 * @see RFC 5280, "SubjectPublicKeyInfo"; RFC 5208, "PrivateKeyInfo"; RFC 5915; RFC 8017, A.1
 *
 * @module
 */

import { DER, derContext, DerReader } from "./_der.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../digest/hasher.ts";

/** A kind of key. */
export type KeyAlgorithm =
  | { readonly kind: "rsa"; readonly bits: number }
  | { readonly kind: "ec"; readonly curve: string }
  | { readonly kind: "other"; readonly name: string };

const RSA = "1.2.840.113549.1.1.1";
const EC = "1.2.840.10045.2.1";

const OTHERS: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.10": "rsa-pss",
  "1.2.840.10040.4.1": "dsa",
  "1.3.101.110": "x25519",
  "1.3.101.111": "x448",
  "1.3.101.112": "ed25519",
  "1.3.101.113": "ed448",
};

const CURVES: Readonly<Record<string, string>> = {
  "1.2.840.10045.3.1.1": "P-192",
  "1.3.132.0.33": "P-224",
  "1.2.840.10045.3.1.7": "P-256",
  "1.3.132.0.34": "P-384",
  "1.3.132.0.35": "P-521",
  "1.3.132.0.10": "secp256k1",
  "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
  "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
  "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
  "1.2.156.10197.1.301": "SM2",
};

/** Curves on which all runtimes sign. The first is of no use to kernels, as of Linux 6.18. */
const USABLE_CURVES: readonly string[] = ["P-224", "P-256", "P-384", "P-521"];

/** Bytes that a PKCS#1 v1.5 signature has besides a hash of SHA-2: its frame, and the hash's name. */
const RSA_FRAME = 11 + 19;

/**
 * Reads the kind of a public key.
 *
 * @param key A SubjectPublicKeyInfo in DER.
 * @throws {EncodingError} If it is none.
 */
export function publicKeyAlgorithm(key: Uint8Array): KeyAlgorithm {
  const body = new DerReader(new DerReader(key).contents(DER.sequence));
  const identifier = body.contents(DER.sequence);
  // The first byte says how many bits at the end do not count: none.
  return named(identifier, () => {
    const inner = new DerReader(body.contents(DER.bitString).subarray(1));
    return integerBits(new DerReader(inner.contents(DER.sequence)));
  });
}

/**
 * Reads the kind of a private key.
 *
 * @param label What the PEM block says that it is.
 * @param key The key in DER, not encrypted.
 * @throws {EncodingError} If it is none of a form that is known.
 */
export function privateKeyAlgorithm(label: string, key: Uint8Array): KeyAlgorithm {
  const body = new DerReader(new DerReader(key).contents(DER.sequence));
  body.contents(DER.integer); // version
  if (label === "RSA PRIVATE KEY") return { kind: "rsa", bits: integerBits(body) };
  if (label === "EC PRIVATE KEY") {
    body.contents(DER.octetString); // privateKey
    return { kind: "ec", curve: curveName(new DerReader(body.contents(derContext(0)))) };
  }
  const identifier = body.contents(DER.sequence);
  return named(identifier, () => {
    const inner = new DerReader(
      new DerReader(body.contents(DER.octetString)).contents(DER.sequence),
    );
    inner.contents(DER.integer); // version
    return integerBits(inner);
  });
}

/** What is wrong with signing with a key of this kind; undefined if nothing is. */
export function keyProblem(key: KeyAlgorithm, hash: HashAlgorithm): string | undefined {
  switch (key.kind) {
    case "other":
      return `key of type ${key.name}, expected RSA or EC`;
    case "ec":
      return USABLE_CURVES.includes(key.curve)
        ? undefined
        : `EC key on curve ${key.curve}, expected P-256, P-384 or P-521`;
    case "rsa": {
      const least = 8 * (HASH_ALGORITHMS[hash].digestSize + RSA_FRAME - 1) + 1;
      return key.bits >= least
        ? undefined
        : `RSA key of ${key.bits} bits, too short for ${hash}: expected at least ${least}`;
    }
  }
}

/** Tells whether two keys may be halves of one. */
export function mayBelongTogether(one: KeyAlgorithm, other: KeyAlgorithm): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What an AlgorithmIdentifier says; an RSA key has to be looked into for its length. */
function named(identifier: Uint8Array, bits: () => number): KeyAlgorithm {
  const reader = new DerReader(identifier);
  const oid = dottedIdentifier(reader.contents(DER.objectIdentifier));
  if (oid === RSA) return { kind: "rsa", bits: bits() };
  if (oid === EC) return { kind: "ec", curve: curveName(reader) };
  return { kind: "other", name: OTHERS[oid] ?? oid };
}

function curveName(parameters: DerReader): string {
  if (parameters.tag !== DER.objectIdentifier) return "given by its parameters";
  const oid = dottedIdentifier(parameters.contents(DER.objectIdentifier));
  return CURVES[oid] ?? oid;
}

/** How many bits the number has that is next. */
function integerBits(reader: DerReader): number {
  const number = reader.contents(DER.integer);
  const start = number.findIndex((byte) => byte !== 0);
  if (start < 0) return 0;
  return 8 * (number.length - start) - Math.clz32(number[start]!) + 24;
}

/** An object identifier as people write it. */
function dottedIdentifier(contents: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contents) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...rest].join(".");
}

/**
 * The PKCS#7 message that the kernel takes as a built-in signature of a file.
 *
 * It holds a signature over the formatted digest of `descriptor.ts` and names the certificate to check
 * it with, and nothing else: no contents, no certificates, no attributes. Signing itself, and reading
 * keys, is left to the caller.
 *
 * @see RFC 2315, "SignedData"; Documentation/filesystems/fsverity.rst, "Built-in signature verification"
 *
 * @module
 */

import { DER, derContext, derElement, derObjectIdentifier } from "./_der.ts";
import type { Certificate } from "./certificate.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";

/** Kinds of keys: RSA with PKCS#1 v1.5 padding, or ECDSA. */
export type SignerKind = "rsa" | "ec";

/** What {@linkcode encodeSignature} puts together. */
export interface SignatureParts {
  /** Algorithm that the message signed was hashed with. */
  readonly algorithm: HashAlgorithm;
  readonly kind: SignerKind;
  /** The signer's certificate. */
  readonly certificate: Certificate;
  /** The bare signature: a number as long as the modulus for RSA, a DER sequence for ECDSA. */
  readonly signature: Uint8Array;
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const DATA = "1.2.840.113549.1.7.1";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const HASHES: Readonly<Record<HashAlgorithm, string>> = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha512: "2.16.840.1.101.3.4.2.3",
};
const ECDSA_WITH: Readonly<Record<HashAlgorithm, string>> = {
  sha256: "1.2.840.10045.4.3.2",
  sha512: "1.2.840.10045.4.3.4",
};

const VERSION_1 = derElement(DER.integer, Uint8Array.of(1));
const NULL = derElement(DER.null);

/**
 * Encodes the message, as fsverity-utils 1.6 does with OpenSSL. The same parts give the same bytes.
 *
 * @returns DER.
 */
export function encodeSignature(parts: SignatureParts): Uint8Array<ArrayBuffer> {
  const { algorithm, kind, certificate, signature } = parts;
  const { sequence, set } = DER;
  const digestAlgorithm = derElement(sequence, derObjectIdentifier(HASHES[algorithm]), NULL);
  const signatureAlgorithm = kind === "rsa"
    ? derElement(sequence, derObjectIdentifier(RSA_ENCRYPTION), NULL)
    : derElement(sequence, derObjectIdentifier(ECDSA_WITH[algorithm]));
  const signerInfo = derElement(
    sequence,
    VERSION_1,
    derElement(sequence, certificate.issuer, certificate.serialNumber),
    digestAlgorithm,
    signatureAlgorithm,
    derElement(DER.octetString, signature),
  );
  const signedData = derElement(
    sequence,
    VERSION_1,
    derElement(set, digestAlgorithm),
    derElement(sequence, derObjectIdentifier(DATA)),
    derElement(set, signerInfo),
  );
  return derElement(
    sequence,
    derObjectIdentifier(SIGNED_DATA),
    derElement(derContext(0), signedData),
  );
}

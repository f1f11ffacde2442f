/**
 * The parts of an X.509 certificate by which a signature names its signer.
 *
 * Neither validity nor usage is looked at: the kernel does not look at them either.
 *
 * @see RFC 5280, "Certificate"
 *
 * @module
 */

import { EncodingError } from "./encoding_error.ts";
import { DER, derContext, DerReader } from "./_der.ts";

/** Elements of a certificate, each in the encoding that it has there. */
export interface Certificate {
  /** The INTEGER. */
  readonly serialNumber: Uint8Array;
  /** The Name. */
  readonly issuer: Uint8Array;
  /** The SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

/**
 * Reads a certificate.
 *
 * @param der The certificate in DER. The result's fields are views of it.
 * @throws {EncodingError} If it is no certificate.
 */
export function readCertificate(der: Uint8Array): Certificate {
  const outer = new DerReader(der);
  const certificate = new DerReader(outer.contents(DER.sequence));
  const body = new DerReader(certificate.contents(DER.sequence));
  certificate.contents(DER.sequence); // signatureAlgorithm
  certificate.contents(DER.bitString); // signatureValue
  if (!outer.done || !certificate.done) {
    throw new EncodingError("Cannot read a certificate: bytes follow its end");
  }
  if (body.tag === derContext(0)) body.contents(derContext(0)); // version
  const serialNumber = body.element(DER.integer);
  checkInteger(serialNumber);
  body.contents(DER.sequence); // signature
  const issuer = body.element(DER.sequence);
  body.contents(DER.sequence); // validity
  body.contents(DER.sequence); // subject
  return { serialNumber, issuer, publicKey: body.element(DER.sequence) };
}

/** A serial number that is spelled longer than need be would not be found again. */
function checkInteger(element: Uint8Array): void {
  const value = new DerReader(element).contents(DER.integer);
  const [first, second] = value;
  const padded = second !== undefined &&
    (first === 0 && second < 0x80 || first === 0xff && second >= 0x80);
  if (first === undefined || padded) {
    throw new EncodingError("Cannot read a certificate: improper serial number");
  }
}

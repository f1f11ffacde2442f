import { EncodingError } from "../../../lib/signature/encoding_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { DER, derContext, derElement } from "../../../lib/signature/_der.ts";
import { concatBytes } from "../../../lib/bytes/text.ts";
import { readCertificate } from "../../../lib/signature/certificate.ts";

const { sequence, integer, bitString } = DER;
const serial = derElement(integer, Uint8Array.of(0x7b));
const issuer = derElement(sequence, Uint8Array.of(1, 2, 3));
const publicKey = derElement(sequence, Uint8Array.of(4, 5));
const empty = derElement(sequence);
const version = derElement(derContext(0), derElement(integer, Uint8Array.of(2)));

function certificate(...head: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = derElement(sequence, ...head, empty, issuer, empty, empty, publicKey, empty);
  return derElement(sequence, body, empty, derElement(bitString));
}

Deno.test("certificate: serial number, issuer and key are those of its elements", () => {
  const expected = { serialNumber: serial, issuer, publicKey };
  assertEquals(readCertificate(certificate(version, serial)), expected);
  assertEquals(readCertificate(certificate(serial)), expected);
});

Deno.test("certificate: long and negative serial numbers are kept as they are", () => {
  for (const hex of ["0080", "80", "ff7f", "00", "ff".repeat(0) + "7f".repeat(20)]) {
    const serialNumber = derElement(integer, Uint8Array.fromHex(hex));
    assertEquals(readCertificate(certificate(serialNumber)).serialNumber, serialNumber);
  }
});

Deno.test("certificate: improper serial numbers are refused", () => {
  for (const hex of ["", "0000", "007f", "ff80", "ffff"]) {
    const bytes = certificate(derElement(integer, Uint8Array.fromHex(hex)));
    assertThrows(() => readCertificate(bytes), EncodingError, "improper serial number");
  }
});

Deno.test("certificate: every cut and every byte too many is refused", () => {
  const whole = certificate(version, serial);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => readCertificate(whole.subarray(0, length)), EncodingError);
  }
  assertThrows(
    () => readCertificate(concatBytes(whole, Uint8Array.of(0))),
    EncodingError,
    "follow",
  );
});

import { assertEquals } from "@std/assert";
import { DER, derElement } from "../../../lib/signature/_der.ts";
import { encodeSignature, type SignatureParts } from "../../../lib/signature/pkcs7.ts";

const PARTS: SignatureParts = {
  algorithm: "sha256",
  kind: "rsa",
  certificate: {
    serialNumber: derElement(DER.integer, Uint8Array.of(5)),
    issuer: derElement(DER.sequence),
    publicKey: new Uint8Array(),
  },
  signature: Uint8Array.of(0xaa, 0xbb),
};

// Laid out by hand after RFC 2315; tests/e2e holds real signatures against fsverity-utils.
const SHA256 = "300d06096086480165030402010500";
const SHA512 = "300d06096086480165030402030500";

Deno.test("PKCS#7: an RSA signature", () => {
  assertEquals(
    encodeSignature(PARTS).toHex(),
    "3060" + "06092a864886f70d010702" + "a053" + "3051" + "020101" + "310f" + SHA256 +
      "300b06092a864886f70d010701" + "312e" + "302c" + "020101" + "3005" + "3000" + "020105" +
      SHA256 + "300d06092a864886f70d0101010500" + "0402aabb",
  );
});

Deno.test("PKCS#7: an EC signature names its hash, and has no parameters", () => {
  const parts = { ...PARTS, kind: "ec", algorithm: "sha512" } as const;
  assertEquals(
    encodeSignature(parts).toHex(),
    "305d" + "06092a864886f70d010702" + "a050" + "304e" + "020101" + "310f" + SHA512 +
      "300b06092a864886f70d010701" + "312b" + "3029" + "020101" + "3005" + "3000" + "020105" +
      SHA512 + "300a06082a8648ce3d040304" + "0402aabb",
  );
});

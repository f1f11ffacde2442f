import { EncodingError } from "../../../lib/signature/encoding_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  DER,
  derContext,
  derElement,
  derObjectIdentifier,
  DerReader,
} from "../../../lib/signature/_der.ts";

Deno.test("DER: lengths take the fewest bytes", () => {
  const heads = [0, 1, 127, 128, 255, 256, 65535, 65536].map((size) => {
    const element = derElement(DER.octetString, new Uint8Array(size));
    assertEquals(new DerReader(element).contents(DER.octetString).length, size);
    return element.subarray(0, element.length - size).toHex();
  });
  assertEquals(heads, [
    "0400",
    "0401",
    "047f",
    "048180",
    "0481ff",
    "04820100",
    "0482ffff",
    "0483010000",
  ]);
});

Deno.test("DER: object identifiers", () => {
  assertEquals(derObjectIdentifier("1.2.840.113549.1.7.2").toHex(), "06092a864886f70d010702");
  assertEquals(derObjectIdentifier("2.16.840.1.101.3.4.2.1").toHex(), "0609608648016503040201");
  assertEquals(derObjectIdentifier("2.999.3").toHex(), "0603883703");
  assertEquals(derObjectIdentifier("1.3.0.127.128").toHex(), "06052b007f8100");
});

Deno.test("DER: elements are walked in order, whole or by their contents", () => {
  const one = derElement(DER.integer, Uint8Array.of(1));
  const nothing = derElement(DER.null);
  const reader = new DerReader(derElement(derContext(0), one, nothing));
  assertEquals(reader.tag, 0xa0);
  const inner = new DerReader(reader.contents(derContext(0)));
  assertEquals(reader.done, true);
  assertEquals(reader.tag, undefined);
  assertEquals(inner.element(DER.integer), one);
  assertEquals(inner.done, false);
  assertEquals(inner.contents(DER.null), new Uint8Array());
  assertEquals(inner.done, true);
});

Deno.test("DER: what is improper is refused", () => {
  const cases: Record<string, string> = {
    "": "Cannot read DER: the end at byte 0, expected tag 0x04",
    "0500": "Cannot read DER: tag 0x05 at byte 0, expected tag 0x04",
    "04": "Cannot read DER: improper length at byte 1",
    "0480": "Cannot read DER: improper length at byte 1",
    "04800000": "Cannot read DER: improper length at byte 1",
    "04817f": "Cannot read DER: improper length at byte 1",
    "04820080": "Cannot read DER: improper length at byte 1",
    "0482ff": "Cannot read DER: improper length at byte 1",
    "04850100000000": "Cannot read DER: improper length at byte 1",
    "04ff": "Cannot read DER: improper length at byte 1",
    "0402ab": "Cannot read DER: 2 bytes announced at byte 0, found 1",
    "0484ffffffff": "Cannot read DER: 4294967295 bytes announced at byte 0, found 0",
  };
  for (const [hex, message] of Object.entries(cases)) {
    const reader = new DerReader(Uint8Array.fromHex(hex));
    const error = assertThrows(() => reader.contents(DER.octetString), EncodingError);
    assertEquals((error as Error).message, message);
  }
});

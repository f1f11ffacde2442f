import { EncodingError } from "../../../lib/signature/encoding_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { decodePem, pemBlocks } from "../../../lib/signature/pem.ts";

function block(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

Deno.test("PEM: blocks are found in order, whatever stands between them", () => {
  const text = `Bag\n${block("ONE", "AQ==")}words\r\n${block("TWO 2", "Ag\r\n==")}-----`;
  const found = [...pemBlocks(text)];
  assertEquals(found.map(({ label }) => label), ["ONE", "TWO 2"]);
  assertEquals(found.map((one) => decodePem(one)), [Uint8Array.of(1), Uint8Array.of(2)]);
  assertEquals(found[0]!.text, block("ONE", "AQ==").trimEnd());
});

Deno.test("PEM: what has no end, or another's, is passed over", () => {
  const labels = (text: string) => [...pemBlocks(text)].map(({ label }) => label);
  assertEquals(labels(""), []);
  assertEquals(labels("-----BEGIN ONE"), []);
  assertEquals(labels("-----BEGIN ONE-----\nAQ=="), []);
  assertEquals(labels("-----BEGIN ONE-----\nAQ==\n-----END TWO-----\n" + block("THREE", "")), [
    "THREE",
  ]);
  assertEquals(labels("-----BEGIN A\nB-----\n-----END A\nB-----\n" + block("C", "")), ["C"]);
  assertEquals(labels("-----BEGIN ".repeat(1000) + block("C", "")), ["C"]);
});

Deno.test("PEM: a body that is not base64 is refused", () => {
  for (const body of ["*", "A", "Proc-Type: 4,ENCRYPTED\n\nAQ==", "AQ==\nAQ=="]) {
    const [found] = [...pemBlocks(block("KEY", body))];
    assertThrows(
      () => decodePem(found!),
      EncodingError,
      'Cannot decode PEM block "KEY": not base64',
    );
  }
});

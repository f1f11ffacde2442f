import { assert, assertEquals } from "@std/assert";
import { concatBytes, latin1, printable, utf8 } from "../../../lib/bytes/text.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

Deno.test("concatBytes joins copies", () => {
  const part = Uint8Array.of(1, 2);
  const joined = concatBytes(part, new Uint8Array(), part);
  part[0] = 9;
  assertEquals([...joined], [1, 2, 1, 2]);
  assertEquals(concatBytes().length, 0);
});

Deno.test("latin1 keeps every byte, above and below the length it is done in one go", () => {
  for (const length of [0, 256, 4096, 4097, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    const text = latin1(bytes);
    assertEquals(text.length, length);
    assertEquals(Uint8Array.from(text, (unit) => unit.charCodeAt(0)), bytes);
  }
});

Deno.test("printable keeps UTF-8 and escapes control characters and stray bytes", () => {
  assertEquals(printable(utf8("größe 名 😀")), "größe 名 😀");
  assertEquals(printable(Uint8Array.of(0x61, 0x00, 0x0a, 0x7f, 0x62)), "a\\x00\\x0a\\x7fb");
  assertEquals(printable(Uint8Array.of(0xff, 0xc3, 0x28)), "\\xff\\xc3(");
});

Deno.test("printable escapes line separators, which a terminal might break at", () => {
  assertEquals(printable(utf8("a\u2028b\u0085c")), "a\\xe2\\x80\\xa8b\\xc2\\x85c");
});

Deno.test("printable never lets a control character through", () => {
  for (let first = 0; first < 256; first++) {
    const text = printable(concatBytes(Uint8Array.of(first), ALL_BYTES.subarray(0x80, 0xa0)));
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f-\x9f]/.test(text), `${first}`);
  }
});

Deno.test("printable cuts long text, also within a character", () => {
  const text = printable(utf8("a" + "é".repeat(200)));
  assert(text.endsWith("…"));
  assert(text.length < 120, text);
  assertEquals(printable(new Uint8Array(200).fill(0x61)), "a".repeat(200));
});

import { assertEquals } from "@std/assert";
import { jsonBytes, jsonLine } from "../../cli/json.ts";
import { utf8 } from "../../lib/bytes/text.ts";

Deno.test("jsonBytes() gives UTF-8 as it is, in one field", () => {
  assertEquals(jsonBytes("path", utf8("/ü b\n\\xff")), { path: "/ü b\n\\xff" });
  assertEquals(jsonBytes("target", utf8("\ufeff\ufffd")), { target: "\ufeff\ufffd" });
  assertEquals(jsonBytes("path", utf8("")), { path: "" });
});

Deno.test("jsonBytes() escapes other bytes and adds them in base64", () => {
  const bytes = Uint8Array.of(0x2f, 0xff, 0x5c, 0x20, 0x0a);
  const field = jsonBytes("path", bytes);
  assertEquals(field, { path: "/\\xff\\\\ \\x0a", pathBase64: "L/9cIAo=" });
  assertEquals(Uint8Array.fromBase64(field.pathBase64!), bytes);
});

Deno.test("jsonLine() is one line and writes bigints as digits", () => {
  assertEquals(
    jsonLine({ mtime: 9007199254740993n, name: "a\nb" }),
    '{"mtime":"9007199254740993","name":"a\\nb"}\n',
  );
});

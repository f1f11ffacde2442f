import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { paxRecord, paxTime, xattrRecord } from "../../../lib/tar/pax.ts";
import { xattr } from "../../support/trees.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a record's length counts the whole record, its own digits included", () => {
  assertEquals(text(paxRecord("path", "x")), "9 path=x\n");
  for (let length = 0; length < 1200; length++) {
    const record = paxRecord("k", "v".repeat(length));
    assertEquals(text(record).split(" ")[0], `${record.length}`);
    assertEquals(record.at(-1), 0x0a);
  }
  assertEquals(
    paxRecord("k", Uint8Array.of(0, 0xff)),
    Uint8Array.of(
      ...utf8("7 k="),
      0,
      0xff,
      0x0a,
    ),
  );
});

Deno.test("a time is a decimal number, negative before the epoch", () => {
  const cases: [number | bigint, number, string][] = [
    [0, 0, "0"],
    [5, 0, "5"],
    [5, 1, "5.000000001"],
    [5, 500_000_000, "5.5"],
    [-1, 750_000_000, "-0.25"],
    [-1, 0, "-1"],
    [-2, 999_999_999, "-1.000000001"],
    [0, 2_500_000_000, "2.5"],
    [2n ** 63n - 1n, 999_999_999, "9223372036854775807.999999999"],
    [-(2n ** 63n), 1, "-9223372036854775807.999999999"],
  ];
  for (const [seconds, nanoseconds, expected] of cases) {
    assertEquals(paxTime(seconds, nanoseconds), expected);
  }
});

Deno.test("an xattr's name is escaped, its value is not", () => {
  assertEquals(
    text(xattrRecord(xattr("user.a=b%c", "d=e%"))),
    "36 SCHILY.xattr.user.a%3Db%25c=d=e%\n",
  );
});

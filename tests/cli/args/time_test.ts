import { assertEquals, assertThrows } from "@std/assert";
import { time, wholeSeconds } from "../../../cli/args/time.ts";
import { ValueError } from "../../../cli/args/value_error.ts";

Deno.test("time() takes seconds since the epoch, before it too", () => {
  const cases: readonly (readonly [string, number | bigint, number])[] = [
    ["0", 0, 0],
    ["@0", 0, 0],
    ["-0", 0, 0],
    ["@1700000000", 1700000000, 0],
    ["20240101", 20240101, 0],
    ["1.5", 1, 500_000_000],
    ["@1.000000001", 1, 1],
    ["-1", -1, 0],
    ["@-1.5", -2, 500_000_000],
    ["-0.000000001", -1, 999_999_999],
    ["-1.0", -1, 0],
    ["9007199254740991", 2 ** 53 - 1, 0],
    ["9007199254740992", 2n ** 53n, 0],
    ["9223372036854775807", 2n ** 63n - 1n, 0],
    ["-9223372036854775808", -(2n ** 63n), 0],
  ];
  for (const [text, seconds, nanoseconds] of cases) {
    assertEquals(time(text), { seconds, nanoseconds }, text);
  }
});

Deno.test("time() takes dates, and times with a zone, as ISO 8601 has them", () => {
  const cases: readonly (readonly [string, number, number])[] = [
    ["1970-01-01", 0, 0],
    ["2023-11-14", 1699920000, 0],
    ["2023-11-14T22:13:20Z", 1700000000, 0],
    ["2023-11-14 22:13:20Z", 1700000000, 0],
    ["2023-11-14t22:13:20z", 1700000000, 0],
    ["2023-11-14T22:13Z", 1699999980, 0],
    ["2023-11-14T23:13:20+01:00", 1700000000, 0],
    ["2023-11-14T23:13:20+01", 1700000000, 0],
    ["2023-11-14T16:43:20-0530", 1700000000, 0],
    ["2023-11-14T22:13:20.25Z", 1700000000, 250_000_000],
    ["1969-12-31T23:59:59.5Z", -1, 500_000_000],
    ["1900-02-28", -2203977600, 0],
    ["0001-01-01", -62135596800, 0],
    ["2024-02-29", 1709164800, 0],
    ["9999-12-31T23:59:59Z", 253402300799, 0],
  ];
  for (const [text, seconds, nanoseconds] of cases) {
    assertEquals(time(text), { seconds, nanoseconds }, text);
  }
});

Deno.test("time() refuses what is no time, or not one alone", () => {
  const cases: Record<string, string> = {
    "": "since the epoch",
    "now": "since the epoch",
    "@": "since the epoch",
    "1.": "since the epoch",
    ".5": "since the epoch",
    "+5": "since the epoch",
    "1e9": "since the epoch",
    "1.1234567890": "since the epoch",
    "2024-1-1": "since the epoch",
    "24-01-01": "since the epoch",
    "2024-01-01T": "since the epoch",
    "2023-02-29": "a day that there is",
    "2023-00-10": "a day that there is",
    "2023-13-10": "a day that there is",
    "2023-04-31T00:00Z": "a day that there is",
    "2023-04-30T24:00Z": "23:59:59",
    "2023-04-30T23:60Z": "23:59:59",
    "2023-04-30T23:59:60Z": "23:59:59",
    "2023-04-30T23:59": "a zone",
    "2023-04-30T23:59:59": "a zone",
    "2023-04-30T23:59:59 CET": "a zone",
    "2023-04-30T23:59:59+24:00": "a zone",
    "2023-04-30T23:59:59.Z": "a zone",
    "2023-04-30T23:59:59Zx": "a zone",
    "9223372036854775808": "64 bits",
    "-9223372036854775809": "64 bits",
    "-9223372036854775808.5": "64 bits",
  };
  for (const [text, message] of Object.entries(cases)) {
    assertThrows(() => time(text), ValueError, message, text);
  }
});

Deno.test("wholeSeconds() takes nothing else", () => {
  assertEquals(wholeSeconds("1700000000"), { seconds: 1700000000, nanoseconds: 0 });
  assertEquals(wholeSeconds("-5"), { seconds: -5, nanoseconds: 0 });
  for (const text of ["", "@5", "5.0", " 5", "5\n", "2023-11-14"]) {
    assertThrows(() => wholeSeconds(text), ValueError, "a whole number", text);
  }
});

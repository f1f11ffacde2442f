import { assertEquals, assertStringIncludes } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { paxRecord, paxTime, xattrRecords } from "../../../lib/tar/_pax.ts";
import { xattr } from "../../kit/trees.ts";

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

/** Records of an xattr, without the lengths in front. */
const records = (name: string, value: string) =>
  xattrRecords(xattr(name, value)).map((record) => text(record).replace(/^\d+ /, ""));

Deno.test("an xattr's name stands as it is, but for what ends it or is read otherwise", () => {
  const cases = {
    "user.a=b": "user.a%3Db",
    "user.c%d": "user.c%d",
    "user.%": "user.%",
    "user.%2": "user.%2",
    "user.i%3dj": "user.i%3dj",
    "user.e%3Df": "user.e%253Df",
    "user.g%25h": "user.g%2525h",
    "user.%=3D": "user.%%3D3D",
  };
  for (const [name, written] of Object.entries(cases)) {
    assertEquals(records(name, "d=e%\n"), [`SCHILY.xattr.${written}=d=e%\n\n`]);
  }
});

Deno.test("an ACL is written as text too, if it is one", () => {
  const entry = (tag: number, permissions: number, id = 0xffffffff) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint16(0, tag, true);
    view.setUint16(2, permissions, true);
    view.setUint32(4, id, true);
    return new Uint8Array(view.buffer);
  };
  const acl = (...entries: Uint8Array[]) => concatBytes(Uint8Array.of(2, 0, 0, 0), ...entries);
  const [user, group, mask, other] = [entry(1, 6), entry(4, 0), entry(16, 7), entry(32, 4)];
  const full = acl(user, entry(2, 7, 1234), group, entry(8, 1, 2 ** 31), mask, other);
  const keywords = { access: "system.posix_acl_access", default: "system.posix_acl_default" };
  for (const [keyword, name] of Object.entries(keywords)) {
    const written = xattrRecords({ name: utf8(name), value: full }).map(text);
    assertEquals(written.length, 2);
    assertStringIncludes(
      written[1]!,
      ` SCHILY.acl.${keyword}=` +
        "user::rw-,user:1234:rwx,group::---,group:2147483648:--x,mask::rwx,other::r--\n",
    );
  }
  const name = utf8(keywords.access);
  const broken = [
    new Uint8Array(),
    acl(),
    acl(user, group),
    acl(user, user, group, other),
    acl(user, group, entry(64, 1), other),
    acl(user, group, entry(32, 8)),
    full.subarray(0, -1),
    full.with(0, 3),
  ];
  for (const value of broken) assertEquals(xattrRecords({ name, value }).length, 1);
  assertEquals(xattrRecords({ name: utf8("user.posix_acl_access"), value: full }).length, 1);
});

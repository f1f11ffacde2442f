import { assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { PatternError } from "../../../lib/tree/pattern_error.ts";
import { selectXattrs } from "../../../lib/tree/select_xattrs.ts";
import { parseXattrPatterns, XATTR_LISTS } from "../../../lib/tree/xattr_patterns.ts";
import { xattr } from "../../kit/trees.ts";

const NAMES = [
  "security.capability",
  "security.selinux",
  "trusted.overlay.opaque",
  "user.a",
  "user.b,c",
];

function kept(list: string): string[] {
  const xattrs = NAMES.map((name) => xattr(name, ""));
  return selectXattrs(xattrs, parseXattrPatterns(utf8(list))).map(({ name }) => latin1(name));
}

Deno.test("parseXattrPatterns: words stand for lists", () => {
  assertEquals(kept("all"), NAMES);
  assertEquals(kept("none"), []);
  assertEquals(kept("user"), ["user.a", "user.b,c"]);
  assertEquals(kept("allowlist-only"), ["security.capability"]);
  assertEquals(kept("keep-user-xattrs"), ["security.capability", "user.a", "user.b,c"]);
  assertEquals(XATTR_LISTS, ["all", "none", "user", "allowlist-only", "keep-user-xattrs"]);
});

Deno.test("parseXattrPatterns: patterns are for full names", () => {
  assertEquals(kept("user.a"), ["user.a"]);
  assertEquals(kept("user.*"), ["user.a", "user.b,c"]);
  assertEquals(kept("*.?"), ["user.a"]);
  assertEquals(kept("trusted.*"), ["trusted.overlay.opaque"]);
  assertEquals(kept("security."), []);
  assertEquals(kept("user.b\\,c,security.s*"), ["security.selinux", "user.b,c"]);
});

Deno.test("parseXattrPatterns: the last that matches counts, the first decides about others", () => {
  const without = (name: string) => NAMES.filter((other) => other !== name);
  assertEquals(kept("!security.selinux"), without("security.selinux"));
  assertEquals(kept("all,!user.a"), without("user.a"));
  assertEquals(kept("user,!user.a"), ["user.b,c"]);
  assertEquals(kept("!user.*,user.a"), without("user.b,c"));
  assertEquals(kept("user.a,!user.*"), []);
  assertEquals(kept("user.a,none"), []);
  assertEquals(kept("none,user.a"), ["user.a"]);
});

Deno.test("parseXattrPatterns: what is no list is refused", () => {
  for (const list of ["", ",", "user.a,", ",user.a", "user.a,,user.b"]) {
    assertThrows(() => parseXattrPatterns(utf8(list)), PatternError, "each comma", list);
  }
  for (const list of ["users", "*", "!user", "!", "toString", "user.a,security"]) {
    assertThrows(() => parseXattrPatterns(utf8(list)), PatternError, "all, none, user", list);
  }
  assertThrows(() => parseXattrPatterns(utf8("user.[a")), PatternError, "expected ]");
});

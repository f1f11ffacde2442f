import { assert, assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  checkName,
  checkPayload,
  checkTarget,
  checkXattrs,
  isDotOrDotDot,
  MAX_XATTRS_COST,
  xattrCost,
} from "../../../lib/tree/limits.ts";
import { xattr } from "../../kit/trees.ts";

Deno.test("only . and .. are dots", () => {
  assert(isDotOrDotDot(utf8(".")));
  assert(isDotOrDotDot(utf8("..")));
  for (const name of ["", "...", ".a", "a.", "..a"]) assert(!isDotOrDotDot(utf8(name)), name);
});

Deno.test("a name is 1 to 255 bytes, none of them NUL or a slash", () => {
  for (const name of ["a", "...", "-", "\xff", "n".repeat(255)]) checkName(utf8(name));
  for (const name of ["", ".", "..", "a/b", "/", "a\0", "n".repeat(256)]) {
    assertThrows(() => checkName(utf8(name)), SyntaxError);
  }
});

Deno.test("length is in bytes, not characters", () => {
  checkName(utf8("é".repeat(127)));
  assertThrows(() => checkName(utf8("é".repeat(128))), SyntaxError, "name of 256 bytes");
});

Deno.test("a symlink's target is 1 to 4095 bytes without NUL", () => {
  for (const target of ["/", "a/b", "t".repeat(4095)]) checkTarget(utf8(target));
  for (const target of ["", "t".repeat(4096), "a\0b"]) {
    assertThrows(() => checkTarget(utf8(target)), SyntaxError, "invalid symlink");
  }
});

Deno.test("a backing file's path is up to 4095 bytes without NUL", () => {
  for (const path of ["", "ab/cd", "p".repeat(4095)]) checkPayload(utf8(path));
  for (const path of ["p".repeat(4096), "a\0b"]) {
    assertThrows(() => checkPayload(utf8(path)), SyntaxError, "invalid payload");
  }
});

Deno.test("an xattr costs its bytes and 7", () => {
  assertEquals(xattrCost(xattr("user.a", "bc")), 15);
});

Deno.test("an xattr needs a name of 1 to 255 bytes, and the sum must not be too high", () => {
  checkXattrs(xattr("n".repeat(255)), MAX_XATTRS_COST);
  assertThrows(() => checkXattrs(xattr(""), 0), SyntaxError, "empty xattr name");
  assertThrows(() => checkXattrs(xattr("n".repeat(256)), 0), SyntaxError, "name of 256 bytes");
  assertThrows(() => checkXattrs(xattr("a"), MAX_XATTRS_COST + 1), SyntaxError, "take more than");
});

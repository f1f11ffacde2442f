import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  MAX_XATTRS_COST,
  payloadProblem,
  targetProblem,
  xattrCost,
  xattrProblem,
} from "../../../lib/tree/limits.ts";
import { xattr } from "../../kit/trees.ts";

Deno.test("a symlink's target is 1 to 4095 bytes without NUL", () => {
  for (const target of ["/", "a/b", "t".repeat(4095)]) {
    assertEquals(targetProblem(utf8(target)), undefined);
  }
  assertEquals(targetProblem(utf8("")), "invalid symlink: no target");
  const long = "invalid symlink: target of 4096 bytes, expected at most 4095";
  assertEquals(targetProblem(utf8("t".repeat(4096))), long);
  assertEquals(targetProblem(utf8("a\0b")), "invalid symlink: NUL in target");
});

Deno.test("a backing file's path is up to 4095 bytes without NUL", () => {
  for (const path of ["", "ab/cd", "p".repeat(4095)]) {
    assertEquals(payloadProblem(utf8(path)), undefined);
  }
  const long = "invalid payload of 4096 bytes, expected at most 4095";
  assertEquals(payloadProblem(utf8("p".repeat(4096))), long);
  assertEquals(payloadProblem(utf8("a\0b")), "invalid payload: NUL byte");
});

Deno.test("an xattr costs its bytes and 7", () => {
  assertEquals(xattrCost(xattr("user.a", "bc")), 15);
});

Deno.test("an xattr needs a name of 1 to 255 bytes, and the sum must not be too high", () => {
  assertEquals(xattrProblem(xattr("n".repeat(255)), MAX_XATTRS_COST), undefined);
  assertEquals(xattrProblem(xattr(""), 0), "empty xattr name");
  const long = "xattr name of 256 bytes, expected at most 255";
  assertEquals(xattrProblem(xattr("n".repeat(256)), 0), long);
  const many = 'xattrs take more than 32767 bytes together, at "a"';
  assertEquals(xattrProblem(xattr("a"), MAX_XATTRS_COST + 1), many);
});

import { assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { isAclName, xattrName, XattrNames } from "../../../lib/erofs/xattr_name.ts";

function splitName(name: string): [number, string] {
  const { index, suffix } = xattrName(utf8(name));
  return [index, new TextDecoder().decode(suffix)];
}

Deno.test("known prefixes are named by index", () => {
  assertEquals(splitName("user.foo"), [1, "foo"]);
  assertEquals(splitName("system.posix_acl_access"), [2, ""]);
  assertEquals(splitName("system.posix_acl_default"), [3, ""]);
  assertEquals(splitName("trusted.overlay.opaque"), [4, "overlay.opaque"]);
  assertEquals(splitName("security.selinux"), [6, "selinux"]);
});

Deno.test("a prefix matches by beginning only", () => {
  assertEquals(splitName("system.posix_acl_accessZ"), [2, "Z"]);
  assertEquals(splitName("user."), [1, ""]);
});

Deno.test("other names are spelled in full", () => {
  for (const name of ["lustre.lov", "system.other", "user", "x", "User.a"]) {
    assertEquals(splitName(name), [0, name]);
  }
});

Deno.test("only whole names are those of ACLs", () => {
  const names = ["access", "default", "accessZ", ""].map((end) => `system.posix_acl_${end}`);
  const found = [...names, "user."].map((name) => isAclName(xattrName(utf8(name))));
  assertEquals(found, [true, true, false, false, false]);
});

Deno.test("a name is one object, however often and in what order it comes", () => {
  const names = new XattrNames();
  const [a, b] = ["user.a", "user.b"].map((name) => names.of(utf8(name)));
  for (const again of ["user.b", "user.b", "user.a", "user.b"]) {
    assertStrictEquals(names.of(utf8(again)), again === "user.a" ? a : b);
  }
  assertEquals(a === b, false);
});

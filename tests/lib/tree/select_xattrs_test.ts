import { assertEquals } from "@std/assert";
import { selectXattrs } from "../../../lib/tree/select_xattrs.ts";
import { xattr } from "../../kit/trees.ts";

Deno.test("a filter lets all, user.* or no xattrs through, in their order", () => {
  const [b, t, a] = [xattr("user.b"), xattr("trusted.user.x"), xattr("user.")];
  const all = [b!, t!, a!];
  assertEquals(selectXattrs(all, "all"), all);
  assertEquals(selectXattrs(all, "user"), [b!, a!]);
  assertEquals(selectXattrs(all, "none"), []);
});

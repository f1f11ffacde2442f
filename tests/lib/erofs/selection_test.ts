import { assertEquals } from "@std/assert";
import { Selection } from "../../../lib/erofs/selection.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

/** What is selected of each path: `all` of it, only the `way` through it, or `none`. */
function found(paths: readonly string[], ...asked: readonly string[]): string[] {
  const selection = Selection.of(paths.map(utf8));
  return asked.map((path) => {
    let at: ReturnType<Selection["find"]> = selection;
    for (const name of path.split("/")) {
      if (at === undefined) return "all";
      if (at === "none") return "none";
      at = at.find(utf8(name));
    }
    return at === undefined ? "all" : at === "none" ? "none" : "way";
  });
}

Deno.test("a path selects itself, all below it, and the way there", () => {
  const asked = ["usr", "usr/bin", "usr/bin/a", "usr/lib", "etc", "us"];
  assertEquals(found(["/usr/bin"], ...asked), ["way", "all", "all", "none", "none", "none"]);
  assertEquals(found(["usr//bin/"], ...asked), ["way", "all", "all", "none", "none", "none"]);
});

Deno.test("what lies below a selected path adds nothing, in either order", () => {
  for (const paths of [["usr", "usr/bin/a"], ["usr/bin/a", "usr"]]) {
    assertEquals(found(paths, "usr", "usr/lib", "etc"), ["all", "all", "none"]);
  }
});

Deno.test("paths that part ways are all selected", () => {
  assertEquals(found(["a/b/c", "a/d"], "a", "a/b", "a/b/c", "a/b/x", "a/d/y"), [
    "way",
    "way",
    "all",
    "none",
    "all",
  ]);
});

Deno.test("no paths, and a path without a name, select nothing", () => {
  assertEquals(found([], "a"), ["none"]);
  assertEquals(found(["/"], "a"), ["none"]);
});

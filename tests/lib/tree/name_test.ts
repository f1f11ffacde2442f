import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { isDotOrDotDot, nameProblem } from "../../../lib/tree/name.ts";

Deno.test("only . and .. are dots", () => {
  assert(isDotOrDotDot(utf8(".")));
  assert(isDotOrDotDot(utf8("..")));
  for (const name of ["", "...", ".a", "a.", "..a"]) assert(!isDotOrDotDot(utf8(name)), name);
});

Deno.test("a name is 1 to 255 bytes, none of them NUL or a slash", () => {
  for (const name of ["a", "...", "-", "\xff", "n".repeat(255)]) {
    assertEquals(nameProblem(utf8(name)), undefined);
  }
  const refused: [string, string][] = [
    ["", "empty name"],
    [".", "invalid name . or .."],
    ["..", "invalid name . or .."],
    ["a/b", 'NUL or slash in name "a/b"'],
    ["/", 'NUL or slash in name "/"'],
    ["a\0", 'NUL or slash in name "a\\x00"'],
    ["n".repeat(256), "name of 256 bytes, expected at most 255"],
  ];
  for (const [name, problem] of refused) assertEquals(nameProblem(utf8(name)), problem);
});

Deno.test("length is in bytes, not characters", () => {
  assertEquals(nameProblem(utf8("é".repeat(127))), undefined);
  assertEquals(nameProblem(utf8("é".repeat(128))), "name of 256 bytes, expected at most 255");
});

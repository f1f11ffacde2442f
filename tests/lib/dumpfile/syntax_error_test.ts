import { assertEquals, assertInstanceOf } from "@std/assert";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";

Deno.test("the message names the line", () => {
  const cause = new SyntaxError("inner");
  const error = new DumpfileSyntaxError(7, "wrong", { cause });
  assertInstanceOf(error, SyntaxError);
  assertEquals([error.name, error.line, error.message], [
    "DumpfileSyntaxError",
    7,
    "Invalid line 7: wrong",
  ]);
  assertEquals(error.cause, cause);
});

Deno.test("line 0 is the file as a whole", () => {
  assertEquals(new DumpfileSyntaxError(0, "wrong").message, "Invalid dump file: wrong");
});

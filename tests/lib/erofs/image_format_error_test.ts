import { assertEquals, assertInstanceOf } from "@std/assert";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";

Deno.test("the message names the offset", () => {
  const cause = new SyntaxError("inner");
  const error = new ImageFormatError(1024, "wrong", { cause });
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.offset, error.message], [
    "ImageFormatError",
    1024,
    "Invalid image at offset 1024: wrong",
  ]);
  assertEquals(error.cause, cause);
});

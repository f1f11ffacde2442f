import { assertEquals } from "@std/assert";
import { UsageError } from "../../cli/args/usage_error.ts";
import { jsonError } from "../../cli/json_error.ts";
import { SyscallError } from "../../ffi/sys/errno.ts";
import { ImageFormatError } from "../../lib/erofs/image_format_error.ts";

const failed = (errno: number) =>
  new SyscallError(errno, { syscall: "openat", action: "open", subject: "it" });

Deno.test("jsonError() is one line with a code by the error's class", () => {
  const text = jsonError(new UsageError("Cannot run\nit"));
  assertEquals(text.indexOf("\n"), text.length - 1);
  assertEquals(JSON.parse(text), { error: { code: "usage", message: "Cannot run\nit" } });
  assertEquals(JSON.parse(jsonError("thrown")).error, { code: "failed", message: "thrown" });
});

Deno.test("jsonError() names what the kernel said", () => {
  const coded = (errno: number) => {
    const { code, errno: name } = JSON.parse(jsonError(failed(errno))).error;
    return [code, name];
  };
  assertEquals(coded(2), ["not-found", "ENOENT"]);
  assertEquals(coded(13), ["permission", "EACCES"]);
  assertEquals(coded(5), ["system", "EIO"]);
});

Deno.test("jsonError() takes the code of the nearest cause that has one", () => {
  const cause = new ImageFormatError(0, "odd", { cause: failed(2) });
  const { error } = JSON.parse(jsonError(new Error("Cannot load", { cause })));
  assertEquals(error, { code: "image-format", message: "Cannot load" });
  const circle = new Error("round");
  circle.cause = circle;
  assertEquals(JSON.parse(jsonError(circle)).error.code, "failed");
});

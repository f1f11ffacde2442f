import { assertEquals, assertThrows } from "@std/assert";
import { writeFileSync } from "node:fs";
import { isDirectory, readFileStart } from "../../../ffi/files/file_start.ts";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { test } from "../harness.ts";

test("the start of a file is its first bytes, of a directory there are none", ({ linux, directory }) => {
  const path = `${directory}/file`;
  writeFileSync(path, "0123456789");
  assertEquals(readFileStart(linux, utf8(path), 4), { kind: "regular", head: utf8("0123") });
  assertEquals(readFileStart(linux, utf8(path), 400).head, utf8("0123456789"));
  const found = readFileStart(linux, utf8(directory), 4);
  assertEquals(found, { kind: "directory", head: new Uint8Array() });
});

test("what is not there has no start, and is no directory", ({ linux, directory }) => {
  const path = utf8(`${directory}/none`);
  assertThrows(() => readFileStart(linux, path, 4), SyscallError, "none");
  assertEquals(isDirectory(linux, path), false);
  assertEquals(isDirectory(linux, utf8(directory)), true);
});

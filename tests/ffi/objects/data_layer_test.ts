import { assertEquals, assertThrows } from "@std/assert";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectoryLayer } from "../../../ffi/objects/data_layer.ts";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { succeed, test } from "../harness.ts";

test("data layer: finds regular files below it, and nothing else", ({ linux, directory }) => {
  const store = join(directory, "store");
  mkdirSync(join(store, "ab"), { recursive: true });
  writeFileSync(join(store, "ab/cdef"), "contents");
  writeFileSync(join(directory, "outside"), "x");
  symlinkSync("cdef", join(store, "ab/link"));
  symlinkSync("ab", join(store, "ln"));
  const fifo = utf8(join(store, "fifo\0"));
  succeed(linux, "mknodat", () => linux.libc.mknodat!(-100, fifo, 0o010600, 0));
  using layer = DirectoryLayer.open(linux, utf8(store));
  for (const path of ["ab/cdef", "/ab//cdef"]) {
    using file = layer.open(utf8(path));
    assertEquals(file?.size, 8);
  }
  for (const path of ["ab/none", "none/x", "ab/cdef/x"]) {
    assertEquals(layer.open(utf8(path)), undefined);
  }
  for (const path of ["ab/link", "ln/cdef", "../outside"]) {
    assertThrows(() => layer.open(utf8(path)), SyscallError);
  }
  assertThrows(
    () => layer.open(utf8("fifo")),
    IntegrityError,
    "a fifo file, expected a regular one",
  );
  assertThrows(
    () => layer.open(utf8("ab")),
    IntegrityError,
    "a directory file, expected a regular one",
  );
});

test("data layer: must be a directory", ({ linux, directory }) => {
  writeFileSync(join(directory, "file"), "x");
  for (const name of ["file", "none"]) {
    assertThrows(() => DirectoryLayer.open(linux, utf8(join(directory, name))), SyscallError);
  }
});

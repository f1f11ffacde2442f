import { assertEquals, assertThrows } from "@std/assert";
import { writeFileSync } from "node:fs";
import { SyscallError } from "../../ffi/errno.ts";
import { Fd } from "../../ffi/fd.ts";
import { enableVerity, measureVerity } from "../../ffi/fsverity.ts";
import { O_RDONLY } from "../../ffi/uapi.ts";
import { fsVerityDigest } from "../../lib/fsverity/digest.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { pathTo, test } from "./harness.ts";

test("fs-verity: the kernel's digest is ours, or it says why there is none", ({ linux, directory }) => {
  writeFileSync(`${directory}/f`, "contents");
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(measureVerity(file), undefined);
  try {
    enableVerity(file);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    assertEquals(
      error.message,
      `Cannot enable fs-verity on "${directory}/f": file system does not support it (${error.code})`,
    );
    return;
  }
  const digest = fsVerityDigest(utf8("contents"));
  assertEquals(measureVerity(file), { algorithm: "sha256", digest });
  const again = assertThrows(() => enableVerity(file), SyscallError, "it is enabled already");
  assertEquals(again.code, "EEXIST");
});

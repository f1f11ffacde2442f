import { assertEquals, assertThrows } from "@std/assert";
import { tmpdir } from "node:os";
import { checkRoom, fileSystemOf } from "../../../scripts/bench/machine.ts";

const MOUNTS = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /var rw - xfs /dev/vdb rw
24 23 0:22 / /var/tmp rw shared:3 master:1 - tmpfs tmpfs rw
25 23 0:23 / /var/tmp rw - btrfs /dev/vdc rw
`;

Deno.test("fileSystemOf() finds the mount that is nearest, and the last on its point", () => {
  assertEquals(fileSystemOf(MOUNTS, "/home"), "ext4");
  assertEquals(fileSystemOf(MOUNTS, "/var/tmpfile"), "xfs");
  assertEquals(fileSystemOf(MOUNTS, "/var/tmp"), "btrfs");
  assertEquals(fileSystemOf(MOUNTS, "/var/tmp/a"), "btrfs");
  assertEquals(fileSystemOf("", "/"), undefined);
});

Deno.test("checkRoom() says what is missing", () => {
  checkRoom(tmpdir(), { bytes: 1, files: 1 });
  assertThrows(
    () => checkRoom(tmpdir(), { bytes: 1e18, files: 1 }),
    RangeError,
    "1000000000.0 GB needed",
  );
});

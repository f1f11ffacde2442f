import { assertEquals } from "@std/assert";
import { Fd } from "../../../ffi/files/fd.ts";
import { O_RDONLY } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { test } from "../harness.ts";

test("addresses: bytes are where they are said to be", ({ linux }) => {
  using memory = Fd.open(linux, utf8("/proc/self/mem"), { flags: O_RDONLY });
  const kept: unknown[] = [];
  for (const size of [1, 8, 40, 64, 65, 128, 1000, 1001, 4096, 65_536]) {
    const whole = crypto.getRandomValues(new Uint8Array(size));
    for (const start of [0, size >> 1]) {
      const bytes = whole.subarray(start);
      const address = linux.addressOf(bytes);
      // Garbage, so that the collector runs and moves what it may move.
      for (let i = 0; i < 1000; i++) kept[i % 10] = new Uint8Array(100);
      const there = new Uint8Array(bytes.length);
      assertEquals(memory.readAt(there, address), there.length);
      assertEquals(there, bytes);
    }
  }
});

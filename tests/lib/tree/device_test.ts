import { assertEquals } from "@std/assert";
import { deviceMajor, deviceMinor, encodeDevice } from "../../../lib/tree/device.ts";

Deno.test("device numbers are put together as the kernel does, and taken apart again", () => {
  assertEquals(encodeDevice(1, 3), 0x103);
  assertEquals(encodeDevice(7, 300), 0x10072c);
  for (const major of [0, 1, 255, 256, 4095]) {
    for (const minor of [0, 1, 255, 256, 300, 65_535, 2 ** 20 - 1]) {
      const device = encodeDevice(major, minor);
      assertEquals([deviceMajor(device), deviceMinor(device)], [major, minor]);
      assertEquals(device >= 0 && device < 2 ** 32, true);
    }
  }
});

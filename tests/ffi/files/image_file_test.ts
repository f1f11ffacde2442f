import { assertEquals, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { readImageFile } from "../../../ffi/files/image_file.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { directory as tree, inline, patched } from "../../kit/trees.ts";
import { test } from "../harness.ts";

const IMAGE = encodeImage(tree({ a: inline("x".repeat(5000)) }));
const BLOCKS_AT = 1024 + 36;

test("an image file is read as far as its superblock says", ({ linux, directory }) => {
  const path = `${directory}/image`;
  const read = (whole?: "sha256") => readImageFile(linux, utf8(path), { whole });
  writeFileSync(path, IMAGE);
  assertEquals(read("sha256"), { bytes: IMAGE });
  const longer = concatBytes(IMAGE, utf8("more"));
  writeFileSync(path, longer);
  assertEquals(read(), { bytes: IMAGE });
  const whole = { size: longer.length, digest: fsVerityDigest(longer) };
  assertEquals(read("sha256"), { bytes: IMAGE, whole });
  // A file of a terabyte with nothing in it.
  truncateSync(path, 2 ** 40);
  assertEquals(read(), { bytes: IMAGE });
});

test("an image file that ends early, or is none, is read no further", ({ linux, directory }) => {
  const path = `${directory}/image`;
  const length = () => readImageFile(linux, utf8(path), {}).bytes.length;
  for (const size of [0, 10, 1152, IMAGE.length - 1]) {
    writeFileSync(path, IMAGE.subarray(0, size));
    assertEquals(length(), size);
  }
  writeFileSync(path, patched(IMAGE, (view) => view.setUint32(BLOCKS_AT, 2 ** 20, true)));
  assertEquals(length(), IMAGE.length);
  writeFileSync(path, "no image");
  truncateSync(path, 2 ** 40);
  assertEquals(length(), 1152);
});

test("an image that claims more than can be read is refused", ({ linux, directory }) => {
  const path = `${directory}/image`;
  writeFileSync(path, patched(IMAGE, (view) => view.setUint32(BLOCKS_AT, 2 ** 20 + 1, true)));
  truncateSync(path, 2 ** 33);
  assertThrows(
    () => readImageFile(linux, utf8(path), {}),
    RangeError,
    "4294971392 bytes, expected at most 4294967296",
  );
});

test("a pipe that is open already is read as far as its image says", ({ linux, directory }) => {
  const fifo = `${directory}/fifo`;
  spawnSync("mkfifo", [fifo]);
  // Open for both directions, it waits for nobody; what follows the image never ends.
  const number = openSync(fifo, "r+");
  try {
    writeFileSync(number, IMAGE);
    const path = utf8(`/proc/self/fd/${number}`);
    assertEquals(readImageFile(linux, path, {}), { bytes: IMAGE });
  } finally {
    closeSync(number);
  }
});

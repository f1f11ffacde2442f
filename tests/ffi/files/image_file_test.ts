import { assertEquals, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { openImageFile, readImageFile } from "../../../ffi/files/image_file.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { readWhole } from "../../../lib/file/file.ts";
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
  // Opened for reading and writing, the fifo waits for no other side, and its reader never sees an end.
  const number = openSync(fifo, "r+");
  try {
    writeFileSync(number, IMAGE);
    const path = utf8(`/proc/self/fd/${number}`);
    assertEquals(readImageFile(linux, path, {}), { bytes: IMAGE });
  } finally {
    closeSync(number);
  }
});

const digest = (bytes: Uint8Array) => fsVerityDigest(bytes);

test("an image is opened as it lies there, or read where it cannot be", ({ linux, directory }) => {
  const path = `${directory}/image`;
  writeFileSync(path, concatBytes(IMAGE, utf8("more")));
  {
    using file = openImageFile(linux, utf8(path));
    assertEquals(file.size, IMAGE.length + 4);
    assertEquals(openImage(file).tree(), openImage(IMAGE).tree());
  }
  spawnSync("mkfifo", [`${directory}/fifo`]);
  const number = openSync(`${directory}/fifo`, "r+");
  try {
    writeFileSync(number, IMAGE);
    using file = openImageFile(linux, utf8(`/proc/self/fd/${number}`));
    assertEquals(readWhole(file), IMAGE);
  } finally {
    closeSync(number);
  }
});

test("an image with another digest than expected is not opened", ({ linux, directory }) => {
  const path = `${directory}/image`;
  const longer = concatBytes(IMAGE, utf8("more"));
  writeFileSync(path, longer);
  {
    using file = openImageFile(linux, utf8(path), digest(longer));
    assertEquals(openImage(file).tree(), openImage(IMAGE).tree());
  }
  const other = digest(IMAGE);
  assertThrows(
    () => openImageFile(linux, utf8(path), other),
    Error,
    `Cannot use "${path}": fs-verity digest ${digest(longer).toHex()}, expected ${other.toHex()}`,
  );
});

test("an image that changes after it was verified is not read", ({ linux, directory }) => {
  const path = `${directory}/image`;
  const files = Array.from({ length: 400 }, (_, i) => [`f${1000 + i}`, inline("x".repeat(5000))]);
  const large = encodeImage(tree(Object.fromEntries(files)));
  writeFileSync(path, large);
  using file = openImageFile(linux, utf8(path), digest(large));
  const image = openImage(file);
  image.check();
  assertEquals(image.lookup(utf8("f1399")).node.stat.nlink, 1);
  using other = openImageFile(linux, utf8(path), digest(large));
  writeFileSync(path, patched(large, (_, bytes) => bytes.fill(0x20, 1 << 18)));
  const opened = openImage(other);
  assertThrows(() => opened.check(), Error, "changed");
});

test("an image that claims too much is not opened either", ({ linux, directory }) => {
  const path = `${directory}/image`;
  const huge = patched(IMAGE, (view) => view.setUint32(BLOCKS_AT, 2 ** 20 + 1, true));
  writeFileSync(path, huge);
  for (const expected of [undefined, digest(huge)]) {
    assertThrows(
      () => openImageFile(linux, utf8(path), expected),
      RangeError,
      "4294971392 bytes, expected at most 4294967296",
    );
  }
});

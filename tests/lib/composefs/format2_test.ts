/**
 * Format version 2, and images as composefs-rs makes them.
 *
 * tests/golden/composefs-rs has what `cfsctl oci dump` of composefs-rs 0.9.4 printed of four images, some
 * of them also made bootable, and the fs-verity digests that `cfsctl oci compute-id` printed of their
 * images in each format version.
 */

import { TreeError } from "../../../lib/tree/tree_error.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readFileSync } from "node:fs";
import { createImageFromDump, encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { verifyImage } from "../../../lib/composefs/verify.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import type { FormatVersion } from "../../../lib/composefs/version.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { randomDump } from "../../kit/random_dump.ts";
import {
  directory,
  dumpBytes,
  external,
  hardLink,
  inline,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const GOLDEN = new URL("../../golden/composefs-rs/", import.meta.url);

function golden(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, GOLDEN)));
}

const IDS = new TextDecoder().decode(golden("ids.tsv")).trimEnd().split("\n").map((row) => {
  const [name, version, id] = row.split("\t");
  return { name: name!, format: Number(version!.slice(1)) as FormatVersion, id: id! };
});

for (const { name, format, id } of IDS) {
  Deno.test(`${name}, version ${format}, is what composefs-rs makes`, () => {
    const image = createImageFromDump([golden(`${name}.dump`)], { format });
    const algorithm = name.endsWith(".sha512") ? "sha512" : "sha256";
    assertEquals(fsVerityDigest(image, { algorithm }).toHex(), id);
    assertEquals(encodeImage(openImage(image).tree(), { format }), image);
  });
}

Deno.test("version 2: the digests that composefs-rs's own tests name", () => {
  const empty = "/ 0 40755 2 0 0 0 0.0 - - -\n";
  const image = createImageFromDump([new TextEncoder().encode(empty)], { format: 2 });
  assertEquals(
    fsVerityDigest(image).toHex(),
    "086b702a519b57d6ef5aea6f8b3f2be24355cd1fb835cd80fb4e3d388b24d5a5",
  );
});

Deno.test("version 2: an image of it holds its tree, without nanoseconds and with links counted", () => {
  const file = external(3000, "aa/bb", undefined, { nlink: 9, mtimeNsec: 5 });
  const tree = directory({
    gone: special("character", 0),
    late: hardLink(file),
    sub: directory({
      file,
      link: symlink("x"),
      text: inline("y", { xattrs: [xattr("lustre.a", "b")] }),
    }),
  });
  const image = encodeImage(tree, { format: 2 });
  const opened = openImage(image);
  assertEquals([opened.version, opened.hasAcl], [2, false]);
  const dump = new TextDecoder().decode(dumpBytes(opened.tree()));
  assertEquals(dump.split("\n").map((line) => line.split(" ").slice(0, 4).join(" ")), [
    "/ 74 40755 3",
    "/gone 0 20644 1",
    "/late 3000 100644 2",
    "/sub 75 40755 2",
    "/sub/file 3000 @100644 2",
    "/sub/link 1 120644 1",
    "/sub/text 1 100644 1",
    "",
  ]);
});

Deno.test("version 2: what composefs-rs does not put into an image is refused", () => {
  const format = { format: 2 } as const;
  encodeImage(directory({ a: inline("x".repeat(512)), b: symlink("x".repeat(1024)) }), format);
  for (
    const tree of [
      directory({ a: inline("x".repeat(513)) }),
      directory({ a: symlink("x".repeat(1025)) }),
      directory({ a: external(2 ** 43 + 1, "a") }),
    ]
  ) assertThrows(() => encodeImage(tree, format), TreeError, "expected at most");
});

Deno.test("version 2: 10,000 levels need no stack", () => {
  let tree = directory();
  for (let level = 0; level < 10_000; level++) tree = directory({ d: tree });
  const image = encodeImage(tree, { format: 2 });
  assertEquals(encodeImage(openImage(image).tree(), { format: 2 }), image);
});

Deno.test("version 2: the images of random dumps hold their trees", async () => {
  let count = 0;
  for (const seed of seeds(3_000_000, 150)) {
    let image: Uint8Array<ArrayBuffer>;
    try {
      image = createImageFromDump([randomDump(seed).dump], { format: 2 });
    } catch (error) {
      if (error instanceof TreeError || error instanceof DumpfileSyntaxError) continue;
      throw error;
    }
    count++;
    const tree = openImage(image).tree();
    assertEquals(encodeImage(tree, { format: 2 }), image, `seed ${seed}`);
    for await (const finding of verifyImage(image)) {
      throw new Error(`seed ${seed}: ${finding.state}`);
    }
  }
  assert(count > 0);
});

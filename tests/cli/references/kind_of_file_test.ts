import { assertEquals } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { createImageFromDump } from "../../../lib/composefs/image.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { writeTar } from "../../../lib/tar/write.ts";
import { kindOfFile, TELLING_SIZE } from "../../../cli/references/kind_of_file.ts";
import { memoryFile } from "../../../lib/file/file.ts";

const DUMP = utf8("/ 0 40755 2 0 0 0 0.0 - - -\n/a 2 100644 1 0 0 0 0.0 - hi -\n");

function kindOf(bytes: Uint8Array): string | undefined {
  return kindOfFile(bytes.subarray(0, TELLING_SIZE));
}

/** A header as tar had it before there was a magic. */
function oldHeader(name: string): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(512);
  header.set(utf8(name));
  header.set(utf8("0000644\0"), 100);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(utf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return header;
}

Deno.test("images, dumps and archives are known by their first bytes", () => {
  assertEquals(kindOf(createImageFromDump([DUMP])), "image");
  assertEquals(kindOf(DUMP), "dump");
  assertEquals(kindOf(utf8("\\x2f 0 040755 2 0 0 0 0.0 - - -\n")), "dump");
  const open = () => memoryFile(utf8("hi"));
  const archive = concatBytes(
    ...[...writeTar(parseDumpfile([DUMP]), { open, onSkip() {} })].map((piece) => piece.slice()),
  );
  assertEquals(kindOf(archive), "tar");
  assertEquals(kindOf(oldHeader("a")), "tar");
  assertEquals(kindOf(Uint8Array.of(0x1f, 0x8b, 8)), "tar");
  assertEquals(kindOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd)), "tar");
});

Deno.test("what only looks like them is not taken for them", () => {
  assertEquals(kindOf(new Uint8Array()), undefined);
  assertEquals(kindOf(new Uint8Array(512)), undefined);
  assertEquals(kindOf(utf8("/ 0 100755 2 0")), undefined);
  assertEquals(kindOf(utf8("/usr/bin/env")), undefined);
  const header = oldHeader("a");
  header[0]!++;
  assertEquals(kindOf(header), undefined);
  assertEquals(kindOf(oldHeader("a").subarray(0, 511)), undefined);
});

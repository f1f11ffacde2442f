import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, latin1, utf8 } from "../../../lib/bytes/text.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import { TarFiles } from "../../../lib/oci/archive.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { openImage } from "../../../lib/oci/open.ts";
import { parsePlatform } from "../../../lib/oci/platform.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { digestOf, fakeTar, MemoryLayout } from "../../kit/oci_layout.ts";
import { END, extended, file, header, octal } from "../../kit/tar_archive.ts";

function filesOf(...members: readonly Uint8Array[]): TarFiles {
  return TarFiles.of(memoryFile(concatBytes(...members, END)));
}

function read(files: TarFiles, path: string): string {
  return latin1(readWhole(files.open(utf8(path))));
}

function link(name: string, linkName: string, type = "2"): Uint8Array {
  return header({ name, linkName, type });
}

Deno.test("archive: files are read where they lie, by names of any spelling", () => {
  const long = "x".repeat(40_000);
  const files = filesOf(
    header({ name: "d/", type: "5" }),
    file({ name: "./d/one" }, "1"),
    file({ name: "/two" }, long),
    file({ name: "d//./e/../three" }, "3".repeat(512)),
    file({ name: "empty" }, ""),
    extended([["path", "pax name"]]),
    file({ name: "y" }, "pax"),
  );
  assertEquals(read(files, "d/one"), "1");
  assertEquals(read(files, "two"), long);
  assertEquals(read(files, "d/three"), "3".repeat(512));
  assertEquals(read(files, "empty"), "");
  assertEquals(read(files, "pax name"), "pax");
  assertEquals(read(files, "./d/./one"), "1");
  for (const path of ["y", "d", "", "d/one/x", "../two"]) {
    const error = assertThrows(() => read(files, path), TreeError);
    assertEquals(error.code, "not-found");
    assertEquals(error.message, `Cannot open "${path}": no such file in the archive`);
  }
});

Deno.test("archive: of members of one name the last counts", () => {
  const files = filesOf(
    file({ name: "a" }, "old"),
    file({ name: "b" }, "old"),
    file({ name: "./a" }, "new"),
    header({ name: "b", type: "5" }),
  );
  assertEquals(read(files, "a"), "new");
  assertThrows(() => read(files, "b"), TreeError);
});

Deno.test("archive: hard links are the file that their target was", () => {
  const files = filesOf(
    file({ name: "1/layer.tar" }, "one"),
    link("2/layer.tar", "./1/layer.tar", "1"),
    file({ name: "1/layer.tar" }, "two"),
  );
  assertEquals(read(files, "2/layer.tar"), "one");
  assertEquals(read(files, "1/layer.tar"), "two");
  assertThrows(() => filesOf(link("a", "b", "1")), OciError, "expected a file before it");
});

Deno.test("archive: symbolic links are followed within it", () => {
  const files = filesOf(
    link("2/layer.tar", "../1/layer.tar"),
    file({ name: "1/layer.tar" }, "one"),
    link("3", "/2/layer.tar"),
    link("4/5", "./../3"),
    link("out", "../../etc/passwd"),
    link("self", "self"),
    link("a", "b"),
    link("b", "a"),
    link("gone", "nowhere"),
  );
  for (const path of ["2/layer.tar", "3", "4/5"]) assertEquals(read(files, path), "one");
  const codeOf = (path: string) => assertThrows(() => read(files, path), TreeError).code;
  assertEquals(codeOf("out"), "not-found");
  assertEquals(codeOf("gone"), "not-found");
  assertEquals(codeOf("self"), "too-many-links");
  assertEquals(codeOf("a"), "too-many-links");
});

Deno.test("archive: a sparse file is not in one piece", () => {
  const fields = { name: "holes", type: "S", magic: "ustar  \0" };
  const map = { 386: octal(0) + octal(3) + octal(100) + octal(0), 483: octal(100) };
  const files = filesOf(file({ ...fields, at: map }, "abc"), file({ name: "a" }, "1"));
  assertThrows(() => read(files, "holes"), OciError, "a sparse file");
  assertEquals(read(files, "a"), "1");
});

Deno.test("archive: what is compressed is refused by name", () => {
  const starts: [string, number[]][] = [
    ["gzip", [0x1f, 0x8b, 8]],
    ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
    ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
    ["bzip2", [0x42, 0x5a, 0x68, 0x39, 0x31]],
  ];
  for (const [format, start] of starts) {
    const archive = new Uint8Array(1024);
    archive.set(start);
    assertThrows(
      () => TarFiles.of(memoryFile(archive)),
      OciError,
      `Cannot use the archive: it is compressed by ${format}, expected a tar archive that is not`,
    );
  }
});

Deno.test("archive: what is cut off, or no archive, is refused", () => {
  const whole = concatBytes(file({ name: "a" }, "1".repeat(5000)), END);
  for (const length of [100, 512, 5000, 5600]) {
    assertThrows(() => TarFiles.of(memoryFile(whole.subarray(0, length))), TarFormatError);
  }
  assertThrows(() => TarFiles.of(memoryFile(utf8("no archive".repeat(100)))), TarFormatError);
  // Nothing of the trailer counts, however long.
  const trailer = new Uint8Array(100_000).fill(1);
  assertEquals(read(TarFiles.of(memoryFile(concatBytes(whole, trailer))), "a").length, 5000);
  assertThrows(() => read(TarFiles.of(memoryFile(new Uint8Array())), "a"), TreeError);
});

Deno.test("archive: names that no image has are refused", () => {
  assertThrows(() => filesOf(file({ name: "a/../../b" }, "")), OciError, "leads out of it");
  assertThrows(() => filesOf(link("a", "../b", "1")), OciError, '"../b" leads out of it');
  const long = extended([["path", "n".repeat(1025)]]);
  assertThrows(() => filesOf(long, file({}, "")), OciError, "a name of 1025 bytes");
});

Deno.test("archive: a million members are too many", () => {
  const member = header({ name: "a" });
  const archive = new Uint8Array(member.length * 65_537);
  for (let at = 0; at < archive.length; at += member.length) archive.set(member, at);
  assertThrows(() => TarFiles.of(memoryFile(archive)), TarFormatError, "expected at most 65536");
});

Deno.test("archive: a layout in it is an image", () => {
  const layout = new MemoryLayout();
  const tar = fakeTar("layer");
  layout.list(layout.image([tar]), "v1");
  const members = [...layout.files].map(([name, bytes]) => file({ name }, latin1(bytes)));
  const platform = parsePlatform("linux/amd64");
  const image = openImage(filesOf(...members), { kind: "layout", tag: "v1", platform });
  assertEquals(image.layers.map(({ digest }) => digest), [digestOf(tar)]);
  assertEquals(readWhole(image.layers[0]!.open()), tar);
  assertThrows(() => openImage(filesOf(), { kind: "layout", platform }), TreeError, "oci-layout");
});

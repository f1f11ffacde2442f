import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, latin1 } from "../../../lib/bytes/text.ts";
import { readTar, TarReader } from "../../../lib/tar/read.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import {
  bytesOf,
  END,
  extended,
  file,
  header,
  nameOf,
  octal,
  tell,
  tellAll,
  tellOne,
} from "../../kit/tar_archive.ts";

const SILENT = { member() {}, contents() {}, end() {} };

/** Asserts that an archive is refused, at this offset. */
function assertRefused(parts: readonly Uint8Array[], offset: number, state: string): void {
  const error = assertThrows(() => tellAll(...parts), TarFormatError, state);
  assertEquals(error.offset, offset);
}

Deno.test("a header says what a member is", () => {
  const { member, contents } = tellOne(
    file({
      name: "dir/name",
      mode: "0104755\0",
      uid: "0001750\0",
      gid: "0000144\0",
      mtime: octal(1_700_000_000),
    }, "hello"),
    END,
  );
  assertEquals(member, {
    kind: "regular",
    name: bytesOf("dir/name"),
    linkName: bytesOf(""),
    size: 5,
    rdev: 0,
    stat: {
      mode: 0o4755,
      uid: 1000,
      gid: 100,
      nlink: 1,
      mtime: 1_700_000_000,
      mtimeNsec: 0,
      xattrs: [],
    },
  });
  assertEquals(contents, [[0, "hello"]]);
});

Deno.test("every type makes what it says", () => {
  const kinds: [string, string][] = [
    ["\0", "regular"],
    ["0", "regular"],
    ["7", "regular"],
    ["1", "hardlink"],
    ["2", "symlink"],
    ["3", "character"],
    ["4", "block"],
    ["5", "directory"],
    ["D", "directory"],
    ["6", "fifo"],
  ];
  for (const [type, kind] of kinds) {
    const { member } = tellOne(header({ type, linkName: "target", major: "0000010\0" }));
    assertEquals(member.kind, kind);
    const isLink = kind === "hardlink" || kind === "symlink";
    assertEquals(latin1(member.linkName), isLink ? "target" : "");
    assertEquals(member.rdev, kind === "character" || kind === "block" ? 0x800 : 0);
  }
});

Deno.test("types that are not known are refused by the member's name and the letter", () => {
  for (const type of ["8", "A", "N", "z", "\xff"]) {
    assertThrows(() => tellOne(header({ type })), TarFormatError, `"file" has the type "`);
  }
  assertRefused([header({ type: "Z" })], 0, `"file" has the type "Z": this type of member`);
  assertRefused([header({}), header({ type: "V" })], 512, `"V": the label of a volume`);
  assertRefused([header({ type: "M" })], 0, `"M": the rest of a file of another volume`);
});

Deno.test("a plain member whose name ends in a slash is a directory", () => {
  for (const type of ["\0", "0", "7"]) {
    assertEquals(tellOne(header({ type, name: "d/" })).member.kind, "directory");
  }
  assertEquals(tellOne(header({ type: "2", name: "d/", linkName: "x" })).member.kind, "symlink");
  assertRefused([file({ name: "d/" }, "x")], 0, `"d/" is a directory of 1 bytes`);
});

Deno.test("names fill their fields, and a prefix stands before one in a POSIX header only", () => {
  const [name, prefix] = ["n".repeat(100), "p".repeat(155)];
  const read = (magic: string) => nameOf(tellOne(header({ name, prefix, magic })));
  assertEquals(read("ustar\x0000"), `${prefix}/${name}`);
  assertEquals(read("ustar  \0"), name);
  assertEquals(read("\0\0\0\0\0\0\0\0"), name);
  const linkName = "l".repeat(100);
  assertEquals(tellOne(header({ type: "2", linkName })).member.linkName, bytesOf(linkName));
  assertRefused([header({ name: "" })], 0, `"" is a name, expected one that is not empty`);
  assertRefused([header({ type: "2" })], 0, `"file" is a symlink without a target`);
});

Deno.test("the end of an archive is what GNU tar takes for it", () => {
  const member = file({}, "x");
  const block = new Uint8Array(512);
  for (const end of [[], [block], [block, block], [END, bytesOf("garbage"), member]]) {
    const archive = concatBytes(member, ...end);
    const { members, rejoined } = tell([archive]);
    assertEquals(members.map(nameOf), ["file"]);
    assertEquals(rejoined, archive);
  }
  assertEquals(tellAll(), []);
  assertRefused([member, block, member], 1536, "a header after one block of zeros");
});

Deno.test("an archive that ends within something is refused by where it ends", () => {
  const archive = concatBytes(extended([["path", "long"]]), file({}, "x".repeat(600)));
  const places: [number, number, string][] = [
    [1, 512, "in a header"],
    [512, 1024, "in an extended header"],
    [1024, 1025, "before the member of its last extended header"],
    [1025, 1536, "in a header"],
    [1536, 2136, `in the contents of "long", `],
    [2136, 2560, `in the padding of "long"`],
  ];
  for (const [from, to, place] of places) {
    for (const length of [from, Math.floor((from + to) / 2), to - 1]) {
      const expected = `the archive ends after ${length} bytes ${place}`;
      assertRefused([archive.subarray(0, length)], length, expected);
    }
  }
});

Deno.test("an archive may be cut anywhere", () => {
  const archive = concatBytes(
    extended([["comment", "all"]], "g"),
    extended([["path", "x".repeat(1000)], ["mtime", "1.5"]]),
    file({}, "some contents"),
    file({ type: "L", name: "././@LongLink" }, "y".repeat(700) + "\0"),
    file({}, "z".repeat(2000)),
    header({ type: "5", name: "d" }),
    END,
    bytesOf("rest"),
  );
  const whole = tell([archive]);
  assertEquals(whole.members.length, 3);
  for (const size of [1, 2, 7, 511, 512, 513, 1000, 4096]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < archive.length; at += size) chunks.push(archive.subarray(at, at + size));
    assertEquals(tell(chunks), whole);
  }
  assertEquals(whole.rejoined, archive);
});

Deno.test("contents may be passed over, as if they had been told", () => {
  const archive = concatBytes(file({ name: "a" }, "x".repeat(3000)), file({ name: "b" }, "y"));
  const told: string[] = [];
  const reader = new TarReader({
    member: ({ name }) => told.push(latin1(name)),
    contents: (bytes, position) => told.push(`${position} ${latin1(bytes)}`),
    end: () => told.push("end"),
  });
  assertEquals(reader.skippable, 0);
  assertThrows(() => reader.skip(1), RangeError, "Cannot skip 1 bytes, expected at most 0");
  reader.write(archive.subarray(0, 514));
  assertEquals(reader.skippable, 2998);
  reader.skip(0);
  reader.skip(2990);
  reader.write(archive.subarray(3504, 3506));
  assertThrows(() => reader.skip(7), RangeError, "Cannot skip 7 bytes, expected at most 6");
  assertThrows(() => reader.skip(-1), RangeError);
  reader.skip(6);
  assertEquals(reader.skippable, 0);
  reader.write(archive.subarray(3512));
  reader.end();
  assertEquals(told, ["a", "0 xx", "2992 xx", "end", "b", "0 y", "end"]);
});

Deno.test("what an archive may hold is limited, by the member that is too much", () => {
  const archive = concatBytes(file({ name: "a" }, "123"), file({ name: "b" }, "4567"), END);
  readTar([archive], SILENT, { maxSize: 7, maxMembers: 2 });
  const refused = (limits: object) =>
    assertThrows(() => readTar([archive], SILENT, limits), TarFormatError).state;
  assertEquals(refused({ maxMembers: 1 }), `"b" is member 2, expected at most 1`);
  assertEquals(refused({ maxSize: 6 }), `"b" makes it 7 bytes of files, expected at most 6`);
  const named = [concatBytes(extended([["path", "x".repeat(600)]]), header({}))];
  readTar(named, SILENT, { maxHeader: 610 });
  assertThrows(
    () => readTar(named, SILENT, { maxHeader: 609 }),
    TarFormatError,
    "an extended header of 610 bytes, expected at most 609",
  );
});

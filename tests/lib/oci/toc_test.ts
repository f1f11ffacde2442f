import { readFileSync } from "node:fs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { parseToc, type TocEntry } from "../../../lib/oci/toc.ts";

const HEX = "0a".repeat(32);
const DIGEST = `sha256:${HEX}`;

function parse(entries: unknown, more: object = {}): TocEntry[] {
  const table = { version: 1, entries, ...more };
  return [...parseToc(utf8(JSON.stringify(table)), 1000).entries()];
}

function refuses(entries: unknown, message: string): void {
  assertThrows(() => parse(entries), OciError, message);
}

/** The only entry of a table. */
function one(entry: object): TocEntry {
  const entries = parse([entry]);
  assertEquals(entries.length, 1);
  return entries[0]!;
}

Deno.test("table of contents: all that an archive says is there", () => {
  const { member, chunks, digest, isUncertain } = one({
    type: "reg",
    name: "./a/b",
    mode: 0o104755,
    size: 7,
    uid: 1,
    gid: 2 ** 32 - 1,
    modtime: "1969-12-31T23:59:59.000000001Z",
    accesstime: "2001-01-01T00:00:00Z",
    xattrs: { "user.a": "/wA=", "user.b": "" },
    digest: DIGEST,
    offset: 10,
    endOffset: 20,
  });
  assertEquals(member, {
    kind: "regular",
    name: utf8("./a/b"),
    linkName: new Uint8Array(),
    size: 7,
    rdev: 0,
    stat: {
      mode: 0o4755,
      uid: 1,
      gid: 2 ** 32 - 1,
      nlink: 1,
      mtime: -1,
      mtimeNsec: 1,
      xattrs: [
        { name: utf8("user.a"), value: Uint8Array.of(0xff, 0) },
        { name: utf8("user.b"), value: new Uint8Array() },
      ],
    },
  });
  assertEquals(digest, DIGEST);
  assertEquals(isUncertain, false);
  assertEquals(chunks, [
    { offset: 10, endOffset: 20, position: 0, size: 7, digest: undefined, isZeros: false },
  ]);
});

Deno.test("table of contents: other kinds have no contents", () => {
  const entries = parse([
    { type: "dir", name: "d/", size: 5 },
    { type: "symlink", name: "s", linkName: "t" },
    { type: "hardlink", name: "h", linkName: "d/x" },
    { type: "char", name: "c", devMajor: 1, devMinor: 3 },
    { type: "block", name: "b", devMajor: 4095, devMinor: 2 ** 20 - 1 },
    { type: "fifo", name: "f", devMajor: 1 },
  ]);
  assertEquals(
    entries.map(({ member: { kind, size, rdev, linkName } }) => [
      kind,
      size,
      rdev,
      latin1(linkName),
    ]),
    [
      ["directory", 0, 0, ""],
      ["symlink", 0, 0, "t"],
      ["hardlink", 0, 0, "d/x"],
      ["character", 0, 0x103, ""],
      ["block", 0, 0xffffffff, ""],
      ["fifo", 0, 0, ""],
    ],
  );
  assert(entries.every(({ chunks, digest }) => chunks.length === 0 && digest === undefined));
  assertEquals(entries[0]!.member.stat.mtime, 0);
});

Deno.test("table of contents: chunks end where the next begins, zeros need not be read", () => {
  const [file, next] = parse([
    { type: "reg", name: "a", size: 60, digest: DIGEST, offset: 5, endOffset: 50, chunkSize: 10 },
    { type: "chunk", name: "a", offset: 20, chunkOffset: 10, chunkSize: 40, chunkType: "zeros" },
    { type: "chunk", name: "a", offset: 22, chunkOffset: 50, chunkDigest: DIGEST },
    { type: "reg", name: "b" },
  ]);
  assertEquals(file!.chunks, [
    { offset: 5, endOffset: 20, position: 0, size: 10, digest: undefined, isZeros: false },
    { offset: 20, endOffset: 22, position: 10, size: 40, digest: undefined, isZeros: true },
    { offset: 22, endOffset: 50, position: 50, size: 10, digest: DIGEST, isZeros: false },
  ]);
  assertEquals(next!.chunks, []);
  assert(next!.digest!.startsWith("sha256:e3b0c442"));
});

Deno.test("table of contents: names match in any case, but only once", () => {
  const { member } = one({ TYPE: "symlink", Name: "s", LINKNAME: "t", "\u017fize": 3 });
  assertEquals(latin1(member.linkName), "t");
  refuses(
    [{ type: "dir", name: "a", Name: "b" }],
    'entries[0].Name is "b", expected one member of that name',
  );
  const table = utf8('{"Version":1,"ENTRIES":[],"TarSplitDigest":"' + DIGEST + '"} \n');
  assertEquals(parseToc(table, 0).tarSplitDigest, DIGEST);
});

Deno.test("table of contents: times of Go are understood", () => {
  const time = (modtime: string) => {
    const { mtime, mtimeNsec } = one({ type: "dir", name: "a", modtime }).member.stat;
    return [mtime, mtimeNsec];
  };
  assertEquals(time("2023-11-14T22:13:20Z"), [1700000000, 0]);
  assertEquals(time("2023-11-14T22:13:20.5Z"), [1700000000, 500_000_000]);
  assertEquals(time("2023-11-15T00:13:20+02:00"), [1700000000, 0]);
  assertEquals(time("2023-11-14T20:43:20-01:30"), [1700000000, 0]);
  assertEquals(time("0001-01-01T00:00:00Z"), [-62135596800, 0]);
  assertEquals(time("9999-12-31T23:59:59Z"), [253402300799, 0]);
  const wrong = [
    "2023-02-29T00:00:00Z",
    "2023-01-01T24:00:00Z",
    "2023-01-01T00:60:00Z",
    "2023-01-01T00:00:60Z",
    "2023-01-01T00:00:00",
    "2023-01-01T00:00:00.1234567891Z",
    "2023-01-01 00:00:00Z",
    "",
  ];
  for (const modtime of wrong) {
    refuses([{ type: "dir", name: "a", modtime }], `entries[0].modtime is "${modtime}", expected`);
  }
});

Deno.test("table of contents: names that lost bytes are told", () => {
  assert(one({ type: "dir", name: "a\ufffd" }).isUncertain);
  assert(one({ type: "dir", name: "a\ud800" }).isUncertain);
  assert(one({ type: "symlink", name: "a", linkName: "\ufffd" }).isUncertain);
  assert(one({ type: "dir", name: "a", xattrs: { "user.\ufffd": "" } }).isUncertain);
  assert(!one({ type: "dir", name: "\u00e9\u{1f600}" }).isUncertain);
  assertEquals(one({ type: "dir", name: "\u00e9" }).member.name, utf8("\u00e9"));
});

Deno.test("table of contents: entries of another shape are refused, with the place", () => {
  const file = { type: "reg", name: "a", size: 60, digest: DIGEST, offset: 5, endOffset: 50 };
  const chunk = { type: "chunk", name: "a", offset: 20, chunkOffset: 10, chunkSize: 50 };
  const cases: [unknown, string][] = [
    [{}, "not the JSON that was expected"],
    [[1], "entries[0] is 1, expected an object"],
    [[{}], "entries[0].type is missing, expected a string"],
    [[{ type: "socket" }], 'entries[0].type is "socket", expected chunk, reg, hardlink'],
    [[{ type: "dir" }], "entries[0].name is missing"],
    [[{ type: "dir", name: "" }], 'entries[0].name is "", expected a name'],
    [[{ type: "dir", name: "a\0" }], "expected a name without NUL"],
    [[{ type: "symlink", name: "a" }], "entries[0].linkname is missing"],
    [[{ type: "dir", name: "a", uid: 2 ** 32 }], "entries[0].uid is 4294967296, expected at most"],
    [[{ type: "dir", name: "a", mode: -1 }], "entries[0].mode is -1, expected an integer"],
    [[{ type: "char", name: "a", devMajor: 4096 }], "entries[0].devmajor is 4096"],
    [
      [{ type: "dir", name: "a", xattrs: { a: "?" } }],
      'entries[0].xattrs.a is "?", expected base64',
    ],
    [[{ type: "dir", name: "a", xattrs: { a: "AA" } }], "expected base64"],
    [[{ type: "dir", name: "a", xattrs: { "": "" } }], "expected an xattr with a name"],
    [[{ type: "dir", name: "a", xattrs: { a: "AAAA".repeat(21847) } }], "of at most 65536 bytes"],
    [[{ ...file, digest: undefined }], "entries[0].digest is missing"],
    [[{ ...file, endOffset: 1001 }], "entries[0].endoffset is 1001, expected at most 1000"],
    [[{ ...file, offset: 51 }], "entries[0].offset is 51, expected at most 50"],
    [[{ ...file, size: 0 }], "entries[0].digest is"],
    [[{ ...file, chunkOffset: 1 }], "entries[0].chunkoffset is 1, expected 0"],
    [[{ ...file, chunkSize: 61 }], "entries[0].chunksize is 61, expected at most 60"],
    [
      [{ ...file, chunkSize: 10 }],
      "entries[0].size is 60, expected 10, as many bytes as its chunks",
    ],
    [[{ ...file, chunkType: "ones" }], 'entries[0].chunktype is "ones"'],
    [[chunk], 'entries[0].type is "chunk", expected a file before its chunks'],
    [[{ type: "dir", name: "a" }, chunk], "expected a file before its chunks"],
    [[file, chunk], "entries[1].chunkoffset is 10, expected 60"],
    [[file, { ...chunk, chunkOffset: 60 }], "entries[1].chunksize is 50, expected at most 0"],
    [[file, { ...chunk, chunkOffset: 60, chunkSize: 0 }], "expected no chunk behind the end"],
    [[{ ...file, chunkSize: 10 }, { ...chunk, name: "b" }], 'entries[1].name is "b"'],
    [[{ ...file, chunkSize: 10 }, { ...chunk, offset: 4 }], "entries[1].offset is 4, expected 5"],
    [[{ ...file, size: 1e300 }], "entries[0].size is 1e+300"],
  ];
  for (const [entries, message] of cases) refuses(entries, message);
});

Deno.test("table of contents: documents of another shape are refused", () => {
  const cases: [string, string][] = [
    ["", "at offset 0 of 0"],
    ["[]", "at offset 0 of 2"],
    ["{}", "version is null, expected an integer"],
    ['{"version":2}', "version is 2, expected 1"],
    ['{"version":1,"version":1}', '"version" is there twice'],
    ['{"version":1,"entries":[],"Entries":[]}', '"entries" is there twice'],
    ['{"version":1,"entries":[]} x', "not the JSON that was expected, at offset 27"],
    ['{"version":1,"entries":[]', "not the JSON"],
    ['{"version":1,"x":[}}', '"x" is not JSON'],
    ['{"version":1,"x":"}', "not the JSON"],
    ['{"version":1,}', "not the JSON that was expected, at offset 13"],
    ['{"version" 1:1}', "a name in it is not JSON"],
    ['{"version":1 "entries":[]}', "not JSON"],
    ['{"version":1,"tarSplitDigest":"x"}', 'tarSplitDigest is "x"'],
    ['{"version":1,"entries":[{"type":"dir","name":"a"},]}', "entries[1] is not JSON"],
    ['{"version":1,"entries":[{"type":"dir","name":"a"}}', "not the JSON"],
    ['{"version":1,"entries":[{"type":"dir","name":"a\\"}]}', "not the JSON"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => [...parseToc(utf8(text), 0).entries()], OciError, message, text);
  }
  const nested = `{"version":1,"entries":[${"[".repeat(100_000)}${"]".repeat(100_000)}]}`;
  assertThrows(() => [...parseToc(utf8(nested), 0).entries()], OciError, "is an array");
  const long = `{"version":1,"entries":["${"x".repeat(2 ** 22)}"]}`;
  assertThrows(() => [...parseToc(utf8(long), 0).entries()], OciError, "expected at most 4194304");
});

Deno.test("table of contents: white space and escapes stand where JSON has them", () => {
  const text =
    ' { "version" : 1 , "x" : { "a" : [ "]\\"" , { } ] } , "entries" : [ { "type" : "dir" , ' +
    '"name" : "\\u0061,]}\\\\" } , \n\t{"type":"dir","name":"b"} ] } \r\n';
  const names = [...parseToc(utf8(text), 0).entries()].map(({ member }) => latin1(member.name));
  assertEquals(names, ["a,]}\\", "b"]);
  assertEquals([...parseToc(utf8('{"entries":null,"version":1}'), 0).entries()], []);
});

/** The table that skopeo 1.22.0 wrote for a layer of 435,745 bytes with files of all kinds. */
const WRITTEN = readFileSync(new URL("../../golden/oci/skopeo.toc", import.meta.url));

Deno.test("table of contents: one that skopeo wrote is read as the archive it is of", () => {
  const toc = parseToc(WRITTEN, 435_745);
  assert(toc.tarSplitDigest!.startsWith("sha256:9e532af9"));
  const entries = [...toc.entries()];
  const byName = new Map(entries.map((entry) => [latin1(entry.member.name), entry]));
  assertEquals(entries.length, 52);
  assert(entries.every(({ isUncertain }) => !isUncertain));
  const kinds = Object.entries(Object.groupBy(entries, ({ member }) => member.kind));
  assertEquals(
    Object.fromEntries(kinds.map(([kind, some]) => [kind, some?.length])),
    { directory: 14, regular: 30, hardlink: 2, symlink: 3, character: 1, block: 1, fifo: 1 },
  );

  const mixed = byName.get("usr/lib/mixed")!;
  assertEquals(mixed.chunks.map(({ size }) => size), [28063, 37103, 7934, 26900, 300000, 100000]);
  assertEquals(mixed.chunks.map(({ isZeros }) => isZeros).indexOf(true), 4);
  assertEquals(mixed.chunks.at(-1)!.endOffset, 413_706);
  const statOf = (name: string) => byName.get(name)!.member.stat;
  assertEquals(statOf("etc/nano").mtimeNsec, 123_456_789);
  assertEquals(statOf("etc/before1970").mtime, -1);
  assertEquals(statOf("usr/bin/suid").mode, 0o4755);
  assertEquals(statOf("usr/bin/cap").xattrs.map(({ value }) => value.length), [20]);
  assertEquals(byName.get("dev/loop")!.member.rdev, 7 << 8 | 1 << 20 | 300 & 0xff);
  assertEquals(byName.get("usr/lib/size-0")!.chunks, []);
});

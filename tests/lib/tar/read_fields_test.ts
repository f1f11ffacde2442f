import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import {
  bytesOf,
  extended,
  file,
  header,
  type HeaderFields,
  nameOf,
  octal,
  tellAll,
  tellOne,
  xattrsOf,
} from "../../kit/tar_archive.ts";

function stateOf(...parts: readonly Uint8Array[]): string {
  return assertThrows(() => tellAll(...parts), TarFormatError).state;
}

const statOf = (...parts: readonly Uint8Array[]) => tellOne(...parts).member.stat;

Deno.test("octal numbers stand between blanks and NULs, and nothing is 0", () => {
  const values: [string, number][] = [
    ["0000017\0", 15],
    ["0000017 ", 15],
    ["     17 ", 15],
    ["\0\0\0\0\x0017\0", 15],
    ["17\0\0\0\0\0\0", 15],
    ["17 \0 \0\0\0", 15],
    ["77777777", 8 ** 8 - 1],
    ["\0\0\0\0\0\0\0\0", 0],
    ["        ", 0],
  ];
  for (const [uid, value] of values) assertEquals(statOf(header({ uid })).uid, value);
  for (
    const uid of [
      "0000018\0",
      "1\x0012345\0",
      "-000001\0",
      "0x1\0\0\0\0\0",
      "00\n0001\0",
      "1 1\0\0\0\0\0",
    ]
  ) {
    const written = uid.replaceAll("\0", "\\x00").replace("\n", "\\x0a");
    const expected = `"file" has "${written}" as its uid, expected a number from 0 to 4294967295`;
    assertEquals(stateOf(header({ uid })), expected);
  }
});

Deno.test("each number of a header is checked by its name", () => {
  const bad = "oops\0\0\0\0";
  const fields: [HeaderFields, string][] = [
    [{ mode: bad }, "mode"],
    [{ gid: bad }, "gid"],
    [{ size: bad }, "size"],
    [{ mtime: bad }, "mtime"],
    [{ type: "3", major: bad }, "deviceMajor"],
    [{ type: "4", minor: bad }, "deviceMinor"],
  ];
  for (const [given, field] of fields) {
    assertEquals(stateOf(header(given)).includes(` as its ${field}, expected `), true, field);
  }
  // They mean something for devices only.
  tellOne(header({ type: "0", major: bad, minor: bad }));
});

/** A number in base 256, as GNU tar writes it. */
function base256(value: bigint, size: number): string {
  const digits = Array.from(
    { length: size - 1 },
    (_, i) => Number(BigInt.asUintN(8, value >> BigInt(8 * (size - 2 - i)))),
  );
  return String.fromCharCode(value < 0n ? 0xff : 0x80, ...digits);
}

Deno.test("numbers in base 256 are read, those before the epoch too", () => {
  assertEquals(statOf(header({ uid: base256(4_000_000_000n, 8) })).uid, 4_000_000_000);
  const times = [
    0n,
    -1n,
    -256n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n),
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  for (const time of times) {
    const { mtime, mtimeNsec } = statOf(header({ mtime: base256(time, 12) }));
    assertEquals([BigInt(mtime), mtimeNsec], [time, 0]);
    assertEquals(typeof mtime, Number.isSafeInteger(Number(time)) ? "number" : "bigint");
  }
  for (const time of [2n ** 63n, -(2n ** 63n) - 1n]) {
    assertEquals(stateOf(header({ mtime: base256(time, 12) })).includes("as its mtime"), true);
  }
  assertEquals(stateOf(header({ uid: base256(2n ** 32n, 8) })).includes("as its uid"), true);
  assertEquals(stateOf(header({ uid: base256(-1n, 8) })).includes("as its uid"), true);
  assertEquals(stateOf(header({ size: base256(2n ** 53n, 12) })).includes("as its size"), true);
  assertEquals(stateOf(header({ size: base256(-1n, 12) })).includes("as its size"), true);
});

Deno.test("a checksum is the sum of unsigned bytes, or of signed ones", () => {
  const name = "caf\xe9\xff";
  const right = parseInt(new TextDecoder().decode(header({ name }).subarray(148, 154)), 8);
  assertEquals(nameOf(tellOne(header({ name, checksum: octal(right, 8) }))), name);
  assertEquals(nameOf(tellOne(header({ name, checksum: octal(right - 512, 7) + " " }))), name);
  for (const wrong of [right + 1, right - 1, right - 256, 0]) {
    const state = stateOf(header({ name, checksum: octal(wrong, 8) }));
    assertEquals(state, "the checksum is wrong, expected the header of a member");
  }
});

Deno.test("device numbers are the kernel's, and refused where they do not fit", () => {
  const rdev = (major: string, minor: string) =>
    tellOne(header({ type: "4", major, minor })).member.rdev;
  assertEquals(rdev("0000010\0", "0000001\0"), 0x801);
  assertEquals(rdev("0007777\0", "3777777\0"), 0xffffffff);
  assertEquals(rdev("0000001\0", "0000400\0"), 0x100100);
  assertEquals(stateOf(header({ type: "3", major: "0010000\0" })).includes("0 to 4095"), true);
  assertEquals(stateOf(header({ type: "3", minor: "4000000\0" })).includes("0 to 1048575"), true);
  const records = extended([["SCHILY.devmajor", "259"], ["SCHILY.devminor", "1048575"]]);
  assertEquals(
    tellOne(records, header({ type: "4", major: "0000777\0", minor: "0000777\0" })).member.rdev,
    0xfff103ff,
  );
});

Deno.test("records of an extended header count instead of the header's fields", () => {
  const told = tellOne(
    extended([
      ["path", "n".repeat(300)],
      ["size", "3"],
      ["uid", "4294967295"],
      ["gid", "70000"],
      ["mtime", "1700000000.123456789"],
      ["hdrcharset", "BINARY"],
      ["comment", "what=ever\n"],
      ["atime", "1"],
      ["VENDOR.key", "unknown"],
      ["realtime.any", "x"],
    ]),
    header({ name: "short", size: 0, uid: "oops\0", mtime: "oops\0" }),
    bytesOf("abc" + "\0".repeat(509)),
  );
  assertEquals(nameOf(told), "n".repeat(300));
  assertEquals(told.contents, [[0, "abc"]]);
  const { uid, gid, mtime, mtimeNsec } = told.member.stat;
  assertEquals([uid, gid, mtime, mtimeNsec], [4294967295, 70000, 1_700_000_000, 123_456_789]);
  const target = extended([["linkpath", "t\xff"]]);
  const link = tellOne(target, header({ type: "2", linkName: "x" })).member;
  assertEquals(link.linkName, bytesOf("t\xff"));
});

Deno.test("times are decimal numbers, cut after nanoseconds", () => {
  const times: [string, number | bigint, number][] = [
    ["0", 0, 0],
    ["-0", 0, 0],
    ["1.", 1, 0],
    ["1.5", 1, 500_000_000],
    ["1.0000000019", 1, 1],
    ["-1.75", -2, 250_000_000],
    ["-0.25", -1, 750_000_000],
    ["-1", -1, 0],
    ["-0.0000000001", 0, 0],
    ["9223372036854775807.999999999", 2n ** 63n - 1n, 999_999_999],
    ["-9223372036854775808", -(2n ** 63n), 0],
  ];
  for (const [text, seconds, nanoseconds] of times) {
    const { mtime, mtimeNsec } = statOf(extended([["mtime", text]]), header({}));
    assertEquals([mtime, mtimeNsec], [seconds, nanoseconds]);
  }
  const bad = [
    "x",
    "1e3",
    "+1",
    ".5",
    "1,5",
    " 1",
    "1.5 ",
    "--1",
    "9223372036854775808",
    "-9223372036854775808.5",
    "1".repeat(1000),
  ];
  for (const text of bad) {
    const state = stateOf(extended([["mtime", text]]), header({}));
    assertEquals(state.endsWith(" as its mtime, expected seconds since the epoch"), true, text);
  }
});

Deno.test("numbers in records are decimal digits", () => {
  for (const text of ["-1", "1.0", "0x1", " 1", "1 ", "9007199254740992", "1".repeat(40)]) {
    assertEquals(stateOf(extended([["size", text]]), header({})).includes("as its size"), true);
  }
  assertEquals(stateOf(extended([["uid", "4294967296"]]), header({})).includes("uid"), true);
});

Deno.test("global headers apply to all members that follow, until one says otherwise", () => {
  const members = tellAll(
    header({ name: "a" }),
    extended([["uid", "7"], ["mtime", "5.5"]], "g"),
    header({ name: "b" }),
    extended([["uid", "8"]]),
    header({ name: "c", mtime: "oops\0" }),
    header({ name: "d" }),
    extended([["uid", ""]]),
    header({ name: "e" }),
    extended([["uid", ""], ["gid", "9"]], "g"),
    header({ name: "f" }),
  );
  assertEquals(
    members.map(({ member: { stat: { uid, gid, mtime } } }) => [uid, gid, mtime]),
    [[0, 0, 0], [7, 0, 5], [8, 0, 5], [7, 0, 5], [0, 0, 5], [0, 9, 5]],
  );
});

Deno.test("the last of two records with one keyword counts, and an empty one says nothing", () => {
  const read = (...values: string[]) =>
    nameOf(tellOne(extended(values.map((value) => ["path", value])), header({ name: "short" })));
  assertEquals(read("a", "b"), "b");
  assertEquals(read("a", ""), "short");
  assertEquals(read("", "b"), "b");
});

Deno.test("a record is its length, a blank, keyword=value and a newline", () => {
  const record = (body: string) => stateOf(file({ type: "x" }, body), header({}));
  const bad: [string, string][] = [
    ["path=x\n", "no length before its record at byte 0"],
    ["x path=x\n", "no length before its record at byte 0"],
    ["9path=x\n", "no length before its record at byte 0"],
    ["9\tpath=x\n", "no length before its record at byte 0"],
    ["-9 path=x\n", "no length before its record at byte 0"],
    ["99999999999999999999 path=x\n", "no length before its record at byte 0"],
    ["11 path=x\n", "no newline at the end of its record of 11 bytes at byte 0"],
    ["8 path=x\n", "no newline at the end of its record of 8 bytes at byte 0"],
    ["0 path=x\n", "no newline at the end of its record of 0 bytes at byte 0"],
    ["2 \n", "no newline at the end of its record of 2 bytes at byte 0"],
    ["3 \n", "no keyword in its record at byte 0"],
    ["9 =athxx\n", "no keyword in its record at byte 0"],
    ["9 pathxx\n", "no keyword in its record at byte 0"],
    ["9 path=x\n9 gid=", "no newline at the end of its record of 9 bytes at byte 9"],
    ["9 path=x\n\0\0", "no length before its record at byte 9"],
  ];
  for (const [body, state] of bad) {
    const found = record(body);
    assertEquals(found.includes(`an extended header with ${state}`), true, `${body}: ${found}`);
  }
  assertEquals(nameOf(tellOne(file({ type: "x" }, "9 path=x\n"), header({}))), "x");
  assertEquals(nameOf(tellOne(file({ type: "x" }, ""), header({}))), "file");
  assertEquals(nameOf(tellOne(file({ type: "X" }, "9 path=x\n"), header({}))), "x");
});

Deno.test("one member has one extended header and one long name, and they have a member", () => {
  const x = extended([["path", "x"]]);
  assertEquals(
    stateOf(x, x, header({})).startsWith("an extended header with another before it"),
    true,
  );
  const L = file({ type: "L" }, "name\0");
  assertEquals(stateOf(L, L, header({})).startsWith("a long name with another before it"), true);
  assertEquals(
    stateOf(x, new Uint8Array(1024)),
    "zeros after an extended header, expected its member",
  );
  // Which of them counts is what GNU tar does.
  assertEquals(nameOf(tellOne(x, L, header({}))), "x");
  assertEquals(nameOf(tellOne(L, x, header({}))), "x");
  const g = extended([["path", "g"]], "g");
  assertEquals(nameOf(tellOne(x, g, header({}))), "x");
});

Deno.test("names that GNU tar writes apart are cut at their NUL", () => {
  const [name, target] = ["n".repeat(5000), "t".repeat(600)];
  const { member } = tellOne(
    file({ name: "././@LongLink", type: "K", magic: "ustar  \0" }, `${target}\0`),
    file({ name: "././@LongLink", type: "L", magic: "ustar  \0" }, `${name}\0more`),
    header({ type: "2", linkName: "short", magic: "ustar  \0" }),
  );
  assertEquals(member.name, utf8(name));
  assertEquals(member.linkName, utf8(target));
  assertEquals(nameOf(tellOne(file({ type: "L" }, "all"), header({}))), "all");
});

Deno.test("a NUL in a name is refused", () => {
  assertEquals(stateOf(extended([["path", "a\0b"]]), header({})).includes("NUL in its name"), true);
  const target = extended([["linkpath", "a\0b"]]);
  assertEquals(stateOf(target, header({ type: "2" })).includes("NUL in its target"), true);
});

Deno.test("contents of hard links and lists of directories are passed over", () => {
  const linked = tellAll(
    extended([["size", "3"]]),
    header({ name: "a", type: "1", linkName: "b", size: 3 }),
    bytesOf("abc" + "\0".repeat(509)),
    header({ name: "b", type: "1", linkName: "c", size: 3 }),
    file({ name: "d", type: "D" }, "Yfile\0\0"),
    header({ name: "e", type: "5", size: 4096 }),
    header({ name: "f" }),
  );
  assertEquals(linked.map(nameOf), ["a", "b", "d", "e", "f"]);
  assertEquals(linked.map(({ contents }) => contents), [[], [], [], [], []]);
  assertEquals(linked.map(({ member }) => member.size), [0, 0, 0, 0, 0]);
  for (const type of ["2", "3", "4", "6"]) {
    const state = stateOf(header({ type, linkName: "x", size: 3 }));
    assertEquals(state.endsWith("of 3 bytes, expected 0"), true);
  }
  const directory = stateOf(extended([["size", "3"]]), header({ type: "5" }));
  assertEquals(directory, `"file" is a directory of 3 bytes, expected 0`);
});

Deno.test("what describes a part of several volumes is refused, a label of one is not", () => {
  const label = extended([["GNU.volume.label", "backup"]], "g");
  assertEquals(nameOf(tellOne(label, header({}))), "file");
  const part = extended([["GNU.volume.offset", "512"]], "g");
  assertEquals(stateOf(part, header({})).includes("GNU.volume.offset"), true);
});

const xattrs = (records: [string, string][], shared: [string, string][] = []) =>
  xattrsOf(tellOne(extended(shared, "g"), extended(records), header({})));

Deno.test("extended attributes are read from both forms", () => {
  assertEquals(xattrs([["SCHILY.xattr.user.a", "1=2\n\0"], ["SCHILY.xattr.user.b", ""]]), {
    "user.a": "1=2\n\0",
    "user.b": "",
  });
  assertEquals(
    xattrs([["LIBARCHIVE.xattr.user.a%3d%20b", "AP9h"], ["LIBARCHIVE.xattr.user.c", "YQ"]]),
    {
      "user.a= b": "\0\xffa",
      "user.c": "a",
    },
  );
  assertEquals(xattrs([["LIBARCHIVE.xattr.user.c", "YQ=="], ["LIBARCHIVE.xattr.user.d", ""]]), {
    "user.c": "a",
    "user.d": "",
  });
});

Deno.test("names of attributes are those of GNU tar, and of bsdtar where it wrote both forms", () => {
  const names: [string, string][] = [
    ["user.a%3Db", "user.a=b"],
    ["user.a%25b", "user.a%b"],
    ["user.a%253D", "user.a%3D"],
    ["user.a%3db", "user.a%3db"],
    ["user.a%20b", "user.a%20b"],
    ["user.%", "user.%"],
    ["user.\xff", "user.\xff"],
  ];
  for (const [written, name] of names) {
    assertEquals(xattrs([[`SCHILY.xattr.${written}`, "v"]]), { [name]: "v" });
  }
  for (const order of [[0, 1], [1, 0]] as const) {
    const both: [string, string][] = [
      ["LIBARCHIVE.xattr.user.k%3De%20y", "djE"],
      ["SCHILY.xattr.user.k%3De%20y", "v2"],
    ];
    assertEquals(xattrs([both[order[0]]!, both[order[1]]!]), { "user.k=e y": "v2" });
  }
  assertEquals(xattrs([["SCHILY.xattr.user.k", "s"], ["LIBARCHIVE.xattr.user.%6b", "bA"]]), {
    "user.k": "s",
  });
});

Deno.test("attributes for all members stand behind those of one", () => {
  assertEquals(
    xattrs([["SCHILY.xattr.user.a", "own"]], [["SCHILY.xattr.user.a", "all"], [
      "SCHILY.xattr.user.b",
      "all",
    ]]),
    { "user.a": "own", "user.b": "all" },
  );
  assertEquals(xattrs([], [["SCHILY.xattr.user.b", "all"]]), { "user.b": "all" });
  const many = Array.from(
    { length: 2000 },
    (_, i): [string, string] => [`SCHILY.xattr.user.${i}`, ""],
  );
  assertEquals(
    stateOf(extended(many, "g")),
    "a global extended header with extended attributes of more than 16384 bytes",
  );
  // What is replaced does not add up.
  const one = extended([["SCHILY.xattr.user.a", "x".repeat(15_000)]], "g");
  tellOne(one, one, one, header({}));
});

Deno.test("attributes without a name or a value are refused", () => {
  const bad: [string, string, string][] = [
    ["SCHILY.xattr.", "x", "without a name"],
    ["SCHILY.xattr.user.a\0b", "x", "a NUL in it"],
    ["LIBARCHIVE.xattr.user.%00", "YQ", "a NUL in it"],
    ["LIBARCHIVE.xattr.user.a", "Y", "has no base64 in"],
    ["LIBARCHIVE.xattr.user.a", "Y Q", "has no base64 in"],
    ["LIBARCHIVE.xattr.user.a", "YQ===", "has no base64 in"],
    ["LIBARCHIVE.xattr.user.a", "=".repeat(100_000) + "x", "has no base64 in"],
  ];
  for (const [keyword, value, state] of bad) {
    const found = stateOf(extended([[keyword, value]]), header({}));
    assertEquals(found.startsWith(`"file" has `) && found.includes(state), true, found);
  }
});

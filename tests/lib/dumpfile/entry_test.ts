import { LineError } from "../../../lib/dumpfile/_line_error.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { type EntryOptions, EntryParser } from "../../../lib/dumpfile/_entry.ts";
import { Fields } from "../../../lib/dumpfile/_fields.ts";
import { MAX_XATTR_TEXT } from "../../../lib/dumpfile/_xattrs.ts";
import { FILE_TYPE_BITS, type FileKind, type Leaf, type Stat } from "../../../lib/tree/tree.ts";
import type { Content } from "../../../lib/tree/tree.ts";
import { external, inline, special, stat, symlink, xattr } from "../../kit/trees.ts";

const LENIENT: EntryOptions = { strict: false };
const STRICT: EntryOptions = { strict: true };
const HEX = "0123456789abcdefABCDEF0123456789".repeat(2);

/** Parses a line's SIZE and its fields from NLINK on. */
function entry(
  kind: FileKind,
  size: string,
  rest: string,
  options = LENIENT,
  parser = new EntryParser(options),
) {
  const fields = new Fields(utf8(`${size} ${rest}`));
  fields.skip();
  return parser.parse(fields, { sizeAt: 0, kind, mode: 0o644 });
}

function leaf(kind: FileKind, size: string, rest: string, options = LENIENT): Leaf<Content> {
  const parsed = entry(kind, size, rest, options);
  if (parsed.kind === "directory") throw new TypeError("Parsed as a directory");
  return parsed;
}

const statOf = (rest: string): Stat => leaf("regular", "0", rest).stat;
const xattrsOf = (text: string) =>
  statOf(`1 0 0 0 0.0 - - - ${text}`).xattrs.map(({ name, value }) =>
    `${new TextDecoder().decode(name)}:${new TextDecoder().decode(value)}`
  );
const withXattrs = (text: string) => () => xattrsOf(text);

Deno.test("numbers of a line", () => {
  assertEquals(
    statOf("2 3 4 0 -5.7 - - -"),
    stat({ nlink: 2, uid: 3, gid: 4, mtime: -5, mtimeNsec: 7 }),
  );
});

Deno.test("nanoseconds are an integer of 32 bits, not a fraction", () => {
  assertEquals(statOf("1 0 0 0 5.5 - - -").mtimeNsec, 5);
  assertEquals(statOf("1 0 0 0 5.99999999999 - - -").mtimeNsec, 1215752191);
});

for (const time of ["5", "5.", ".5", "5.0.0", "5,0", ""]) {
  Deno.test(`no time: "${time}"`, () => {
    assertThrows(() => statOf(`1 0 0 0 ${time} - - -`), LineError, "invalid");
  });
}

Deno.test("a bad number is refused in any field", () => {
  for (const rest of ["x 0 0 0", "1 x 0 0", "1 5 x 0", "1 5 0 x"]) {
    assertThrows(() => statOf(`${rest} 0.0 - - -`), LineError, "invalid integer");
  }
  assertThrows(() => leaf("regular", "", "1 0 0 0 0.0 - - -"), LineError, "invalid integer");
});

Deno.test("a regular file with content is inline, whatever else the line says", () => {
  assertEquals(leaf("regular", "2", `1 0 0 0 0.0 path hi ${HEX}`), inline("hi"));
  assertEquals(leaf("regular", "1", "1 0 0 0 0.0 - \\x2d -"), inline("-"));
});

Deno.test("an empty file is inline", () => {
  assertEquals(leaf("regular", "0", `1 0 0 0 0.0 path - ${HEX}`), inline(""));
  assertEquals(leaf("regular", "0", "1 0 0 0 0.0 path "), inline(""));
});

Deno.test("a regular file without content is external", () => {
  const digest = Uint8Array.fromHex(HEX);
  assertEquals(leaf("regular", "9", `1 0 0 0 0.0 a/b - ${HEX}`), external(9, "a/b", digest));
  assertEquals(leaf("regular", "9", "1 0 0 0 0.0 - - -"), external(9));
  assertEquals(leaf("regular", "9", "1 0 0 0 0.0  - "), external(9));
});

Deno.test("an external file has up to 2^53 bytes", () => {
  const rest = "1 0 0 0 0.0 - - -";
  assertEquals(leaf("regular", "9007199254740992", rest), external(2 ** 53));
  for (const size of ["9007199254740993", "18446744073709551615", "-1"]) {
    assertThrows(() => leaf("regular", size, rest), LineError, "file too large");
  }
});

Deno.test("content is as long as SIZE says, and at most 5000 bytes", () => {
  const rest = (content: string) => `1 0 0 0 0.0 - ${content} -`;
  assertEquals(leaf("regular", "5000", rest("x".repeat(5000))), inline("x".repeat(5000)));
  assertThrows(
    () => leaf("regular", "5001", rest("x".repeat(5001))),
    LineError,
    "exceeds maximum 5000",
  );
  for (const kind of ["regular", "directory", "fifo"] as const) {
    assertThrows(() => entry(kind, "3", rest("hi")), LineError, "must match size 3");
  }
});

Deno.test("a digest is 64 hexadecimal digits", () => {
  const rest = (digest: string) => `1 0 0 0 0.0 p - ${digest}`;
  for (const digest of [HEX.slice(1), HEX + "0", "g" + HEX.slice(1), "--"]) {
    assertThrows(() => leaf("regular", "9", rest(digest)), LineError, "invalid digest");
  }
  const escaped = "\\x30" + HEX.slice(1);
  assertEquals(leaf("regular", "9", rest(escaped)), leaf("regular", "9", rest(HEX)));
});

Deno.test("a symlink has a target of 1 to 4095 bytes, and any SIZE", () => {
  assertEquals(leaf("symlink", "77", "1 0 0 0 0.0 t - -"), symlink("t"));
  const longest = "t".repeat(4095);
  assertEquals(leaf("symlink", "0", `1 0 0 0 0.0 ${longest} - -`), symlink(longest));
  assertThrows(() => leaf("symlink", "0", "1 0 0 0 0.0 - - -"), LineError, "invalid symlink");
  assertThrows(() => leaf("symlink", "0", "1 0 0 0 0.0"), LineError, "invalid symlink");
  assertThrows(() => leaf("symlink", "0", `1 0 0 0 0.0 ${longest}t - -`), LineError, "payload");
});

Deno.test("only devices keep their number", () => {
  for (const kind of ["character", "block"] as const) {
    assertEquals(leaf(kind, "0", "1 0 0 259 0.0 - - -"), special(kind, 259));
  }
  for (const kind of ["fifo", "socket"] as const) {
    assertEquals(leaf(kind, "0", "1 0 0 259 0.0 - - -"), special(kind, 0));
  }
});

Deno.test("of a special file a size that needs 64 bits is noted", () => {
  const parser = new EntryParser(LENIENT);
  const isOversized = (kind: FileKind, size: string) => {
    entry(kind, size, "1 0 0 0 0.0 - - -", LENIENT, parser);
    return parser.isOversized;
  };
  assertEquals(isOversized("fifo", "4294967295"), false);
  assertEquals(isOversized("fifo", "4294967296"), true);
  assertEquals(isOversized("regular", "4294967296"), false);
});

Deno.test("a payload is at most 4095 bytes on every kind of file", () => {
  for (const kind of Object.keys(FILE_TYPE_BITS) as FileKind[]) {
    const rest = (length: number) => `1 0 0 0 0.0 ${"p".repeat(length)} - -`;
    entry(kind, "0", rest(4095));
    assertThrows(() => entry(kind, "0", rest(4096)), LineError, "payload");
  }
});

Deno.test("a NUL is refused wherever C would cut the value", () => {
  assertThrows(() => leaf("regular", "9", "1 0 0 0 0.0 a\\x00b - -"), LineError, "NUL");
  assertThrows(() => leaf("regular", "9", "1 0 0 0 0.0 - - a\\x00b"), LineError, "NUL");
  assertThrows(withXattrs("user.a\\x00b=c"), LineError, "NUL");
  assertEquals(leaf("regular", "3", "1 0 0 0 0.0 - a\\x00b -"), inline("a\0b"));
  assertEquals(statOf("1 0 0 0 0.0 - - - user.a=\\x00").xattrs, [xattr("user.a", "\0")]);
});

Deno.test("an xattr splits at the first raw equals sign", () => {
  assertEquals(xattrsOf("a=b=c d= e\\x3df=\\x3d"), ["a:b=c", "d:", "e=f:="]);
});

Deno.test("one space at the end of a line is harmless, two between xattrs are not", () => {
  assertEquals(xattrsOf("a=b "), ["a:b"]);
  assertThrows(withXattrs("a=b  c=d"), LineError, "missing =");
  assertThrows(withXattrs("a=b  "), LineError, "missing =");
});

Deno.test("a repeated name replaces the value before", () => {
  assertEquals(xattrsOf("a=1 b=2 \\x61=3"), ["a:3", "b:2"]);
});

Deno.test("an xattr has a name of 1 to 255 bytes and an equals sign", () => {
  assertEquals(xattrsOf("k".repeat(255) + "=").length, 1);
  assertThrows(withXattrs("k".repeat(256) + "="), LineError, "name of 256 bytes");
  assertThrows(withXattrs("=v"), LineError, "empty xattr name");
  assertThrows(withXattrs("novalue"), LineError, "missing =");
});

Deno.test("all xattrs of a file cost at most 32767", () => {
  // 12 for all, 7 for each, and its name and value.
  assertEquals(xattrsOf(`a=${"v".repeat(32767 - 12 - 7 - 1)}`).length, 1);
  assertThrows(withXattrs(`a=${"v".repeat(32767 - 12 - 7)}`), LineError, "xattrs take more");
  const half = "v".repeat((32767 - 12) / 2 - 8);
  assertThrows(withXattrs(`a=${half} b=${half}xx`), LineError, "xattrs take more");
});

Deno.test("files one after the other share what xattrs they have in common", () => {
  const parser = new EntryParser(LENIENT);
  const xattrs = ["a=1 b=2", "a=1 b=2", "a=1 b=3", "", "a=1 b=3"].map((text) => {
    const fields = new Fields(utf8(`0 1 0 0 0 0.0 - - - ${text}`));
    fields.skip();
    return parser.parse(fields, { sizeAt: 0, kind: "fifo", mode: 0 }).stat.xattrs;
  });
  assertStrictEquals(xattrs[1], xattrs[0]);
  assertEquals(xattrs[2], [xattr("a", "1"), xattr("b", "3")]);
  assertEquals(xattrs[3], []);
  assertStrictEquals(xattrs[4], xattrs[2]);
});

Deno.test("a replaced xattr no longer costs", () => {
  const long = "v".repeat(20_000);
  assertEquals(xattrsOf(`a=${long} a=${long} a=`), ["a:"]);
});

Deno.test("there is a limit to the text of xattrs", () => {
  assertThrows(withXattrs("a=" + "\\x41".repeat(MAX_XATTR_TEXT / 4 + 1)), LineError, "too many");
  assertEquals(xattrsOf("a=" + "\\x41".repeat(8000)).length, 1);
});

Deno.test("strict: a device number is for devices", () => {
  leaf("block", "0", "1 0 0 5 0.0 - - -", STRICT);
  for (const kind of ["regular", "directory", "fifo"] as const) {
    assertThrows(() => entry(kind, "0", "1 0 0 5 0.0 - - -", STRICT), LineError, "device number");
  }
});

Deno.test("strict: a symlink's SIZE is its target's length, and it has no content", () => {
  leaf("symlink", "2", "1 0 0 0 0.0 ab - -", STRICT);
  assertThrows(
    () => leaf("symlink", "3", "1 0 0 0 0.0 ab - -", STRICT),
    LineError,
    "symlink size 3",
  );
  assertThrows(
    () => leaf("symlink", "2", "1 0 0 0 0.0 ab xy -", STRICT),
    LineError,
    "cannot have content",
  );
  leaf("symlink", "2", "1 0 0 0 0.0 ab xy -", LENIENT);
});

import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { DumpfileParser, parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import {
  dumpText,
  external,
  inline,
  nodeAt,
  parse,
  ROOT,
  special,
  symlink,
} from "../../kit/trees.ts";

const file = (path: string) => `${path} 0 100644 1 0 0 0 0.0 - - -\n`;
const subdirectory = (path: string) => `${path} 0 40755 2 0 0 0 0.0 - - -\n`;

function refuse(dump: string, message: string, line: number): void {
  const error = assertThrows(() => parse(dump), DumpfileSyntaxError, message);
  assertEquals(error.line, line);
}

/** A directory's names. */
function names(dump: string, ...path: string[]): string[] {
  const node = nodeAt(parse(dump), ...path);
  if (node.kind !== "directory") throw new TypeError("No directory");
  return node.entries.map(({ name }) => new TextDecoder().decode(name));
}

Deno.test("every kind of file", () => {
  const tree = parse(
    ROOT + "/b 0 60644 1 0 0 5 0.0 - - -\n/c 0 20644 1 0 0 6 0.0 - - -\n" +
      "/d 0 40755 1 0 0 0 0.0 - - -\n/e 9 100644 1 0 0 0 0.0 p - -\n/i 2 100644 1 0 0 0 0.0 - hi -\n" +
      "/l 1 120644 1 0 0 0 0.0 t - -\n/p 0 10644 1 0 0 0 0.0 - - -\n/s 0 140644 1 0 0 0 0.0 - - -\n",
  );
  assertEquals(tree.root.entries.map(({ node }) => typeof node), [
    ...Array(2).fill("number"),
    "object",
    ...Array(5).fill("number"),
  ]);
  assertEquals(tree.leaves, [
    special("block", 5),
    special("character", 6),
    external(9, "p"),
    inline("hi"),
    symlink("t"),
    special("fifo"),
    special("socket"),
  ]);
});

Deno.test("the type is that of MODE, the permissions its low twelve bits", () => {
  const node = nodeAt(parse(ROOT + "/f 0 107777 1 0 0 0 0.0 - - -\n"), "f");
  assertEquals(node.kind === "regular" && node.stat.mode, 0o7777);
});

Deno.test("bits above the type are dropped", () => {
  assertEquals(nodeAt(parse(ROOT + "/f 0 1100644 1 0 0 0 0.0 - - -\n"), "f"), inline(""));
});

for (const mode of ["0", "644", "170644", "30644", "@644", "@@100644", "@", "9", "x", ""]) {
  Deno.test(`no mode: "${mode}"`, () => {
    refuse(`${ROOT}/f 0 ${mode} 1 0 0 0 0.0 - - -\n`, "invalid", 2);
  });
}

Deno.test("entries come out in byte order, whatever the order of lines", () => {
  const order = ["!", "-", "...", ".a", "/a", "A", "B", "a", "aa", "\\xff"];
  const all = order.filter((name) => name !== "/a");
  const dump = (list: string[]) => ROOT + list.map((name) => file("/" + name)).join("");
  const expected = names(dump(all));
  assertEquals(names(dump(all.toReversed())), expected);
  assertEquals(names(dump([...all.slice(4), ...all.slice(0, 4)])), expected);
});

Deno.test("subtrees may interleave as long as parents come first", () => {
  const tidy = ROOT + subdirectory("/a") + file("/a/1") + file("/a/2") + subdirectory("/b") +
    file("/b/1");
  const mixed = ROOT + subdirectory("/b") + subdirectory("/a") + file("/a/2") + file("/b/1") +
    file("/a/1");
  assertEquals(dumpText(parse(mixed)), dumpText(parse(tidy)));
});

Deno.test("a path may be spelled in many ways", () => {
  const spelled = ["d/f", "/d/f", "//d//f", "\\x2fd\\x2ff", "/\\x64/f"];
  for (const path of spelled) {
    assertEquals(names(ROOT + subdirectory("d") + file(path), "d"), ["f"]);
  }
});

Deno.test("a path of one dash is a name", () => {
  assertEquals(names(ROOT + file("-")), ["-"]);
});

Deno.test("the root stands first, once, and is a directory", () => {
  refuse(file("/f") + ROOT, "root node not present", 1);
  refuse(ROOT + ROOT, "multiple roots", 2);
  refuse("/ 0 100644 1 0 0 0 0.0 - - -\n", "root must be a directory", 1);
  refuse("/ 0 @40755 1 0 0 0 0.0 /x - -\n", "root must be a directory", 1);
});

Deno.test("only one slash is the root's path", () => {
  refuse(ROOT + subdirectory("//"), "empty name", 2);
  refuse("// 0 40755 2 0 0 0 0.0 - - -\n", "root node not present", 1);
});

Deno.test("a path leads through directories that are there", () => {
  refuse(ROOT + file("/d/f"), "parent directory missing", 2);
  refuse(ROOT + file("/f") + file("/f/g"), "parent must be a directory", 3);
  refuse(ROOT + "/l 1 120777 1 0 0 0 0.0 / - -\n" + file("/l/f"), "parent must be a directory", 3);
  refuse(ROOT + subdirectory("/d") + file("/d/../f"), "parent directory missing", 3);
});

Deno.test("names that no directory has are refused", () => {
  refuse(ROOT + file("/."), "invalid . or ..", 2);
  refuse(ROOT + file("/.."), "invalid . or ..", 2);
  refuse(ROOT + subdirectory("/d") + file("/d/"), "empty name", 3);
  refuse(ROOT + file("/" + "n".repeat(256)), "name of 256 bytes", 2);
  refuse(ROOT + file("/a\\x00"), "NUL", 2);
  assertEquals(names(ROOT + file("/" + "n".repeat(255)))[0]!.length, 255);
});

Deno.test("a name taken is refused, however it is spelled", () => {
  refuse(ROOT + file("/a") + file("/a"), "it is there already", 3);
  refuse(ROOT + file("/b") + file("/a") + file("//\\x62"), "it is there already", 4);
  refuse(ROOT + subdirectory("/a") + "/a 0 @100644 1 0 0 0 0.0 /b\n", "it is there already", 3);
});

Deno.test("lines that are none", () => {
  refuse("", "no files in dump file", 0);
  refuse("\n", "empty path", 1);
  refuse(ROOT + "\n", "empty path", 2);
  refuse(ROOT + " 0 100644", "empty path", 2);
  refuse(ROOT + "# comment\n", "invalid integer", 2);
  refuse(ROOT + "/a\0", "NUL byte at offset 2", 2);
});

Deno.test("a hard link has no directory's type", () => {
  refuse(ROOT + "/l 0 @40755 1 0 0 0 0.0 /f - -\n", "directories cannot be hard linked", 2);
});

Deno.test("an error names its line, also the last one without a newline", () => {
  refuse(ROOT + file("/a") + file("/b") + "/c 0 0", "invalid mode", 4);
});

Deno.test("a newline may be missing at the end, unless strict", () => {
  const dump = ROOT.trimEnd();
  assertEquals(parse(dump), parse(ROOT));
  const error = assertThrows(() => parse(dump, { strict: true }), DumpfileSyntaxError);
  assertEquals([error.line, error.message], [1, "Invalid line 1: missing trailing newline"]);
  assertEquals(parse(ROOT, { strict: true }), parse(ROOT));
});

Deno.test("strict reaches the fields", () => {
  const dump = ROOT + "/f 0 100644 1 0 0 5 0.0 - - -\n";
  parse(dump);
  assertThrows(() => parse(dump, { strict: true }), DumpfileSyntaxError, "device number");
});

Deno.test("a dump gives one tree wherever it is cut", () => {
  const dump = utf8(
    ROOT + subdirectory("/d") + file("/d/a\\x20b") + "/l 0 @100644 1 0 0 0 0.0 /d/a\\x20b - -\n" +
      "/z 3 100644 1 0 0 0 0.0 - a\\nb - user.a=b\\x3d",
  );
  const whole = dumpText(parseDumpfile([dump]));
  for (let at = 0; at <= dump.length; at++) {
    assertEquals(dumpText(parseDumpfile([dump.slice(0, at), dump.slice(at)])), whole);
  }
  const bytes = Array.from(dump, (byte) => Uint8Array.of(byte));
  assertEquals(dumpText(parseDumpfile(bytes)), whole);
});

Deno.test("lines far longer than a chunk", () => {
  const long = "/".repeat(200_000) + "a";
  const dump = concatBytes(utf8(ROOT), utf8(file(long)));
  const parser = new DumpfileParser();
  for (let at = 0; at < dump.length; at += 10) parser.push(dump.subarray(at, at + 10));
  assertEquals(parser.finish().root.entries.length, 1);
});

Deno.test("a path of 3,000 levels", () => {
  let dump = ROOT;
  let path = "";
  for (let level = 0; level < 3000; level++) dump += subdirectory(path += "/d");
  let depth = 0;
  let node = parse(dump).root.entries[0]?.node;
  for (; typeof node === "object"; node = node.entries[0]?.node) depth++;
  assertEquals(depth, 3000);
});

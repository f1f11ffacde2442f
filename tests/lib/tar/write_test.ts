import { TreeError } from "../../../lib/tree/tree_error.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { writeTar, type WriteTarOptions } from "../../../lib/tar/write.ts";
import type { Content, Leaf, Stat, Tree } from "../../../lib/tree/tree.ts";
import {
  directory,
  external,
  hardLink,
  inline,
  listing,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const BIG = Uint8Array.from({ length: 300_001 }, (_, i) => i % 251);

function archive(tree: Tree<Content>, options: Partial<WriteTarOptions> = {}): Uint8Array {
  const open: WriteTarOptions["open"] = ({ file }) =>
    memoryFile(file.kind === "inline" ? file.bytes : BIG.subarray(0, file.size));
  const pieces: Uint8Array[] = [];
  for (const piece of writeTar(tree, { open, ...options })) pieces.push(piece.slice());
  return concatBytes(...pieces);
}

interface Member {
  readonly name: string;
  readonly type: string;
  readonly link: string;
  readonly records: Record<string, string>;
  readonly contents: Uint8Array;
  readonly header: Uint8Array;
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return latin1(end < 0 ? bytes : bytes.subarray(0, end));
}

function parseRecords(bytes: Uint8Array): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const length = Number(latin1(bytes.subarray(at, blank)));
    const equals = bytes.indexOf(0x3d, at);
    assertEquals(bytes[at + length - 1], 0x0a);
    records[latin1(bytes.subarray(blank + 1, equals))] = latin1(
      bytes.subarray(equals + 1, at + length - 1),
    );
    at += length;
  }
  return records;
}

/** An independent reading of the format. */
function members(tar: Uint8Array): Member[] {
  assertEquals(tar.length % 10240, 0);
  const list: Member[] = [];
  let records: Record<string, string> = {};
  for (let at = 0; tar[at] !== 0;) {
    const header = tar.subarray(at, at + 512);
    const type = latin1(header.subarray(156, 157));
    const size = Number(records.size ?? parseInt(latin1(header.subarray(124, 135)), 8));
    const contents = tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === "x") {
      records = parseRecords(contents);
      continue;
    }
    list.push({
      name: records.path ?? text(header.subarray(0, 100)),
      link: records.linkpath ?? text(header.subarray(157, 257)),
      type,
      records,
      contents,
      header,
    });
    records = {};
    if (at + 1024 > tar.length) throw new RangeError("no end of archive");
  }
  return list;
}

function only(name: string, node: Leaf<Content>): Member {
  const [root, member] = members(archive(directory({ [name]: node })));
  assertEquals(root!.name, "./");
  return member!;
}

Deno.test("members: types, names, links and contents", () => {
  const file = inline("hello");
  const tar = archive(directory({
    "a": hardLink(file),
    "b": directory({ "big": external(300_001, "x/y"), "f": file }),
    "c": symlink("b/f"),
    "d": special("fifo"),
    "e": special("block", 0x801),
    "f": special("character", 0x12367845 >>> 0),
    "g": special("character", 0),
  }));
  const list = members(tar).map(({ name, type, link, contents }) =>
    [name, type, link, contents.length].join(" ")
  );
  assertEquals(list, [
    "./ 5  0",
    "./a 0  5",
    "./b/ 5  0",
    "./b/big 0  300001",
    "./b/f 1 ./a 0",
    "./c 2 b/f 0",
    "./d 6  0",
    "./e 4  0",
    "./f 3  0",
    "./g 3  0",
  ]);
  assertEquals(members(tar)[1]!.contents, utf8("hello"));
  assertEquals(members(tar)[3]!.contents, BIG);
  const numbers = members(tar).slice(-3).map(({ header }) => latin1(header.subarray(329, 345)));
  assertEquals(numbers, [
    "0000010\x000000001\0",
    // Minor bits 0 to 7 and from bit 20 on, major bits between them.
    `${(0x678).toString(8).padStart(7, "0")}\0${(0x12345).toString(8).padStart(7, "0")}\0`,
    "0000000\x000000000\0",
  ]);
});

Deno.test("a member that fits into its header has no records", () => {
  const given = { uid: 8 ** 7 - 1, gid: 5, mode: 0o7777, mtime: 8 ** 11 - 1 };
  const { records, header } = only("n".repeat(98), inline("x", given));
  assertEquals(records, {});
  assertEquals(text(header.subarray(0, 101)).slice(0, 100), `./${"n".repeat(98)}`);
  assertEquals(
    latin1(header.subarray(100, 148)),
    [
      "0007777",
      "7777777",
      "0000005",
      "00000000001",
      "77777777777",
      "",
    ].join("\0"),
  );
});

Deno.test("what does not fit into the header is in records", () => {
  const records = (given: Partial<Stat>) => only("x", inline("", given)).records;
  assertEquals(records({ uid: 8 ** 7 }), { uid: "2097152" });
  assertEquals(records({ gid: 2 ** 32 - 2 }), { gid: "4294967294" });
  for (const owner of [{ uid: 2 ** 32 - 1 }, { gid: 2 ** 32 - 1 }]) {
    assertThrows(() => records(owner), TreeError, "is no owner to the kernel");
  }
  assertEquals(records({ mtime: 8 ** 11 }), { mtime: "8589934592" });
  assertEquals(records({ mtimeNsec: 5 }), { mtime: "0.000000005" });
  assertEquals(records({ mtime: -1 }), { mtime: "-1" });
  assertEquals(records({ mtime: -(2n ** 63n) }), { mtime: "-9223372036854775808" });
  const xattrs = [xattr("user.a=", "\0\n"), xattr("security.x")];
  assertEquals(records({ xattrs }), {
    "SCHILY.xattr.user.a%3D": "\0\n",
    "SCHILY.xattr.security.x": "",
  });
});

Deno.test("long names and those of other alphabets are in records", () => {
  const long = "n".repeat(255);
  assertEquals(only(long, inline("")).records, { path: `./${long}` });
  assertEquals(only("x", symlink("t".repeat(101))).records, { linkpath: "t".repeat(101) });
  assertEquals(only("x", symlink("t".repeat(100))).records, {});
  assertEquals(only("ä", inline("")).records, { path: latin1(utf8("./ä")) });
});

Deno.test("a name that is not UTF-8 is in the header alone, or marked as binary if it is long", () => {
  const named = (name: Uint8Array) => {
    const tree = listing([name, inline("")]);
    return members(archive(tree))[1]!;
  };
  const short = named(Uint8Array.of(0xff, 0xe9));
  assertEquals(short.records, {});
  assertEquals(short.name, "./\xff\xe9");
  const long = named(new Uint8Array(255).fill(0xe9));
  assertEquals(long.records, { hdrcharset: "BINARY", path: `./${"\xe9".repeat(255)}` });
});

Deno.test("sizes above 8 GiB are in a record", () => {
  const size = 8 ** 11 + 5;
  let length = 0;
  let head: Uint8Array | undefined;
  const open = () => ({
    ...memoryFile(new Uint8Array()),
    size,
    readAt: (into: Uint8Array) => into.length,
  });
  for (const piece of writeTar(directory({ "f": external(size, "x") }), { open })) {
    length += piece.length;
    if (length > 512 && head === undefined && piece.length < 100) head = piece.slice();
    if (length > 10_000) break;
  }
  assertEquals(parseRecords(head!), { size: `${size}` });
});

Deno.test("sockets are left out and told of, devices if that is asked for", () => {
  const device = special("character", 5);
  const tree = directory({ "a": special("socket"), "b": device, "c": hardLink(device) });
  const skipped: string[] = [];
  const onSkip = (path: Uint8Array) => void skipped.push(latin1(path));
  assertEquals(members(archive(tree, { onSkip })).map(({ name, type }) => name + type), [
    "./5",
    "./b3",
    "./c1",
  ]);
  assertEquals(skipped, ["/a"]);
  assertEquals(members(archive(tree, { skipDevices: true })).length, 1);
});

Deno.test("xattrs are filtered, and given once for a hard-linked file", () => {
  const file = inline("x", { xattrs: [xattr("user.a", "1"), xattr("trusted.b", "2")] });
  const tree = directory({ "f": file, "g": hardLink(file) });
  const keys = (xattrs: "all" | "user" | "none") =>
    members(archive(tree, { xattrs })).map(({ records }) => Object.keys(records).length);
  assertEquals(keys("all"), [0, 2, 0]);
  assertEquals(keys("user"), [0, 1, 0]);
  assertEquals(keys("none"), [0, 0, 0]);
});

Deno.test("a file that cannot be opened leaves nothing of itself in the archive", () => {
  const pieces: number[] = [];
  const tree = directory({ "f": external(10, "x") });
  const open = () => {
    throw new RangeError("no");
  };
  assertThrows(
    () => {
      for (const piece of writeTar(tree, { open })) pieces.push(piece.length);
    },
    RangeError,
    "no",
  );
  assertEquals(pieces, [512]);
});

Deno.test("contents that end early end the archive with an error, and progress is told", () => {
  const tree = directory({ "f": external(300_000, "x") });
  const open = () => ({ ...memoryFile(new Uint8Array(1000)), size: 300_000 });
  assertThrows(
    () => archive(tree, { open }),
    IntegrityError,
    "ends after 1000 bytes, expected 300000",
  );
  const seen: number[] = [];
  archive(tree, { onRead: (done) => void seen.push(done) });
  assertEquals(seen.at(-1), 300_000);
  assert(seen.length > 1);
});

import { assert } from "@std/assert";
import { concatBytes } from "../../../lib/bytes/text.ts";
import type { TarSink } from "../../../lib/tar/member.ts";
import { readTar } from "../../../lib/tar/read.ts";
import { longTest } from "../../../scripts/test/effort.ts";
import { bytesOf, END, extended, file, header, octal, padded } from "../../kit/tar_archive.ts";

const SILENT: TarSink = { member() {}, contents() {}, end() {} };

/** Each takes a fraction of a second; what is quadratic takes minutes, at the least. */
const LIMIT = 10_000;

function assertSoon(what: string, parts: readonly Uint8Array[], chunk = 1 << 16): void {
  const archive = concatBytes(...parts, END);
  const start = performance.now();
  readTar(pieces(archive, chunk), SILENT);
  const time = performance.now() - start;
  assert(time < LIMIT, `${what}: ${time} ms`);
}

function* pieces(archive: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
}

type Pair = [keyword: string, value: string];

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

longTest("what is hostile takes no longer than its bytes do", () => {
  const xattrs = extended(times(100_000, (i): Pair => [`SCHILY.xattr.user.${i}`, ""]));
  assertSoon("attributes", [xattrs, header({})]);
  assertSoon("one attribute again and again", [
    extended(times(100_000, (): Pair => ["SCHILY.xattr.user.a", "v"])),
    header({}),
  ]);
  assertSoon("comments", [extended(times(250_000, (): Pair => ["c", ""])), header({})]);
  assertSoon("one record", [extended([["path", "x".repeat(4_000_000)]]), header({})]);
  assertSoon("one keyword", [extended([["k".repeat(4_000_000), ""]]), header({})]);
  assertSoon(
    "one record in single bytes",
    [extended([["path", "x".repeat(400_000)]]), header({})],
    1,
  );
  const acl = "user::rwx,group::rwx,mask::rwx,other::rwx," +
    times(100_000, (i) => `user:${i}:rwx,`).join("");
  assertSoon("an ACL", [extended([["SCHILY.acl.access", acl]]), header({})]);
  assertSoon("blanks in an ACL", [
    extended([[
      "SCHILY.acl.access",
      acl.slice(0, 42) + `user:1:rwx${" ".repeat(1_000_000)},`.repeat(1),
    ]]),
    header({}),
  ]);
  assertSoon("escapes", [
    extended([["LIBARCHIVE.xattr.user." + "%41".repeat(1_000_000), ""]]),
    header({}),
  ]);
  assertSoon("base64", [
    extended([["LIBARCHIVE.xattr.user.a", "A".repeat(4_000_000)]]),
    header({}),
  ]);
  const shared = extended(times(150, (i): Pair => [`SCHILY.xattr.user.${i}`, ""]), "g");
  assertSoon("attributes for all", [
    shared,
    ...times(5000, () => header({})),
    ...times(5000, () => concatBytes(extended([["SCHILY.xattr.user.own", ""]]), header({}))),
  ]);
  assertSoon("attributes for all, again and again", [
    ...times(500, () => concatBytes(shared, header({}))),
  ]);
});

longTest("maps as long as they may be are read", () => {
  const list = times(150_000, (i) => `${2 * i},1`).join(",");
  const regions = times(
    150_000,
    (i): Pair[] => [["GNU.sparse.offset", `${2 * i}`], ["GNU.sparse.numbytes", "1"]],
  );
  const contents = "x".repeat(150_000);
  const size: Pair = ["GNU.sparse.size", "300000"];
  assertSoon("0.0", [
    extended([size, ...regions.flat().slice(0, 100_000)]),
    file({}, contents.slice(0, 50_000)),
  ]);
  assertSoon("0.1", [extended([size, ["GNU.sparse.map", list]]), file({}, contents)]);
  const map = `150000\n${list.replaceAll(",", "\n")}\n`;
  const version: Pair[] = [["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"], [
    "GNU.sparse.realsize",
    "300000",
  ]];
  const text = map.padEnd(map.length + (-map.length & 511), "\0");
  assertSoon("1.0", [extended(version), file({}, text + contents)]);
  const entries = (from: number, count: number) =>
    times(count, (i) => octal(2 * (from + i)) + octal(1)).join("");
  const blocks = times(
    7000,
    (i) => padded(bytesOf(entries(4 + 21 * i, 21) + (i < 6999 ? "\x01" : "\0"))),
  );
  const stored = 4 + 21 * blocks.length;
  const at = { 386: `${entries(0, 4)}\x01${octal(2 * stored)}` };
  const first = header({ type: "S", magic: "ustar  \0", size: stored, at });
  assertSoon("old", [first, ...blocks, padded(new Uint8Array(stored))]);
});

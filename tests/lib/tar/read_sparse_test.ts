import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, latin1 } from "../../../lib/bytes/text.ts";
import { TarReader } from "../../../lib/tar/read.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import {
  bytesOf,
  END,
  extended,
  file,
  header,
  nameOf,
  octal,
  padded,
  tell,
  tellAll,
  tellOne,
} from "../../kit/tar_archive.ts";

type Region = readonly [position: number, length: number];
type Format = "old" | "0.0" | "0.1" | "1.0";
const FORMATS: readonly Format[] = ["old", "0.0", "0.1", "1.0"];

interface Sparse {
  readonly regions: readonly Region[];
  /** Real size. */
  readonly size: number;
  /** What is stored, if not as many bytes as the regions have. */
  readonly contents?: string;
}

/** Letters that are other ones in each region. */
function contentsOf(regions: readonly Region[]): string {
  return regions.map(([, length], i) => String.fromCharCode(97 + i % 26).repeat(length)).join("");
}

function oldMap(regions: readonly Region[], entries: number): string {
  const text = regions.slice(0, entries).map(([at, length]) => octal(at) + octal(length)).join("");
  return text.padEnd(entries * 24, "\0");
}

/** A sparse file as GNU tar writes it. */
function sparse(format: Format, { regions, size, contents = contentsOf(regions) }: Sparse) {
  if (format === "old") {
    const blocks: Uint8Array[] = [];
    for (let at = 4; at < regions.length; at += 21) {
      const more = regions.length > at + 21 ? "\x01" : "\0";
      blocks.push(padded(bytesOf(oldMap(regions.slice(at), 21) + more)));
    }
    const more = regions.length > 4 ? "\x01" : "\0";
    const at = { 386: oldMap(regions, 4) + more + octal(size) };
    const head = header({ type: "S", magic: "ustar  \0", size: contents.length, at });
    return concatBytes(head, ...blocks, padded(bytesOf(contents)));
  }
  if (format === "1.0") {
    const numbers = [regions.length, ...regions.flat()];
    const map = padded(bytesOf(numbers.map((number) => `${number}\n`).join("")));
    const records = extended([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "file"],
      ["GNU.sparse.realsize", `${size}`],
    ]);
    const head = header({ name: "GNUSparseFile.1/file", size: map.length + contents.length });
    return concatBytes(records, head, map, padded(bytesOf(contents)));
  }
  const map: [string, string][] = format === "0.1"
    ? [["GNU.sparse.name", "file"], ["GNU.sparse.map", regions.flat().join(",")]]
    : regions.flatMap(([at, length]): [string, string][] => [
      ["GNU.sparse.offset", `${at}`],
      ["GNU.sparse.numbytes", `${length}`],
    ]);
  const records = extended([
    ["GNU.sparse.size", `${size}`],
    ["GNU.sparse.numblocks", `${regions.length}`],
    ...map,
  ]);
  return concatBytes(records, file({}, contents));
}

const MANY: Sparse = {
  regions: Array.from({ length: 100 }, (_, i): Region => [i * 5000, i + 1]),
  size: 600_000,
};

Deno.test("sparse files have their contents where they belong, in each of GNU tar's formats", () => {
  const cases: Sparse[] = [
    { regions: [[0, 5]], size: 5 },
    { regions: [[0, 5], [100, 600], [1000, 0]], size: 1000 },
    { regions: [[512, 1], [513, 1], [9999, 1]], size: 10_000 },
    { regions: [[1000, 0]], size: 1000 },
    { regions: [[8 * 2 ** 30 - 3, 3]], size: 8 * 2 ** 30 },
    MANY,
  ];
  for (const format of FORMATS) {
    for (const { regions, size } of cases) {
      if (format === "old" && size >= 8 ** 11) continue;
      const archive = concatBytes(sparse(format, { regions, size }), header({ name: "next" }), END);
      const { members: [first, next], rejoined } = tell([archive]);
      assertEquals(nameOf(first!), "file");
      assertEquals([first!.member.kind, first!.member.size], ["regular", size]);
      const expected: [number, string][] = [];
      for (const [i, [at, length]] of regions.entries()) {
        const letters = String.fromCharCode(97 + i % 26).repeat(length);
        const last = expected.at(-1);
        if (last !== undefined && last[0] + last[1].length === at) last[1] += letters;
        else if (length > 0) expected.push([at, letters]);
      }
      assertEquals(first!.contents, expected);
      assertEquals(nameOf(next!), "next");
      assertEquals(rejoined, archive);
    }
  }
});

Deno.test("sparse files may be cut anywhere", () => {
  for (const format of FORMATS) {
    const archive = concatBytes(sparse(format, MANY), END);
    const whole = tell([archive]);
    for (const size of [1, 17, 600]) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < archive.length; at += size) {
        chunks.push(archive.subarray(at, at + size));
      }
      assertEquals(tell(chunks), whole);
    }
  }
});

Deno.test("contents of a sparse file may be passed over across its holes", () => {
  const regions: Region[] = [[0, 10], [100, 20], [500, 30]];
  const archive = concatBytes(sparse("old", { regions, size: 600 }), header({ name: "next" }));
  const told: unknown[] = [];
  const reader = new TarReader({
    member: ({ name }) => told.push(latin1(name)),
    contents: (bytes, position) => told.push([position, bytes.length]),
    end: () => told.push("end"),
  });
  reader.write(archive.subarray(0, 512 + 5));
  assertEquals(reader.skippable, 55);
  reader.skip(35);
  assertEquals(reader.skippable, 20);
  reader.write(archive.subarray(512 + 40));
  reader.end();
  assertEquals(told, ["file", [0, 5], [510, 20], "end", "next", "end"]);
});

function stateOf(...parts: readonly Uint8Array[]): string {
  return assertThrows(() => tellAll(...parts), TarFormatError).state;
}

Deno.test("maps whose stretches do not fit the file or its contents are refused", () => {
  const bad: [Sparse, string][] = [
    [
      { regions: [[10, 5], [0, 5]], size: 100 },
      `"file" has a stretch at 0 in its sparse map, expected one from 15 on`,
    ],
    [
      { regions: [[0, 5], [4, 5]], size: 100 },
      "has a stretch at 4 in its sparse map, expected one from 5 on",
    ],
    [
      { regions: [[98, 5]], size: 100 },
      "has a stretch of 5 bytes at 98 in its sparse map, expected none beyond 100",
    ],
    [
      { regions: [[101, 0]], size: 100 },
      "has a stretch of 0 bytes at 101 in its sparse map, expected none",
    ],
    [
      { regions: [[0, 5]], size: 100, contents: "x" },
      "has a sparse map for 5 bytes of contents, expected 1",
    ],
    [
      { regions: [[0, 5]], size: 100, contents: "xxxxxx" },
      "has a sparse map for 5 bytes of contents, expected 6",
    ],
  ];
  for (const format of FORMATS) {
    for (const [given, state] of bad) {
      const found = stateOf(sparse(format, given));
      assertEquals(found.includes(state), true, `${format}: ${found}`);
    }
  }
});

const pax = (records: [string, string][], contents = "", type = "0") =>
  concatBytes(extended(records), file({ type }, contents));

Deno.test("records that describe no whole map are refused", () => {
  const [major, minor, realsize]: [string, string][] = [
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.minor", "0"],
    ["GNU.sparse.realsize", "10"],
  ];
  const bad: [[string, string][], string, string][] = [
    [[major!, ["GNU.sparse.minor", "1"], realsize!], "", `version "1.1", expected`],
    [[major!, realsize!], "", `version "1.", expected`],
    [[major!, minor!], "", "expected a number as its GNU.sparse.realsize"],
    [
      [major!, minor!, ["GNU.sparse.realsize", "x"]],
      "",
      "expected a number as its GNU.sparse.realsize",
    ],
    [[major!, minor!, realsize!, ["GNU.sparse.map", "0,1"]], "", "two sparse maps"],
    [[["GNU.sparse.name", "x"]], "", "the size of the whole file"],
    [[["GNU.sparse.name", "x"], ["GNU.sparse.size", "10"]], "", "no whole sparse map"],
    [[["GNU.sparse.size", "10"], ["GNU.sparse.offset", "0"]], "", "no whole sparse map"],
    [
      [["GNU.sparse.size", "10"], ["GNU.sparse.numbytes", "0"]],
      "",
      "expected offset and numbytes in turn",
    ],
    [
      [["GNU.sparse.offset", "0"], ["GNU.sparse.offset", "0"]],
      "",
      "expected offset and numbytes in turn",
    ],
    [[["GNU.sparse.offset", "-1"]], "", "expected offset and numbytes in turn"],
    [[["GNU.sparse.size", "10"], ["GNU.sparse.map", "0,1,2"]], "x", "ends within a stretch"],
    [[["GNU.sparse.size", "10"], ["GNU.sparse.map", ""]], "", "no number"],
    [[["GNU.sparse.size", "10"], ["GNU.sparse.map", "0,1,"]], "x", "no number"],
    [[["GNU.sparse.size", "10"], ["GNU.sparse.map", "0;1"]], "x", "no number"],
    [
      [["GNU.sparse.size", "10"], ["GNU.sparse.map", "0,1"], ["GNU.sparse.numblocks", "2"]],
      "x",
      "has 1 stretches in its sparse map, expected 2",
    ],
    [[["GNU.sparse.future", "1"]], "", `unknown keyword "GNU.sparse.future"`],
  ];
  for (const [records, contents, state] of bad) {
    const found = stateOf(pax(records, contents));
    assertEquals(found.includes(state), true, `${records}: ${found}`);
  }
  const map: [string, string][] = [["GNU.sparse.size", "10"], ["GNU.sparse.map", "0,1"]];
  for (const type of ["1", "2", "5", "S"]) {
    assertEquals(
      stateOf(extended(map), header({ type, linkName: "x" })).includes(
        "has a sparse map, expected",
      ),
      true,
    );
  }
  assertEquals(
    stateOf(extended(map, "g")).includes("expected one in the header of a member"),
    true,
  );
});

Deno.test("a map before the contents is lines of numbers, as many as can be there", () => {
  const records: [string, string][] = [
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.minor", "0"],
    ["GNU.sparse.realsize", "10"],
  ];
  const bad: [string, string][] = [
    ["1\n0\nx\n", "that is no number"],
    ["1\n0\n-1\n", "that is no number"],
    ["\n", "that is no number"],
    ["1\0", "that is no number"],
    ["9".repeat(17), "that is no number"],
    ["9".repeat(16) + "\n", "expected at most 2^53-1"],
    ["129\n", "a sparse map of 129 stretches, expected at most 128"],
    ["2\n0\n1\n1\n1", "that is no number"],
  ];
  for (const [map, state] of bad) {
    const found = stateOf(pax(records, map.padEnd(512, "\0")));
    assertEquals(found.includes(state), true, `${map}: ${found}`);
  }
  assertEquals(
    stateOf(pax(records, "0".repeat(16) + "\n" + "1\n")).includes("longer than what is stored"),
    true,
  );
  const zeros = pax(records, "0\n".padEnd(512, "\0"));
  assertEquals(tellOne(zeros).contents, []);
  assertEquals(tellOne(zeros).member.size, 10);
});

Deno.test("a map of the old format has GNU's header, and an end", () => {
  const at = { 386: octal(0) + octal(1) + "\0".repeat(24) + octal(5) + octal(1), 483: octal(10) };
  const magic = "ustar  \0";
  assertEquals(
    stateOf(header({ type: "S", magic, size: 2, at })).includes("goes on after its end"),
    true,
  );
  assertEquals(
    stateOf(header({ type: "S", size: 0, at: { 483: octal(10) } })).includes("GNU's format"),
    true,
  );
  const bad = { 386: "x".repeat(12) + octal(1), 483: octal(10) };
  assertEquals(stateOf(header({ type: "S", magic, at: bad })).includes("that is no number"), true);
  const more = header({ type: "S", magic, at: { 482: "\x01", 483: octal(0) } });
  const blocks = Array.from(
    { length: 100 },
    () =>
      header({
        name: "",
        magic: "",
        size: "",
        mode: "",
        uid: "",
        gid: "",
        mtime: "",
        major: "",
        minor: "",
        type: "\0",
        checksum: "\0".repeat(8),
        at: { 504: "\x01" },
      }),
  );
  const found =
    assertThrows(() => tell([more, ...blocks], { maxHeader: 5120 }), TarFormatError).state;
  assertEquals(found, `"file" has a sparse map that is longer than 5120 bytes`);
});

Deno.test("the real size counts against the limit, and the map against its own", () => {
  for (const format of FORMATS) {
    const archive = concatBytes(sparse(format, MANY), END);
    tell([archive], { maxSize: MANY.size });
    assertThrows(
      () => tell([archive], { maxSize: MANY.size - 1 }),
      TarFormatError,
      "bytes of files, expected",
    );
    assertThrows(() => tell([archive], { maxHeader: 512 }), TarFormatError, "512");
  }
});

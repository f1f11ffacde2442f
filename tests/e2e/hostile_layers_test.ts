/**
 * Layers that mean harm: names that lead elsewhere, streams that end early, bombs. All ends inside of the root or in an
 * error that names what is wrong, and nothing outside of what was asked for is touched.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { concatBytes } from "../../lib/bytes/text.ts";
import { MemoryLayout } from "../kit/oci_layout.ts";
import { END, file, header, octal } from "../kit/tar_archive.ts";
import { zstdFrame } from "../kit/zstd_frames.ts";
import { addImage, archiveOf, place, type Suffix } from "./container_layouts.ts";
import { makeControlGroup } from "./control_group.ts";
import { type Subject, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { listFiles } from "./store_listing.ts";

/** What may be found outside. */
const SENTINEL = "nobody may change this";

/** A member that leads elsewhere, and where it ends: names of the tree, or what refuses it. */
interface Leading {
  readonly members: (outside: string) => readonly Uint8Array[];
  /** What is listed by `ls`; undefined if it is refused. */
  readonly listed?: (outside: string) => readonly string[];
  /** The member that an error names. */
  readonly name: string;
  /** Whether sealing takes it as well. */
  readonly isSealable?: true;
}

const symlink = (name: string, linkName: string) => header({ name, type: "2", linkName });
const hardLink = (name: string, linkName: string) => header({ name, type: "1", linkName });

/** Without it, nothing is sealed. */
const USR = header({ name: "usr", type: "5" });

/** A path and the directories on the way to it, as `ls` prints them. */
function way(path: string): string[] {
  const names = path.split("/").slice(1);
  return names.map((_, i) =>
    `/${names.slice(0, i + 1).join("/")}${i < names.length - 1 ? "/\t" : ""}`
  );
}

const LEADING: readonly Leading[] = [
  {
    members: () => [file({ name: "../../escaped" }, "x")],
    listed: () => ["/escaped"],
    name: "../../escaped",
  },
  {
    members: () => [file({ name: "a/../../../b/escaped" }, "x")],
    listed: () => ["/b/\t", "/b/escaped"],
    name: "a/../../../b/escaped",
  },
  {
    members: (outside) => [file({ name: `${outside}/kept` }, "x")],
    listed: (outside) => way(`${outside}/kept`),
    name: "kept",
  },
  {
    members: (outside) => [symlink("link", outside), file({ name: "link/kept" }, "x")],
    listed: (outside) => [`/link\t-> ${outside}`, ...way(`${outside}/kept`)],
    name: "link/kept",
  },
  {
    members: (outside) => [
      symlink("link", `${"../".repeat(20)}${outside.slice(1)}`),
      file({ name: "link/kept" }, "x"),
    ],
    listed: (outside) => [
      `/link\t-> ${"../".repeat(20)}${outside.slice(1)}`,
      ...way(`${outside}/kept`),
    ],
    name: "link/kept",
  },
  {
    members: (outside) => [symlink("link", outside), symlink("kept", "link/kept")],
    listed: (outside) => ["/kept\t-> link/kept", `/link\t-> ${outside}`],
    name: "",
    isSealable: true,
  },
  {
    members: () => [file({ name: "../.wh.outside" }, "")],
    listed: () => [],
    name: "../.wh.outside",
  },
  {
    members: (outside) => [symlink("link", outside), file({ name: "link/.wh.kept" }, "")],
    listed: (outside) => [`/link\t-> ${outside}`],
    name: "link/.wh.kept",
  },
  { members: (outside) => [hardLink("hard", `${outside}/kept`)], name: "hard" },
  { members: (outside) => [hardLink("hard", `..${outside}/kept`)], name: "hard" },
  {
    members: (outside) => [symlink("link", outside), hardLink("hard", "link/kept")],
    name: "hard",
  },
  {
    members: () => [symlink("a", "b"), symlink("b", "a"), file({ name: "a/x" }, "x")],
    name: "a/x",
  },
  { members: () => [file({ name: ".." }, "x")], name: ".." },
  { members: () => [file({ name: "a/.wh..." }, "")], name: "a/.wh..." },
];

testEach(
  "hostile layers: names end inside of the root or are refused",
  { once: true },
  (subject) => {
    const { composefs, path } = subject;
    const outside = path("outside");
    mkdirSync(outside);
    writeFileSync(`${outside}/kept`, SENTINEL);
    mkdirSync(path("in"));
    const before = listFiles(outside);
    for (const { members, listed, name, isSealable } of LEADING) {
      writeFileSync(path("in/layer.tar"), concatBytes(USR, ...members(outside), END));
      const archive = `tar:${path("in/layer.tar")}`;
      for (const as of ["container", "sealed"]) {
        const extract = ["extract", `--as=${as}`, archive, path("in/out")];
        if (listed !== undefined && (as === "container" || isSealable)) {
          output(composefs, extract);
          const listing = textOutput(composefs, ["ls", `dir:${path("in/out")}`]);
          const names = [...listed(outside), "/usr/\t"];
          assertEquals(listing.split("\n").slice(0, -1).sort(), names.sort());
          rmSync(path("in/out"), { recursive: true });
        } else {
          const { code, stderr } = run(composefs, extract);
          assertEquals(code, 1);
          assert(/^composefs: Cannot apply "[^\n]*\n$/.test(stderr), stderr);
          assertStringIncludes(stderr, `${name}" of "${archive}": `);
        }
        assert(!existsSync(path("in/out")));
        assertEquals(listFiles(outside), before);
        assertEquals(textOutput(["cat"], [`${outside}/kept`]), SENTINEL);
      }
    }
  },
);

testEach(
  "hostile layers: files of a docker-archive are those in it",
  { once: true },
  ({ composefs, path }) => {
    writeFileSync(path("secret"), "{}");
    const layout = new MemoryLayout();
    const tar = concatBytes(file({}, "x"), END);
    const sound = `blobs/${layout.config([tar]).digest.replace(":", "/")}`;
    layout.put("layer.tar", tar);
    const wrong = ["../secret", path("secret"), "a/../../secret", "./secret", ""];
    for (const outside of [...wrong, "absent"]) {
      for (
        const entry of [
          { Config: outside, Layers: ["layer.tar"] },
          { Config: sound, Layers: [outside] },
        ]
      ) {
        layout.put("manifest.json", [{ ...entry, RepoTags: null }]);
        writeFileSync(path("docker.tar"), archiveOf(layout.files));
        const { code, stdout, stderr } = run(composefs, [
          "ls",
          `docker-archive:${path("docker.tar")}`,
        ]);
        assertEquals([code, stdout.length], [1, 0], stderr);
        const message = outside === "absent"
          ? /^composefs: Cannot [^\n]*: Cannot open "absent": no such file in the archive\n$/
          : /^composefs: Cannot [^\n]*expected the path of a file in the archive\n$/;
        assert(message.test(stderr), stderr);
      }
    }
  },
);

/** A layer whose blob is what its digest says, and ends early. */
function cutLayout(suffix: Suffix, tar: Uint8Array, blob: Uint8Array): MemoryLayout {
  const layout = new MemoryLayout();
  return layout.list(addImage(layout, [{ suffix, bytes: blob }], [tar]), "v1");
}

testEach("hostile layers: streams that end early are refused", {}, ({ composefs, path }) => {
  const tar = concatBytes(
    file({ name: "one" }, "one ".repeat(40_000)),
    file({ name: "two" }, "two ".repeat(40_000)),
    END,
  );
  const half = tar.length / 2;
  const parts = [tar.subarray(0, half), tar.subarray(half)];
  const [gzip, zstd] = [gzipSync, zstdCompressSync].map((compress) =>
    concatBytes(...parts.map((part) => compress(part)))
  ) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  const cases: readonly (readonly [Suffix, Uint8Array, RegExp])[] = [
    ["+gzip", gzip.subarray(0, -1), /gzip data: unexpected end of file/],
    ["+gzip", gzip.subarray(0, -9), /gzip data: unexpected end of file/],
    [
      "+gzip",
      new Uint8Array(gzipSync(parts[0]!)),
      /Invalid archive|the archive in it has the digest/,
    ],
    ["+zstd", zstd.subarray(0, -1), /zstd data/],
    ["+zstd", zstd.subarray(0, -40), /zstd data/],
    [
      "+zstd",
      new Uint8Array(zstdCompressSync(parts[0]!)),
      /Invalid archive|the archive in it has the digest/,
    ],
    ["", tar.subarray(0, half), /Invalid archive/],
  ];
  for (const [suffix, blob, message] of cases) {
    const reference = place(cutLayout(suffix, tar, blob), path("layout"));
    const args = ["create", `--store=${path("store")}`, reference, path("image")];
    const { code, stdout, stderr } = run(composefs, args);
    assertEquals([code, stdout.length], [1, 0], `${suffix} of ${blob.length}: ${stderr}`);
    assert(
      /^composefs: Cannot [^\n]*layer sha256:\w+[^\n]*\n$/.test(stderr) && message.test(stderr),
      stderr,
    );
    assert(!existsSync(path("image")));
  }
});

/** Start of a command: where groups can be made, what follows has the memory that is enough for everything. */
const MEMORY_LIMIT = 256 * 2 ** 20;
const limited: readonly string[] = Deno.uid() === 0
  ? makeControlGroup("memory", MEMORY_LIMIT)?.enter ?? []
  : [];

/** Zeros that one member of gzip, or one frame of zstd, decodes to. */
const PART = 2 ** 26;
/** How many there are of them: to decode all takes minutes. */
const PARTS = { "+gzip": 200, "+zstd": 2000 } as const;

/** A blob that decodes to a beginning and to zeros. */
function bombOf(suffix: keyof typeof PARTS, start: Uint8Array): Uint8Array<ArrayBuffer> {
  const isGzip = suffix === "+gzip";
  const blocks = Array.from({ length: PART >> 17 }, () => ({ byte: 0, count: 2 ** 17 }));
  const part = isGzip ? gzipSync(new Uint8Array(PART)) : zstdFrame({ window: 0x38 }, blocks);
  const beginning = isGzip ? gzipSync(start) : zstdCompressSync(start);
  return concatBytes(beginning, ...Array.from({ length: PARTS[suffix] }, () => part));
}

/** Beginnings of archives: nothing but the end of one, and the header of a file of zeros. */
const BEGINNINGS = [END, header({ name: "zeros", size: octal(2 ** 32) })];

function assertStops(
  { composefs, path }: Subject,
  options: readonly string[],
  layout: MemoryLayout,
): string {
  const args = ["create", `--store=${path("store")}`, ...options];
  const reference = place(layout, path("layout"));
  const done = run([...limited, ...composefs], [...args, reference, path("image")]);
  assertEquals([done.code, done.stdout.length], [1, 0], done.stderr);
  assert(/^composefs: Cannot read layer [^\n]*\n$/.test(done.stderr), done.stderr);
  assert(!existsSync(path("image")));
  return done.stderr;
}

testEach("hostile layers: --max-size stops a bomb", {}, (subject) => {
  for (const start of BEGINNINGS) {
    for (const suffix of ["+gzip", "+zstd"] as const) {
      const layout = cutLayout(suffix, start, bombOf(suffix, start));
      const stderr = assertStops(subject, ["--max-size=50000000"], layout);
      assert(/more than 50000000 bytes|at most 50000000$/m.test(stderr), stderr);
    }
  }
});

testEach(
  "hostile layers: a bomb stops without a limit that is named",
  { once: true },
  (subject) => {
    for (const start of BEGINNINGS) {
      const blob = bombOf("+zstd", start).subarray(0, 500_000);
      const stderr = assertStops(subject, [], cutLayout("+zstd", start, blob));
      assertStringIncludes(stderr, `${1032 * blob.length + 2 ** 30}`);
    }
  },
);

/**
 * Container images and archives as sources of images, by references on the command line.
 */

import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { repositoryPath } from "../../scripts/build.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import type { MemoryLayout } from "../kit/oci_layout.ts";
import { END, file } from "../kit/tar_archive.ts";
import { layoutOf, makeTree, PACKED, place, type Suffix, tarOf } from "./container_layouts.ts";
import { makeOddTree } from "./odd_tree.ts";
import { output, run, textOutput } from "./process.ts";
import { type Subject, testEach } from "./each_program.ts";

const DIGEST_ONLY = ["create", "--print-digest-only"];

testEach("container images: one digest, however layers are packed and laid out", {}, (subject) => {
  const { composefs, path } = subject;
  mkdirSync(path("tree"));
  makeTree(path("tree"));
  const tar = tarOf(path("tree"));
  const expected = textOutput(composefs, [...DIGEST_ONLY, "--hardlinks", path("tree")]);
  for (const suffix of Object.keys(PACKED) as Suffix[]) {
    const layout = path(`layout${suffix}`);
    assertEquals(
      textOutput(composefs, [...DIGEST_ONLY, place(layoutOf([tar], suffix), layout)]),
      expected,
      suffix,
    );
    writeFileSync(path("archive.tar"), output(["tar"], ["-C", layout, "-cf", "-", "."]));
    assertEquals(
      textOutput(composefs, [...DIGEST_ONLY, `oci-archive:${path("archive.tar")}`]),
      expected,
    );
    writeFileSync(path("layer"), PACKED[suffix](tar));
    assertEquals(textOutput(composefs, [...DIGEST_ONLY, `tar:${path("layer")}`]), expected);
    assertEquals(textOutput(composefs, [...DIGEST_ONLY, path("layer")]), expected);
    assertEquals(textOutput(composefs, [...DIGEST_ONLY, "-"], { stdin: path("layer") }), expected);
  }
});

testEach(
  "container images: what is made of one can be read, verified, extracted",
  {},
  (subject) => {
    const { composefs, path } = subject;
    mkdirSync(path("tree"));
    mkdirSync(path("tmp"));
    makeTree(path("tree"));
    const reference = place(layoutOf([tarOf(path("tree"))], "+gzip"), path("layout"));
    const env = { TMPDIR: path("tmp") };
    const made = run(composefs, ["create", `--store=${path("store")}`, reference, path("image")]);
    assertEquals(made.code, 0, made.stderr);
    const verified = textOutput(composefs, ["verify", `--store=${path("store")}`, path("image")]);
    assert(verified.startsWith("Nothing is wrong"), verified);
    assertEquals(textOutput(composefs, ["cat", reference, "/usr/small"], { env }), "small\n");
    assertEquals(textOutput(composefs, ["ls", reference]).split("\n").length, 8);
    output(composefs, ["extract", reference, path("out")], { env });
    const asTree = [...DIGEST_ONLY, "--hardlinks"];
    assertEquals(
      textOutput(composefs, [...asTree, path("out")]),
      textOutput(composefs, [...asTree, path("tree")]),
    );
    assert(textOutput(composefs, ["verify", reference], { env }).startsWith("Nothing is wrong"));
    assertEquals(run(composefs, ["cat", reference, "/absent"], { env }).code, 1);
    assertEquals(readdirSync(path("tmp")), []);
  },
);

testEach(
  "container images: an image may have many layers",
  { once: true },
  ({ composefs, path }) => {
    // Each in a member or two, as small layers of builds are.
    const tars = Array.from({ length: 127 }, (_, i) =>
      concatBytes(
        file({ name: `file-${i}` }, `contents ${i} `.repeat(20)),
        file({ name: "last" }, `${i}`),
        END,
      ));
    for (const suffix of ["", "+gzip"] as const) {
      const reference = place(layoutOf(tars, suffix), path(`layout${suffix}`));
      const store = `--store=${path(`store${suffix}`)}`;
      output(composefs, ["create", "--quiet", store, reference, path("image")]);
      const cat = ["cat", store, path("image"), "/last", "/file-0", "/file-126"];
      const contents = [0, 126].map((i) => `contents ${i} `.repeat(20));
      assertEquals(textOutput(composefs, cat), `126${contents.join("")}`);
      assertEquals(textOutput(composefs, ["ls", reference]).split("\n").length, 129);
    }
  },
);

testEach(
  "container images: a layer of everything is the directory that it was made of",
  { tools: ["tar"], once: true },
  ({ composefs, path }) => {
    const [tree, layer, out, image] = ["tree", "layer", "out", "image"].map(path) as [
      string,
      string,
      string,
      string,
    ];
    mkdirSync(tree);
    makeOddTree(tree);
    // GNU tar names the owners in ACLs, and has no sockets.
    rmSync(`${tree}/xattrs/acl`, { recursive: true, force: true });
    rmSync(`${tree}/special/socket`, { force: true });
    const asTree = [...DIGEST_ONLY, "--hardlinks"];
    const digest = textOutput(composefs, [...asTree, tree]);
    const options = ["--format=posix", "--numeric-owner", "--xattrs", "--xattrs-include=*"];
    for (const more of [[], ["--sparse"]]) {
      output(["tar"], ["-C", tree, ...options, ...more, "-cf", layer, "."]);
      const store = `--store=${path(`store${more}`)}`;
      output(composefs, ["create", "--quiet", store, layer, image]);
      assertEquals(textOutput(composefs, ["digest", image]), digest);
      const verified = textOutput(composefs, ["verify", store, image]);
      assert(verified.startsWith("Nothing is wrong"), verified);
    }
    output(composefs, ["extract", layer, out]);
    assertEquals(textOutput(composefs, [...asTree, out]), digest);
  },
);

/** Layers that composefs-rs has made identifiers of. */
function goldenLayout(name: string): MemoryLayout {
  const directory = repositoryPath("tests/golden/composefs-rs/layers");
  const names = readdirSync(directory).filter((file) => file.startsWith(`${name}.`)).sort();
  return layoutOf(names.map((file) => gunzipSync(readFileSync(join(directory, file)))), "+gzip");
}

testEach("container images: identifiers are those of composefs-rs", {}, ({ composefs, path }) => {
  const lines = readFileSync(repositoryPath("tests/golden/composefs-rs/ids.tsv"), "utf8");
  const rows = lines.trim().split("\n").map((line) => line.split("\t"));
  assertEquals(rows.length, 36);
  for (const [image, version, id] of rows) {
    const parts = image!.split(".");
    const [name, hash] = [parts[0]!, parts.at(-1)];
    const as = parts.length === 3 ? "bootable" : "sealed";
    const reference = place(goldenLayout(name), path(name));
    const options = [`--as=${as}`, `--hash=${hash}`, `--format=${version!.slice(1)}`];
    assertEquals(textOutput(composefs, [...DIGEST_ONLY, ...options, reference]).trim(), id);
  }
});

testEach(
  "container images: a sealed directory has the digest of the image that it was unpacked from",
  { root: true, once: true },
  ({ composefs, path }) => {
    const reference = place(goldenLayout("boot-selinux"), path("layout"));
    output(composefs, ["extract", reference, path("out")]);
    for (const as of ["sealed", "bootable"]) {
      assertEquals(
        textOutput(composefs, [...DIGEST_ONLY, `--as=${as}`, path("out")]),
        textOutput(composefs, [...DIGEST_ONLY, `--as=${as}`, reference]),
      );
    }
  },
);

/** What is wrong with an image, and what is said of it. */
const WRONG: readonly (readonly [string, (subject: Subject) => string[], RegExp])[] = [
  ["a blob with a wrong byte", ({ path }) => {
    const layout = layoutOf([tarOf(path("tree"))], "");
    for (const [name, bytes] of layout.files) {
      if (bytes.length > 1_000_000) {
        layout.files.set(name, bytes.with(500_000, bytes[500_000]! ^ 1));
      }
    }
    return [place(layout, path("layout"))];
  }, /layer sha256:\w+: its blob has the digest sha256:\w+, expected/],
  ["an archive with another diff_id", ({ path }) => {
    const tar = tarOf(path("tree"));
    return [place(layoutOf([tar], "+gzip", [tar.subarray(512)]), path("layout"))];
  }, /layer sha256:\w+: the archive in it has the digest/],
  ["a truncated blob", ({ path }) => {
    const layout = layoutOf([tarOf(path("tree"))], "+gzip");
    const reference = place(layout, path("layout"));
    const [largest] = [...layout.files].sort((a, b) => b[1].length - a[1].length);
    writeFileSync(path(`layout/${largest![0]}`), largest![1].subarray(0, -100));
    return [reference];
  }, /\d+ bytes, expected \d+/],
  ["fewer diff_ids than layers", ({ path }) => {
    const tar = tarOf(path("tree"));
    return [place(layoutOf([tar, tar], "", [tar]), path("layout"))];
  }, /diff_ids/],
  ["a bomb", ({ path }) => {
    const reference = place(layoutOf([tarOf(path("tree"))], "+zstd"), path("layout"));
    return ["--max-size=100000", reference];
  }, /100000/],
  ["a tag that is not there", ({ path }) => {
    place(layoutOf([tarOf(path("tree"))], ""), path("layout"));
    return [`oci:${path("layout")}:v2`];
  }, /no tag "v2"; tags are "v1"/],
  ["a compression that is not read", ({ path }) => {
    writeFileSync(
      path("x.tar.xz"),
      Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0),
    );
    return [`tar:${path("x.tar.xz")}`];
  }, /xz/],
];

for (const [name, make, message] of WRONG) {
  testEach(`container images: ${name} is an error, and leaves no image`, {}, (subject) => {
    const { composefs, path } = subject;
    mkdirSync(path("tree"));
    makeTree(path("tree"));
    const args = ["create", `--store=${path("store")}`, ...make(subject), path("image")];
    const { code, stderr, stdout } = run(composefs, args);
    assertEquals([code, stdout.length], [1, 0], stderr);
    assert(/^composefs: [^\n]*\n$/.test(stderr) && message.test(stderr), stderr);
    assert(!existsSync(path("image")));
  });
}

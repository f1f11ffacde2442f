import { assertEquals } from "@std/assert";
import { existsSync, mkdirSync } from "node:fs";
import { createImageFromDump, encodeImage, openImage } from "../../mod.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { type DumpImage, splitDumps, writeFixedImages, writeRandomImages } from "./dump_images.ts";
import { moduleWorkspace, type Subject, testEach } from "./each_program.ts";
import { makeOddTree } from "./odd_tree.ts";
import { output, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";

const WORKSPACE = moduleWorkspace();

/** Made on first use: a module may be loaded and none of its tests run. */
let fixed: readonly DumpImage[] | undefined;
let random: readonly DumpImage[] | undefined;

function fixedImages(): readonly DumpImage[] {
  return fixed ??= writeFixedImages(WORKSPACE);
}

function randomImages(): readonly DumpImage[] {
  return random ??= writeRandomImages(WORKSPACE, 300);
}

const ODD_OPTIONS = [[], ["--use-epoch"], ["--min-version=1", "--max-version=1"], ["--hardlinks"]];

testEach("round trip: dump piped into mkcomposefs, images of a tree", { long: true }, (subject) => {
  const tree = `${WORKSPACE}/tree`;
  if (!existsSync(tree)) {
    mkdirSync(tree);
    makeOddTree(tree);
  }
  for (const options of ODD_OPTIONS) {
    const image = subject.path("image");
    output(subject.tool("mkcomposefs"), [...options, tree, image]);
    const versions = options.filter((option) => option.includes("version"));
    const script = `"$@" dump ${image} | "$@" mkcomposefs ${versions.join(" ")} --from-file - -`;
    const again = output(["sh", "-c", script, "sh"], subject.composefs);
    assertSameBytes(again, read(image), options.join(" "));
    const copy = subject.path("copy");
    output(subject.tool("composefs-dump"), [image, copy]);
    assertSameBytes(read(copy), read(image), `composefs-dump, ${options.join(" ")}`);
  }
});

testEach("round trip: dumps of all images give the images again", { long: true }, (subject) => {
  const images = [...fixedImages(), ...randomImages()];
  const all = textOutput([...subject.composefs, "dump"], images.map(({ path }) => path));
  const dumps = splitDumps(all);
  assertEquals(dumps.length, images.length);
  images.forEach(({ path }, i) => {
    const image = read(path);
    const { version } = openImage(image);
    const range = { minVersion: version, maxVersion: version };
    assertSameBytes(createImageFromDump([utf8(dumps[i]!)], range), image, path);
  });
});

/** The dump in a process, the image in a process, and the rewritten image. */
function assertRoundTrip(subject: Subject, { path, versions }: DumpImage): void {
  const dump = subject.path("dump");
  output([...subject.composefs, "dump"], [path], { stdout: dump });
  const args = [...versions, "--from-file", "-", "-"];
  assertSameBytes(output(subject.tool("mkcomposefs"), args, { stdin: dump }), read(path), path);
  assertSameBytes(
    output(subject.tool("composefs-dump"), [path, "-"]),
    read(path),
    `rewritten ${path}`,
  );
}

testEach(
  "round trip: a part of the vectors and goldens, each in processes",
  { long: true },
  (subject) => {
    fixedImages().forEach((image, i) => {
      if (i % 8 === 0) assertRoundTrip(subject, image);
    });
  },
);

testEach(
  "round trip: all vectors and goldens, each in processes",
  { once: true, long: true },
  (subject) => {
    for (const image of fixedImages()) assertRoundTrip(subject, image);
  },
);

testEach("round trip: rewrite changes the format version and back", { long: true }, (subject) => {
  const whiteouts = fixedImages().filter(({ path }) => path.includes("whiteout"));
  const others = fixedImages().filter(({ path }) => !path.includes("whiteout")).slice(0, 4);
  for (const { path } of [...whiteouts, ...others]) {
    const tree = openImage(read(path)).tree();
    for (const version of [0, 1]) {
      const target = subject.path(`v${version}`);
      const option = `--min-version=${version}`;
      output([...subject.composefs, "rewrite"], [option, path, target]);
      const expected = encodeImage(tree, { minVersion: version, maxVersion: version });
      assertSameBytes(read(target), expected, `${path} in version ${version}`);
      assertEquals(openImage(read(target)).version, version);
    }
    const range = ["--min-version=0", "--max-version=1"];
    const back = output([...subject.composefs, "rewrite"], [...range, subject.path("v1"), "-"]);
    assertSameBytes(back, encodeImage(tree), `${path} back`);
  }
});

testEach("round trip: an image may replace itself", {}, (subject) => {
  const image = subject.path("image");
  const [{ path }] = fixedImages() as [DumpImage];
  Deno.copyFileSync(path, image);
  output(subject.tool("composefs-dump"), [image, image]);
  assertSameBytes(read(image), read(path), path);
});

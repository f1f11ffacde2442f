import { assertEquals, assertThrows } from "@std/assert";
import { readWhole } from "../../../lib/file/file.ts";
import type { OpenImageOptions } from "../../../lib/oci/image.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { openImage } from "../../../lib/oci/open.ts";
import { parsePlatform } from "../../../lib/oci/platform.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { digestOf, fakeTar, ImageFiles } from "../../kit/oci_layout.ts";

const ONE = fakeTar("one");
const TWO = fakeTar("two");

function open(files: ImageFiles, options: Partial<OpenImageOptions> = {}) {
  return openImage(files, {
    kind: "docker-archive",
    platform: parsePlatform("linux/amd64"),
    ...options,
  });
}

function refuses(files: ImageFiles, message: string, options: Partial<OpenImageOptions> = {}) {
  assertThrows(() => open(files, options), OciError, message);
}

function config(...tars: readonly Uint8Array[]) {
  return {
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
  };
}

/** Two images, the second without a name. */
function twoImages(): ImageFiles {
  const files = new ImageFiles();
  files.put("a.json", config(ONE, TWO));
  files.put("b.json", config(TWO));
  files.put("1/layer.tar", ONE);
  files.put("2/layer.tar", TWO);
  files.put("manifest.json", [
    {
      Config: "a.json",
      RepoTags: ["app:1", "example.com/app:2"],
      Layers: ["1/layer.tar", "2/layer.tar"],
    },
    { Config: "b.json", RepoTags: null, Layers: ["2/layer.tar"] },
  ]);
  return files;
}

Deno.test("docker-archive: images are chosen by name and position", () => {
  const files = twoImages();
  const image = open(files, { tag: "docker.io/library/app:1" });
  assertEquals(image.manifestDigest, undefined);
  assertEquals(image.layers.map(({ size }) => size), [ONE.length, TWO.length]);
  assertEquals(image.layers.map(({ diffId }) => diffId), [digestOf(ONE), digestOf(TWO)]);
  assertEquals(image.layers.map(({ digest }) => digest), [undefined, undefined]);
  assertEquals(image.layers.map(({ compression }) => compression), [undefined, undefined]);
  assertEquals(image.layers.map(({ open }) => readWhole(open())), [ONE, TWO]);
  assertEquals(image.config.digest, digestOf(files.files.get("a.json")!));
  assertEquals(open(files, { tag: "example.com/app:2" }).layers.length, 2);
  assertEquals(open(files, { position: 1 }).layers.length, 1);
  refuses(files, "there are 2 images, and no name says which; names are");
  refuses(files, 'none is named "app:2"; names are "app:1", "example.com/app:2"', { tag: "app:2" });
  refuses(files, "there are 2, counted from 0", { position: 2 });
  refuses(files, "a docker-archive has none", { digest: digestOf(ONE) });
});

Deno.test("docker-archive: the only image needs no name", () => {
  const files = twoImages();
  files.put("manifest.json", [{ Config: "b.json", Layers: ["2/layer.tar"] }]);
  assertEquals(open(files).config.diffIds, [digestOf(TWO)]);
  refuses(files, 'none is named "x:1"; none has a name', { tag: "x:1" });
  const platform = parsePlatform("linux/arm64");
  assertEquals(open(files, { platform }).layers.length, 1);
  const state = 'for "linux/arm64" in docker-archive (manifest.json): it has "linux/amd64"';
  refuses(files, state, { platform, needsPlatform: true });
  assertEquals(open(files, { needsPlatform: true }).layers.length, 1);
  files.put("manifest.json", []);
  refuses(files, "there are none");
});

Deno.test("docker-archive: what lies elsewhere, or is not there, is refused", () => {
  const files = twoImages();
  for (const path of ["../2", "/2/layer.tar", "2//layer.tar", "./2", "", "2\0"]) {
    files.put("manifest.json", [{ Config: "b.json", Layers: [path] }]);
    refuses(files, "expected the path of a file in the archive");
    files.put("manifest.json", [{ Config: path, Layers: [] }]);
    refuses(files, "[0].Config is");
  }
  files.put("manifest.json", [{ Config: "b.json", Layers: ["3/layer.tar"] }]);
  assertThrows(() => open(files), TreeError);
  files.put("manifest.json", [{ Config: "a.json", Layers: ["2/layer.tar"] }]);
  refuses(files, "1 layers, expected 2");
  files.put("manifest.json", { Config: "a.json" });
  refuses(files, "it is an object, expected an array");
  files.put("manifest.json", [{ Config: "a.json", RepoTags: "x", Layers: [] }, {}]);
  refuses(files, '[0].RepoTags is "x", expected an array', { tag: "x" });
});

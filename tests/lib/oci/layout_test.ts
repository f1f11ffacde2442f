import { assertEquals, assertThrows } from "@std/assert";
import { readWhole } from "../../../lib/file/file.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { openImage } from "../../../lib/oci/open.ts";
import type { OpenImageOptions } from "../../../lib/oci/image.ts";
import type { NamedFiles } from "../../../lib/oci/named_files.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { parsePlatform } from "../../../lib/oci/platform.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { digestOf, fakeTar, MemoryLayout, OCI } from "../../kit/oci_layout.ts";

function open(files: NamedFiles, options: Partial<OpenImageOptions> = {}) {
  return openImage(files, {
    kind: "layout",
    platform: parsePlatform("linux/amd64"),
    ...options,
  });
}

function refuses(files: NamedFiles, message: string, options: Partial<OpenImageOptions> = {}) {
  assertThrows(() => open(files, options), OciError, message);
}

const ONE = fakeTar("one");
const TWO = fakeTar("two");

Deno.test("layout: the only image needs no name, and its layers are in order", () => {
  const layout = new MemoryLayout();
  const manifest = layout.image([ONE, TWO, ONE]);
  layout.list(manifest);
  const image = open(layout);
  assertEquals(image.manifestDigest, manifest.digest);
  assertEquals(image.config.os, "linux");
  assertEquals(image.config.variant, undefined);
  assertEquals(digestOf(image.config.bytes), image.config.digest);
  assertEquals(image.config.diffIds, [ONE, TWO, ONE].map((tar) => digestOf(tar)));
  assertEquals(image.layers.map(({ diffId }) => diffId), image.config.diffIds);
  assertEquals(image.layers.map(({ digest }) => digest), image.config.diffIds);
  assertEquals(image.layers.map(({ open }) => readWhole(open())), [ONE, TWO, ONE]);
  assertEquals(image.layers[0]!.compression, "none");
});

Deno.test("layout: an image may have no layers, with or without null in their place", () => {
  for (const nothing of [[], null, undefined]) {
    const layout = new MemoryLayout();
    const rootfs = { type: "layers", diff_ids: nothing };
    layout.list(layout.image([], { config: { rootfs }, manifest: { layers: nothing } }));
    assertEquals(open(layout).layers, []);
  }
});

Deno.test("layout: images are chosen by tag, digest and position", () => {
  const layout = new MemoryLayout();
  const [a, b] = [layout.image([ONE]), layout.image([TWO])];
  layout.list(a, "a").list(b, "b:1");
  assertEquals(open(layout, { tag: "a" }).manifestDigest, a.digest);
  assertEquals(open(layout, { tag: "b:1" }).manifestDigest, b.digest);
  assertEquals(open(layout, { digest: b.digest }).manifestDigest, b.digest);
  assertEquals(open(layout, { position: 1 }).manifestDigest, b.digest);
  refuses(layout, 'there is no tag "c"; tags are "a", "b:1"', { tag: "c" });
  refuses(layout, 'there are 2 images, and no tag says which; tags are "a", "b:1"');
  refuses(layout, "there are 2, counted from 0", { position: 2 });
  refuses(layout, 'Cannot use "sha256:1": not a digest', { digest: "sha256:1" });
  assertThrows(() => open(layout, { digest: digestOf(ONE.subarray(1)) }), TreeError);
});

Deno.test("layout: a name of Object.prototype is no tag", () => {
  const layout = new MemoryLayout();
  layout.list(layout.image([ONE]), "__proto__").list(layout.image([TWO]));
  assertEquals(open(layout, { tag: "__proto__" }).layers.length, 1);
  refuses(layout, "there is no tag", { tag: "constructor" });
  const annotations = JSON.parse('{"__proto__":"x","toString":"y"}');
  const blob = layout.blob(`${OCI}.layer.v1.tar`, ONE);
  const manifest = layout.image([ONE], { manifest: { layers: [{ ...blob, annotations }] } });
  const [layer] = open(layout, { digest: manifest.digest }).layers;
  assertEquals(Object.entries(layer!.annotations), [["__proto__", "x"], ["toString", "y"]]);
  assertEquals(layer!.annotations["valueOf"], undefined);
});

Deno.test("layout: an image that stands alone is for any platform, unless one is needed", () => {
  const layout = new MemoryLayout();
  const manifest = layout.image([ONE]);
  layout.list(manifest);
  const platform = parsePlatform("linux/arm64");
  assertEquals(open(layout, { platform }).layers.length, 1);
  assertEquals(open(layout, { needsPlatform: true }).layers.length, 1);
  for (const more of [{}, { digest: manifest.digest }]) {
    const state = `in manifest ${manifest.digest}: it has "linux/amd64"`;
    refuses(layout, state, { platform, needsPlatform: true, ...more });
  }
  // Configs of images in an index may say what they were copied from.
  const index = layout.index([{ ...manifest, platform: { os: "linux", architecture: "arm64" } }]);
  const options = { platform, needsPlatform: true, digest: index.digest };
  assertEquals(open(layout, options).layers.length, 1);
});

Deno.test("layout: Docker's media types and SHA-512 serve as well", () => {
  const layout = new MemoryLayout();
  const docker = "application/vnd.docker";
  const config = layout.blob(`${docker}.container.image.v1+json`, {
    os: "linux",
    architecture: "arm",
    variant: "v7",
    rootfs: { type: "layers", diff_ids: [digestOf(ONE, "sha512")] },
  }, "sha512");
  const mediaType = `${docker}.distribution.manifest.v2+json`;
  const layers = [layout.blob(`${docker}.image.rootfs.diff.tar.gzip`, TWO, "sha512")];
  const manifest = layout.blob(mediaType, { schemaVersion: 2, mediaType, config, layers });
  const list = `${docker}.distribution.manifest.list.v2+json`;
  const platform = { os: "linux", architecture: "arm", variant: "v7" };
  const manifests = [{ ...manifest, platform }];
  layout.list(layout.blob(list, { schemaVersion: 2, mediaType: list, manifests }));
  const image = open(layout, { platform: parsePlatform("linux/arm/v7") });
  assertEquals(image.config.variant, "v7");
  assertEquals(image.layers[0]!.compression, "gzip");
  assertEquals(image.layers[0]!.digest, digestOf(TWO, "sha512"));
  assertEquals(readWhole(image.layers[0]!.open()), TWO);
});

Deno.test("layout: of an index the image that suits is taken", () => {
  const layout = new MemoryLayout();
  const on = (architecture: string, variant?: string) => ({
    ...layout.image([fakeTar(architecture + variant)]),
    platform: { os: "linux", architecture, variant },
  });
  const all = [on("unknown"), on("amd64"), on("arm", "v5"), on("arm", "v6"), on("arm64", "v8")];
  const index = layout.index(all);
  layout.list(index, "all");
  const chosen = (platform: string) =>
    all.findIndex(({ digest }) =>
      digest === open(layout, { platform: parsePlatform(platform) }).manifestDigest
    );
  assertEquals(chosen("linux/amd64"), 1);
  assertEquals(chosen("linux/arm/v7"), 3);
  assertEquals(chosen("linux/arm/v5"), 2);
  assertEquals(chosen("linux/aarch64"), 4);
  assertThrows(
    () => chosen("linux/s390x"),
    OciError,
    `Cannot find an image for "linux/s390x" in index ${index.digest}: it has "linux/unknown", ` +
      '"linux/amd64", "linux/arm/v5", "linux/arm/v6", "linux/arm64/v8"',
  );
  assertEquals(open(layout, { digest: index.digest }).manifestDigest, all[1]!.digest);
  assertEquals(open(layout, { digest: all[4]!.digest }).manifestDigest, all[4]!.digest);
});

Deno.test("layout: index.json may itself be the index of one image for several platforms", () => {
  const layout = new MemoryLayout();
  const [a, b] = [layout.image([ONE]), layout.image([TWO])];
  layout.list(a, "t", { platform: { os: "linux", architecture: "amd64" } });
  layout.list(b, "t", { platform: { os: "linux", architecture: "arm64" } });
  const platform = parsePlatform("linux/arm64");
  assertEquals(open(layout).manifestDigest, a.digest);
  assertEquals(open(layout, { platform }).manifestDigest, b.digest);
  assertEquals(open(layout, { platform, tag: "t" }).manifestDigest, b.digest);
  layout.list(b, "u", { platform: { os: "linux", architecture: "arm64" } });
  refuses(layout, "there are 3 images");
});

Deno.test("layout: indexes may stand in indexes, but not without end", () => {
  const layout = new MemoryLayout();
  const manifest = layout.image([ONE]);
  let nested = layout.index([manifest]);
  for (let depth = 0; depth < 4; depth++) nested = layout.index([nested]);
  assertEquals(open(layout.list(nested)).manifestDigest, manifest.digest);
  const deep = layout.index([nested]);
  refuses(layout, "64 indexes within it, 4 deep", { digest: deep.digest });
  const inner = layout.index([manifest]);
  const wide = layout.index(Array.from({ length: 65 }, () => inner));
  refuses(layout, "64 indexes within it, 4 deep", { digest: wide.digest });
});

Deno.test("layout: what is in an index beside images is passed over", () => {
  const layout = new MemoryLayout();
  const manifest = layout.image([ONE]);
  const other = layout.blob("application/vnd.example.signature", "{}");
  const index = layout.index([other, manifest]);
  assertEquals(open(layout, { digest: index.digest }).manifestDigest, manifest.digest);
  const none = layout.index([other]);
  refuses(layout, "it has nothing", { digest: none.digest });
});

Deno.test("layout: artifacts, encrypted layers and other contents are refused by name", () => {
  const layout = new MemoryLayout();
  const empty = layout.blob("application/vnd.oci.empty.v1+json", "{}");
  const artifact = layout.image([], { manifest: { config: empty, artifactType: "text/sbom" } });
  refuses(layout.list(artifact, "a"), 'an artifact of type "text/sbom", no image');
  const plain = layout.image([], { manifest: { config: empty } });
  refuses(layout, 'an artifact of type "application/vnd.oci.empty.v1+json"', {
    digest: plain.digest,
  });
  const encrypted = `${OCI}.layer.v1.tar+gzip+encrypted`;
  for (const [type, state] of [[encrypted, "is encrypted"], ["text/x", "is no layer of a file"]]) {
    const layers = [layout.blob(type!, ONE)];
    const { digest } = layout.image([ONE], { manifest: { layers } });
    refuses(layout, `layer ${digestOf(ONE)} ${state}`, { digest });
    refuses(layout, `its media type is "${type}"`, { digest });
  }
  const signature = layout.blob("application/vnd.example.signature", { schemaVersion: 2 });
  const other = new MemoryLayout();
  other.blob(signature.mediaType, { schemaVersion: 2 });
  refuses(other.list(signature), 'its media type is "application/vnd.example.signature"');
});

Deno.test("layout: blobs of another size or digest are no blobs of it", () => {
  const layout = new MemoryLayout();
  const manifest = layout.image([ONE, TWO]);
  layout.list(manifest, "a").list({ ...manifest, size: manifest.size + 1 }, "b");
  assertThrows(
    () => open(layout, { tag: "b" }),
    IntegrityError,
    `Cannot use manifest ${manifest.digest}: ${manifest.size} bytes, expected ${manifest.size + 1}`,
  );
  const image = open(layout, { tag: "a" });
  layout.put(`blobs/${digestOf(ONE).replace(":", "/")}`, ONE.subarray(1));
  assertThrows(() => image.layers[0]!.open(), IntegrityError, `${ONE.length - 1} bytes, expected`);
  const path = `blobs/${manifest.digest.replace(":", "/")}`;
  const changed = layout.files.get(path)!.slice();
  changed[5] = changed[5]! ^ 1;
  layout.put(path, changed);
  assertThrows(() => open(layout, { tag: "a" }), IntegrityError, "the digest of its bytes is");
  assertThrows(() => open(layout, { digest: manifest.digest }), IntegrityError);
});

Deno.test("layout: a config with other layers than the manifest's is refused", () => {
  const layout = new MemoryLayout();
  const layers = [layout.blob(`${OCI}.layer.v1.tar`, ONE)];
  refuses(
    layout.list(layout.image([ONE, TWO], { manifest: { layers } })),
    "1 layers, expected 2, as many as the config has diff_ids",
  );
});

Deno.test("layout: documents of another shape are refused, with the place", () => {
  const layout = new MemoryLayout();
  const good = layout.image([ONE]);
  const cases: [unknown, string][] = [
    ["{", "Cannot use image index (index.json): not JSON in UTF-8"],
    [Uint8Array.of(0x22, 0xff, 0x22), "not JSON in UTF-8"],
    ["[".repeat(100_000), "not JSON in UTF-8"],
    ["[".repeat(100_000) + "]".repeat(100_000), "it is an array, expected an object"],
    ["3", "it is 3, expected an object"],
    [{ schemaVersion: 1 }, "schemaVersion is 1, expected 2"],
    [{}, "schemaVersion is missing, expected an integer"],
    [{ schemaVersion: 2 }, "there are none"],
    [{ schemaVersion: 2, manifests: {} }, "manifests is an object, expected an array"],
    [{ schemaVersion: 2, manifests: [], layers: [] }, "an index or a manifest, not both in one"],
    [{ schemaVersion: 2, manifests: [{ ...good, digest: "x" }] }, 'manifests[0].digest is "x"'],
    [{ schemaVersion: 2, manifests: [good, 1] }, "manifests[1] is 1, expected an object"],
    [{ schemaVersion: 2, manifests: [{ ...good, size: -1 }] }, "manifests[0].size is -1"],
    [{ schemaVersion: 2, manifests: [{ ...good, size: 1e300 }] }, "manifests[0].size is 1e+300"],
    [{ schemaVersion: 2, manifests: [{ ...good, size: "1" }] }, 'manifests[0].size is "1"'],
    [{ schemaVersion: 2, manifests: [{ ...good, mediaType: 1 }] }, "manifests[0].mediaType is 1"],
    [
      { schemaVersion: 2, manifests: [{ ...good, annotations: { "a b": 1 } }] },
      'manifests[0].annotations["a b"] is 1, expected a string',
    ],
    [
      { schemaVersion: 2, manifests: [{ ...good, digest: good.digest.toUpperCase() }] },
      "expected sha256: and 64",
    ],
    [
      { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, manifests: [good] },
      "expected a manifest",
    ],
  ];
  for (const [index, message] of cases) {
    layout.put("index.json", index);
    refuses(layout, message);
  }
  layout.put("index.json", new Uint8Array(2 ** 22 + 1));
  refuses(layout, "4194305 bytes, expected at most 4194304");
});

Deno.test("layout: a manifest that is not what its descriptor says is refused", () => {
  const layout = new MemoryLayout();
  const manifest = layout.image([ONE], { manifest: { mediaType: `${OCI}.manifest.v1+json` } });
  const claimed = { ...manifest, mediaType: `${OCI}.index.v1+json` };
  refuses(layout.list(claimed), `expected "${OCI}.index.v1+json", as what refers to it says`);
  const untyped = layout.image([TWO]);
  const other = new MemoryLayout();
  other.image([TWO]);
  refuses(other.list({ ...untyped, mediaType: `${OCI}.index.v1+json` }), "expected an index");
});

Deno.test("layout: other versions are refused", () => {
  const layout = new MemoryLayout();
  layout.list(layout.image([ONE]));
  layout.put("oci-layout", { imageLayoutVersion: "1.2.3" });
  assertEquals(open(layout).layers.length, 1);
  for (const version of ["2.0.0", "1", "", "1.0.0 ", "x1.0.0"]) {
    layout.put("oci-layout", { imageLayoutVersion: version });
    refuses(layout, `imageLayoutVersion is "${version}", expected a version 1.x`);
  }
  layout.put("oci-layout", " ".repeat(5000));
  refuses(layout, "5000 bytes, expected at most 4096");
  layout.files.delete("oci-layout");
  assertThrows(() => open(layout), TreeError);
});

Deno.test("layout: configs must be those of file systems", () => {
  const layout = new MemoryLayout();
  const cases: [object, string][] = [
    [{ rootfs: { type: "other" } }, 'rootfs.type is "other", expected "layers"'],
    [{ rootfs: { type: "layers", diff_ids: ["x"] } }, 'rootfs.diff_ids[0] is "x"'],
    [{ rootfs: null }, "rootfs is missing, expected an object"],
    [{ os: 1 }, "os is 1, expected a string"],
    [{ architecture: undefined }, "architecture is missing"],
  ];
  for (const [config, message] of cases) {
    const { digest } = layout.image([ONE], { config });
    refuses(layout, message, { digest });
  }
});

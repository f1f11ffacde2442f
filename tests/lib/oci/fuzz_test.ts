/**
 * Damaged images: whatever they are, reading ends soon, in a result that holds together or in an error of this
 * library's own.
 */

import { assert, assertEquals } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import { isDigest } from "../../../lib/oci/_json.ts";
import { TarFiles } from "../../../lib/oci/archive.ts";
import type { OciImage } from "../../../lib/oci/image.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { openImage } from "../../../lib/oci/open.ts";
import { parsePlatform } from "../../../lib/oci/platform.ts";
import { splitDockerArchiveReference, splitLayoutReference } from "../../../lib/oci/references.ts";
import { parseToc } from "../../../lib/oci/toc.ts";
import { chunkedLayerOf } from "../../../lib/oci/zstd_chunked.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { longTest, seeds } from "../../../scripts/test/effort.ts";
import { mutateDocument, mutateJson } from "../../kit/mutate_json.ts";
import {
  digestOf,
  fakeTar,
  ImageFiles,
  MemoryLayout,
  OCI,
  type Reference,
} from "../../kit/oci_layout.ts";
import { END, extended, file, header } from "../../kit/tar_archive.ts";

const CASES = 4_000;
/** Milliseconds that one case may take. */
const LIMIT = 1000;
const DIGEST = digestOf(new Uint8Array(1));
const PLATFORM = parsePlatform("linux/amd64");
const ONE = fakeTar("one");
const TWO = fakeTar("two");

/** Runs cases by seed; both results and errors must be among them. */
function runCases(count: number, once: (random: Random) => void): void {
  const outcome = { passed: 0, refused: 0 };
  for (const seed of seeds(0, count)) {
    const start = performance.now();
    try {
      once(createRandom(seed));
      outcome.passed++;
    } catch (error) {
      const isOurs = error instanceof OciError || error instanceof IntegrityError ||
        error instanceof TreeError || error instanceof TarFormatError;
      if (!isOurs) throw new Error(`Seed ${seed}: ${error}`, { cause: error });
      assert(/^(Cannot|Invalid) [^\n]{1,2000}$/.test(error.message), error.message);
      outcome.refused++;
    }
    const elapsed = performance.now() - start;
    assert(elapsed < LIMIT, `seed ${seed} took ${elapsed} ms`);
  }
  const total = outcome.passed + outcome.refused;
  if (total < 1000) return;
  assert(outcome.passed > total / 20, `${outcome.passed} of ${total} passed`);
  assert(outcome.refused > total / 20, `${outcome.refused} of ${total} refused`);
}

/** Makes sure that what was read holds together, and that layers can be asked for. */
function useImage({ config, layers }: OciImage): void {
  assertEquals(layers.length, config.diffIds.length);
  for (const { digest, diffId, size, annotations, open } of layers) {
    assert(Number.isSafeInteger(size) && size >= 0);
    assert(isDigest(diffId) && (digest === undefined || isDigest(digest)));
    chunkedLayerOf({ annotations, size });
    using file = open();
    assertEquals(file.size, size);
  }
}

/** A layout in which documents are damaged before those that refer to them are made, so that digests fit. */
function damagedLayout(random: Random): MemoryLayout {
  const layout = new MemoryLayout();
  const target = random.int(0, 5);
  const blob = (number: number, mediaType: string, value: unknown): Reference =>
    layout.blob(mediaType, number === target ? mutateDocument(random, value) : value);
  const config = blob(0, `${OCI}.config.v1+json`, {
    os: "linux",
    architecture: "amd64",
    variant: "v1",
    rootfs: { type: "layers", diff_ids: [digestOf(ONE), digestOf(TWO)] },
  });
  const name = "io.github.containers.zstd-chunked";
  const annotations = {
    [`${name}.manifest-checksum`]: DIGEST,
    [`${name}.manifest-position`]: "1:2:3:1",
    [`${name}.tarsplit-position`]: "5:6:7",
  };
  const manifest = blob(1, `${OCI}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config,
    layers: [
      { ...layout.blob(`${OCI}.layer.v1.tar+zstd`, ONE), annotations },
      layout.blob("application/vnd.docker.image.rootfs.diff.tar.gzip", TWO),
    ],
  });
  const platform = { os: "linux", architecture: "amd64" };
  const inner = blob(2, `${OCI}.index.v1+json`, {
    schemaVersion: 2,
    manifests: [{ ...manifest, platform }],
  });
  const index = blob(3, `${OCI}.index.v1+json`, {
    schemaVersion: 2,
    manifests: [inner, { ...manifest, platform: { os: "linux", architecture: "arm64" } }],
  });
  layout.list(random.pick([manifest, index]), "tag").list(inner);
  const [version, root] = ["oci-layout", "index.json"].map((path) =>
    JSON.parse(new TextDecoder().decode(layout.files.get(path)))
  );
  if (target === 4) layout.put("oci-layout", mutateDocument(random, version));
  if (target === 5) layout.put("index.json", mutateDocument(random, root));
  return layout;
}

longTest("OCI layouts: damage ends in an image or in an error of ours", () => {
  runCases(CASES, (random) => {
    const layout = damagedLayout(random);
    const choice = random.pick([{ tag: "tag" }, { position: 0 }, { position: 1 }, { tag: "tag" }]);
    useImage(openImage(layout, { kind: "layout", platform: PLATFORM, ...choice }));
  });
});

longTest("docker-archives: damage ends in an image or in an error of ours", () => {
  runCases(CASES, (random) => {
    const files = new ImageFiles();
    const rootfs = { type: "layers", diff_ids: [digestOf(ONE)] };
    const config = { os: "linux", architecture: "amd64", rootfs };
    const images = [
      { Config: "c.json", RepoTags: ["a:1", "b.example/c:2"], Layers: ["l/layer.tar"] },
      { Config: "c.json", RepoTags: null, Layers: ["l/layer.tar"] },
    ];
    const isConfig = random.chance(40);
    files.put("c.json", isConfig ? mutateDocument(random, config) : config);
    files.put("manifest.json", isConfig ? images : mutateDocument(random, images));
    files.put("l/layer.tar", ONE);
    const choice = random.pick([{ tag: "a:1" }, { position: 1 }, { tag: "b.example/c:2" }]);
    useImage(openImage(files, { kind: "docker-archive", platform: PLATFORM, ...choice }));
  });
});

longTest("tables of contents: damage ends in entries that fit or in an error of ours", () => {
  const table = {
    version: 1,
    tarSplitDigest: DIGEST,
    entries: [
      { type: "dir", name: "d/", mode: 0o755, modtime: "2023-11-14T22:13:20.5+01:00" },
      { type: "reg", name: "a", size: 60, digest: DIGEST, offset: 5, endOffset: 50, chunkSize: 9 },
      { type: "chunk", name: "a", offset: 9, chunkOffset: 9, chunkSize: 41, chunkType: "zeros" },
      { type: "chunk", name: "a", offset: 9, chunkOffset: 50, chunkSize: 10, chunkDigest: DIGEST },
      { type: "symlink", name: "l", linkName: "d/t", xattrs: { "user.x": "AAA=" } },
      { type: "char", name: "c", devMajor: 1, devMinor: 3, uid: 1, gid: 2 },
    ],
  };
  runCases(CASES, (random) => {
    const { entries } = parseToc(mutateDocument(random, table), 100);
    for (const { member, chunks, digest } of entries()) {
      assertEquals(digest !== undefined, member.kind === "regular");
      let [position, offset] = [0, 0];
      for (const chunk of chunks) {
        assertEquals(chunk.position, position);
        assert(chunk.offset >= offset && chunk.endOffset >= chunk.offset && chunk.endOffset <= 100);
        [position, offset] = [position + chunk.size, chunk.endOffset];
      }
      assertEquals(position, member.size);
    }
  });
});

longTest("references: text ends in a path and a choice or in an error of ours", () => {
  const texts = ["a/b:c", "a:@1", `a@${DIGEST}`, "a.tar:example.com:5000/x/y:z", ":", "@", "a:b@c"];
  runCases(CASES, (random) => {
    const text = mutateJson(random, random.pick(texts));
    const reference = utf8(typeof text === "string" ? text : JSON.stringify(text));
    const split = random.pick([splitLayoutReference, splitDockerArchiveReference]);
    assert(split(reference).path.length > 0);
  });
});

longTest("archives: damage ends in files within it or in an error of ours", () => {
  const names = ["a", "./a", "b", "d/a", "d/../a", "d/b", "../a", "/b", "d"];
  runCases(CASES, (random) => {
    const member = (): Uint8Array => {
      const name = random.pick(names);
      const linkName = random.pick(names);
      return random.weighted<() => Uint8Array>([
        [() => file({ name }, "x".repeat(random.int(0, 1500))), 60],
        [() => header({ name, linkName, type: random.pick(["1", "2"]) }), 25],
        [() => header({ name, type: random.pick(["5", "3", "6", "S", "x", "g", "K"]) }), 5],
        [() => extended([["path", name], ["size", String(random.int(0, 2000))]]), 10],
      ])();
    };
    const archive = concatBytes(...Array.from({ length: random.int(0, 8) }, member), END);
    if (random.chance(30)) archive[random.int(0, archive.length - 1)] = random.int(0, 255);
    const length = random.chance(10) ? random.int(0, archive.length) : archive.length;
    const files = TarFiles.of(memoryFile(archive.subarray(0, length)));
    for (const name of names) {
      try {
        using found = files.open(utf8(name));
        assertEquals(readWhole(found).length, found.size);
      } catch (error) {
        if (!(error instanceof TreeError || error instanceof OciError)) throw error;
      }
    }
  });
});

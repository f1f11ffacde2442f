/**
 * OCI layouts that are measured: one image of some 300 MB, as it is, compressed in two ways, and in four layers.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { writeProse } from "./contents.ts";
import { planRootfs } from "./rootfs.ts";
import type { Subject } from "./trees.ts";

/** How many bytes of files there are, about. */
const SIZE = 300e6;

const COMPRESSIONS = {
  "": (bytes: Uint8Array) => bytes,
  "+gzip": (bytes: Uint8Array) => gzipSync(bytes),
  "+zstd": (bytes: Uint8Array) => zstdCompressSync(bytes),
} as const;

type Suffix = keyof typeof COMPRESSIONS;

function layout(name: string, suffix: Suffix, layers: number): Subject {
  return {
    name,
    bytes: suffix === "" ? SIZE : SIZE / 2,
    files: 10,
    make: (path) => makeLayout(path, suffix, layers),
  };
}

/** One layer, not compressed. */
export const PLAIN: Subject = layout("layout-plain", "", 1);
/** One layer, gzip. */
export const GZIP: Subject = layout("layout-gzip", "+gzip", 1);
/** One layer, zstd. */
export const ZSTD: Subject = layout("layout-zstd", "+zstd", 1);
/** The same files in four layers, gzip. */
export const FOUR_LAYERS: Subject = layout("layout-four", "+gzip", 4);

/** The tag that each image has. */
export const TAG = "v1";

function makeLayout(path: string, suffix: Suffix, count: number): void {
  mkdirSync(join(path, "blobs/sha256"), { recursive: true });
  const archives = makeArchives(path, count);
  const media = "application/vnd.oci.image";
  const layers = archives.map((archive) =>
    writeBlob(path, COMPRESSIONS[suffix](archive), `${media}.layer.v1.tar${suffix}`)
  );
  const config = writeJson(path, `${media}.config.v1+json`, {
    os: "linux",
    architecture: "amd64",
    config: {},
    rootfs: { type: "layers", diff_ids: archives.map(digestOf) },
  });
  const manifest = writeJson(path, `${media}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config,
    layers,
  });
  const annotations = { "org.opencontainers.image.ref.name": TAG };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(path, "index.json"), JSON.stringify(index));
  writeFileSync(join(path, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function writeBlob(path: string, bytes: Uint8Array, mediaType: string): Descriptor {
  const digest = digestOf(bytes);
  writeFileSync(join(path, "blobs", ...digest.split(":")), bytes);
  return { mediaType, digest, size: bytes.length };
}

function writeJson(path: string, mediaType: string, value: unknown): Descriptor {
  return writeBlob(path, new TextEncoder().encode(JSON.stringify(value)), mediaType);
}

/** Files of R's plan below `usr/`, with contents that compress, as tar archives of about the same size. */
function makeArchives(path: string, count: number): Uint8Array[] {
  const tree = join(path, "tree");
  const { directories, files } = planRootfs();
  const parts: string[][] = Array.from({ length: count }, () => ["usr"]);
  mkdirSync(join(tree, "usr"), { recursive: true });
  for (const directory of directories) mkdirSync(join(tree, "usr", directory));
  parts[0]!.push(...directories.map((directory) => `usr/${directory}`));
  let size = 0;
  for (const file of files) {
    // The largest few would be most of it.
    if (file.size > SIZE / 20) continue;
    if (size + file.size > SIZE) break;
    writeProse(join(tree, "usr", file.path), file.size, file.seed);
    parts[Math.floor(size / SIZE * count)]!.push(`usr/${file.path}`);
    size += file.size;
  }
  const archives = parts.map((names, i) => archive(path, tree, names, `${i}.tar`));
  rmSync(tree, { recursive: true });
  return archives;
}

function archive(path: string, tree: string, names: readonly string[], name: string): Uint8Array {
  const [list, target] = [join(path, "names"), join(path, name)];
  writeFileSync(list, names.join("\n"));
  const { status, stderr } = spawnSync("tar", [
    "--create",
    `--file=${target}`,
    `--directory=${tree}`,
    "--format=gnu",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mtime=@1700000000",
    "--no-recursion",
    `--files-from=${list}`,
  ], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot make an archive: ${stderr}`);
  const bytes = readFileSync(target);
  rmSync(target);
  rmSync(list);
  return bytes;
}

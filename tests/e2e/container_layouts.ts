/**
 * Container images on the disk, in each form that they come in, and the trees and archives that they are made of.
 *
 * @module
 */

import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { concatBytes } from "../../lib/bytes/text.ts";
import { MemoryLayout, OCI, type Reference } from "../kit/oci_layout.ts";
import { END, header, padded } from "../kit/tar_archive.ts";
import { output } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

/** How a layer is compressed, by the end of its media type. */
export const PACKED = {
  "": (bytes: Uint8Array) => bytes,
  "+gzip": (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)),
  "+zstd": (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes)),
} as const;

/** End of a media type. */
export type Suffix = keyof typeof PACKED;

/** What goes into a layer, by the end of its media type. */
export interface Blob {
  readonly suffix: Suffix;
  readonly bytes: Uint8Array;
}

/** Adds an image of blobs as they are, which say that they hold these archives. */
export function addImage(
  layout: MemoryLayout,
  blobs: readonly Blob[],
  tars: readonly Uint8Array[],
): Reference {
  const layers = blobs.map(({ suffix, bytes }) =>
    layout.blob(`${OCI}.layer.v1.tar${suffix}`, bytes)
  );
  const config = layout.config(tars);
  return layout.blob(`${OCI}.manifest.v1+json`, { schemaVersion: 2, config, layers });
}

/** An image of archives, each compressed, in a layout in memory. */
export function layoutOf(
  tars: readonly Uint8Array[],
  suffix: Suffix,
  diffIds: readonly Uint8Array[] = tars,
): MemoryLayout {
  const layout = new MemoryLayout();
  const blobs = tars.map((tar) => ({ suffix, bytes: PACKED[suffix](tar) }));
  return layout.list(addImage(layout, blobs, diffIds), "v1");
}

/** Puts a layout on the disk; gives the reference to its image. */
export function place({ files }: MemoryLayout, directory: string, tag = "v1"): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
  return `oci:${directory}:${tag}`;
}

/** Files as an archive of their own. */
export function archiveOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const members = Array.from(
    files,
    ([name, bytes]) => concatBytes(header({ name, size: bytes.length }), padded(bytes)),
  );
  return concatBytes(...members, END);
}

/** An archive of `docker save`: images of one layer each, by their names. */
export function dockerArchive(
  images: Readonly<Record<string, Uint8Array>>,
): Uint8Array<ArrayBuffer> {
  const layout = new MemoryLayout();
  layout.files.clear();
  const list = Object.entries(images).map(([name, tar], i) => {
    layout.put(`${i}/layer.tar`, tar);
    const config = `blobs/${layout.config([tar]).digest.replace(":", "/")}`;
    return { Config: config, RepoTags: [name], Layers: [`${i}/layer.tar`] };
  });
  layout.put("manifest.json", list);
  return archiveOf(layout.files);
}

/** Makes a tree with files that an image holds itself and others, a hard link, a symbolic link. */
export function makeTree(directory: string): void {
  const make = new TreeMaker(directory);
  make.directory("usr");
  make.directory("usr/bin");
  make.file("usr/small", "small\n");
  make.file("usr/large", "large ".repeat(500_000));
  make.file("usr/bin/tool", "tool ".repeat(1000));
  linkSync(join(directory, "usr/bin/tool"), join(directory, "usr/bin/other"));
  make.symlink("usr/bin/link", "tool");
  for (const path of ["usr/bin", "usr", ""]) make.time(path, 1_700_000_000, 0);
}

/** A directory as GNU tar puts it into an archive. */
export function tarOf(directory: string): Uint8Array {
  const options = ["--format=posix", "--sort=name", "--numeric-owner"];
  return output(["tar"], ["-C", directory, ...options, "-cf", "-", "."]);
}

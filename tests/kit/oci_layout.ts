/**
 * Container images in memory: layouts and archives of `docker save`, for tests of what reads them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { concatBytes, latin1, quote, utf8 } from "../../lib/bytes/text.ts";
import { type File, memoryFile } from "../../lib/file/file.ts";
import type { NamedFiles } from "../../lib/oci/named_files.ts";
import { TreeError } from "../../lib/tree/tree_error.ts";

/** What a blob is referred to by. */
export interface Reference {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Media types of OCI begin so. */
export const OCI = "application/vnd.oci.image";
/** Annotation of tags. */
export const REF_NAME = "org.opencontainers.image.ref.name";

/** A digest of bytes as OCI writes it. */
export function digestOf(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** Files of an image, by path; may be changed before they are read. */
export class ImageFiles implements NamedFiles {
  readonly files = new Map<string, Uint8Array>();

  /** Puts a file there; all but bytes and text as JSON. */
  put(path: string, contents: unknown): Uint8Array {
    const bytes = contents instanceof Uint8Array
      ? contents
      : utf8(typeof contents === "string" ? contents : JSON.stringify(contents));
    this.files.set(path, bytes);
    return bytes;
  }

  open(path: Uint8Array): File {
    const bytes = this.files.get(latin1(path));
    if (bytes === undefined) throw new TreeError("not-found", `Cannot open ${quote(path)}`, path);
    return memoryFile(bytes);
  }
}

/** A layout that grows. */
export class MemoryLayout extends ImageFiles {
  /** What the index will list. */
  readonly manifests: unknown[] = [];

  constructor() {
    super();
    this.put("oci-layout", { imageLayoutVersion: "1.0.0" });
  }

  /** Adds a blob. */
  blob(mediaType: string, contents: unknown, algorithm?: "sha256" | "sha512"): Reference {
    const bytes = this.put("new", contents);
    this.files.delete("new");
    const digest = digestOf(bytes, algorithm);
    this.put(`blobs/${digest.replace(":", "/")}`, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Adds a config for tar archives. */
  config(tars: readonly Uint8Array[], more: object = {}): Reference {
    return this.blob(`${OCI}.config.v1+json`, {
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
      ...more,
    });
  }

  /** Adds an image of uncompressed layers. */
  image(tars: readonly Uint8Array[], more: { config?: object; manifest?: object } = {}): Reference {
    return this.blob(`${OCI}.manifest.v1+json`, {
      schemaVersion: 2,
      config: this.config(tars, more.config),
      layers: tars.map((tar) => this.blob(`${OCI}.layer.v1.tar`, tar)),
      ...more.manifest,
    });
  }

  /** Adds an index. */
  index(manifests: readonly unknown[], more: object = {}): Reference {
    return this.blob(`${OCI}.index.v1+json`, { schemaVersion: 2, manifests, ...more });
  }

  /** Lists a manifest or an index in `index.json`, by a tag. */
  list(reference: Reference, tag?: string, more: object = {}): this {
    const annotations = tag === undefined ? {} : { annotations: { [REF_NAME]: tag } };
    this.manifests.push({ ...reference, ...annotations, ...more });
    this.put("index.json", { schemaVersion: 2, manifests: this.manifests });
    return this;
  }
}

/** Something that stands for a tar archive where nobody reads it. */
export function fakeTar(seed: string): Uint8Array {
  return concatBytes(utf8(`tar ${seed} `), new Uint8Array(100));
}

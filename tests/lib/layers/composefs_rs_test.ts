/**
 * Identifiers of images, from the layers on, as composefs-rs 0.9.4 computed them.
 *
 * tests/golden/composefs-rs/layers has the layers of four images; `ids.tsv` and `user-xattrs-ids.tsv` beside them
 * have what `cfsctl oci compute-id` printed of them, plain and bootable, in each format version and by each
 * algorithm, with `--xattrs` at its default and with `keep-user-xattrs`.
 */

import { assertEquals } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ContentTable, INLINE_THRESHOLD } from "../../../lib/composefs/contents.ts";
import { encodeSource, type ReadSource } from "../../../lib/composefs/image.ts";
import type { FormatVersion } from "../../../lib/composefs/version.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { concatBytes } from "../../../lib/bytes/text.ts";
import { type LayerMember, LayerMerger } from "../../../lib/layers/merge.ts";
import { bootTree, type SealedXattrs, sealTree } from "../../../lib/layers/seal.ts";
import { isPolicyPath } from "../../../lib/selinux/policy.ts";
import type { TarMember } from "../../../lib/tar/member.ts";
import { TarReader } from "../../../lib/tar/read.ts";

const GOLDEN = new URL("../../golden/composefs-rs/", import.meta.url);
const ALGORITHMS = ["sha256", "sha512"] as const;

/** Files of an image while its layers are read. */
class Files {
  readonly table = new ContentTable(ALGORITHMS);
  /** Contents of files that a policy may be read from, by their rows. */
  readonly policy = new Map<number, Uint8Array>();

  /** Reads a layer, and puts its files into the table. */
  read(layer: Uint8Array): LayerMember<number>[] {
    const members: LayerMember<number>[] = [];
    let open: TarMember | undefined;
    let bytes = new Uint8Array();
    const reader = new TarReader({
      member: (member) => {
        open = member;
        bytes = new Uint8Array(member.size);
      },
      contents: (part, position) => bytes.set(part, position),
      end: () => {
        const member = open!;
        members.push(
          member.kind === "regular" ? { member, file: this.#add(member, bytes) } : { member },
        );
      },
    });
    reader.write(layer);
    reader.end();
    return members;
  }

  #add({ name }: TarMember, bytes: Uint8Array): number {
    const row = this.table.add(bytes.length);
    if (isPolicyPath(name)) this.policy.set(row, bytes);
    if (bytes.length > INLINE_THRESHOLD) {
      const digests = ALGORITHMS.map((algorithm) => fsVerityDigest(bytes, { algorithm }).bytes);
      this.table.fill(row, concatBytes(...digests));
    } else if (bytes.length > 0) {
      this.table.fill(row, bytes);
    }
    return row;
  }
}

function seal(image: string, isBootable: boolean, xattrs: SealedXattrs): ReadSource {
  const files = new Files();
  const merger = new LayerMerger<number>("sealed");
  for (let number = 1;; number++) {
    const layer = new URL(`layers/${image}.${number}.tar.gz`, GOLDEN);
    if (!existsSync(layer)) break;
    merger.apply(files.read(new Uint8Array(gunzipSync(readFileSync(layer)))), `layer ${number}`);
  }
  const merged = merger.finish();
  const tree = isBootable
    ? bootTree(merged, { xattrs, readFile: (row) => files.policy.get(row) })
    : sealTree(merged, { xattrs });
  return { tree, contents: files.table.complete() };
}

const MODES = { "allowlist-only": "ids.tsv", "keep-user-xattrs": "user-xattrs-ids.tsv" } as const;

for (const [xattrs, table] of Object.entries(MODES)) {
  const rows = readFileSync(new URL(table, GOLDEN), "utf8").trimEnd().split("\n");
  const sealed = new Map<string, ReadSource>();
  for (const row of rows) {
    const [name, version, id] = row.split("\t") as [string, string, string];
    Deno.test(`${name}, ${version}, ${xattrs}: layers get the identifier of composefs-rs`, () => {
      const parts = name.split(".");
      const algorithm = parts.pop() as HashAlgorithm;
      const key = parts.join(".");
      let source = sealed.get(key);
      if (source === undefined) {
        source = seal(parts[0]!, parts[1] === "bootable", xattrs as SealedXattrs);
        sealed.set(key, source);
      }
      const format = Number(version.slice(1)) as FormatVersion;
      const image = encodeSource(source, { algorithm, format });
      assertEquals(fsVerityDigest(image, { algorithm }).toHex(), id);
    });
  }
}

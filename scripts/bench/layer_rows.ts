/**
 * Rows about container images: their layers into a store.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { TAG } from "./layouts.ts";
import type { Entry } from "./measure.ts";
import type { Subject } from "./trees.ts";
import { entryOf, pathOf, type Preparation, type Workshop } from "./workshop.ts";

/** What composefs-rs makes of a layout by default, which is what is compared. */
const AS_COMPOSEFS_RS = ["--as=sealed", "--hash=sha512", "--format=1"];

/**
 * Reads the layers of an image into a store: a new one in every run, or one that has all objects after the first,
 * which does not count. composefs-rs knows layers by their names, and reads none again.
 */
export function prepareLayers(
  shop: Workshop,
  subject: Subject,
  store: "fresh" | "present",
): Preparation {
  const reference = `oci:${pathOf(shop, subject)}:${TAG}`;
  const place = (id: string, turn: number) =>
    join(shop.scratch, `${subject.name}-${id}-${store === "fresh" ? turn : "all"}`);
  const peer = shop.contestants.composefsRs();
  const own = shop.ids.filter((id) => id !== "c").map((id): Entry => {
    const image = join(shop.scratch, `${id}.cfs`);
    const entry = entryOf(shop, id, "create", (turn) => [
      ...AS_COMPOSEFS_RS,
      `--store=${place(id, turn)}`,
      reference,
      image,
    ]);
    const product = () => fsVerityDigest(readFileSync(image), { algorithm: "sha512" }).toHex();
    return { ...entry, product };
  });
  if (store === "present" || shop.ids.includes("other")) return { entries: own };
  const entry: Entry = peer === undefined
    ? { contestant: "rs", command: { missing: "not installed" } }
    : {
      contestant: "rs",
      command: (turn) => [peer, "--repo", place("rs", turn), "oci", "pull", reference, TAG],
      product: (turn) => output(peer, ["--repo", place("rs", turn), "oci", "compute-id", TAG]),
    };
  return {
    entries: [entry, ...own],
    beforeTurn(turn) {
      if (peer === undefined) return;
      const repository = place("rs", turn);
      mkdirSync(repository);
      const options = ["--insecure", "--algorithm", "fsverity-sha512-12"];
      output(peer, ["--repo", repository, "init", ...options, repository]);
    },
  };
}

function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/**
 * Merged layers against what umoci 0.6.0 unpacked them to (`umoci raw unpack`, as root, on ext4).
 *
 * tests/golden/umoci/merged.txt has images of random layers: a line a member, with its kind, name, mode and
 * contents or target; then a line a path of the unpacked tree, with the number of names of regular files, and
 * `implied` for directories that no member described, whose times umoci takes from the clock. Left out are images
 * of which umoci also takes other times from there, or makes of a file's mode that of a directory in its place.
 */

import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { walk } from "../../../lib/tree/walk.ts";
import { member, merge } from "../../kit/layers.ts";

const TIME = 1_700_000_000;
const GOLDEN = new URL("../../golden/umoci/merged.txt", import.meta.url);

for (const image of readFileSync(GOLDEN, "utf8").split("image ").slice(1)) {
  const [number, ...rest] = image.trimEnd().split("\n");
  Deno.test(`image ${number} becomes what umoci makes of it`, () => {
    const [layers, tree] = rest.join("\n").split("\ntree\n") as [string, string];
    const members = layers.split(/^layer\n?/m).slice(1).map((lines) =>
      lines.trimEnd().split("\n").map((line) => {
        const [letter, name, mode, text] = line.split(" ");
        return member(letter!, name!, text, { mode: Number.parseInt(mode!, 8), mtime: TIME });
      })
    );
    const letters = { regular: "f", directory: "d", symlink: "s", fifo: "p" };
    const merged = Array.from(walk(merge("container", ...members)), ({ path, node }) => {
      const { mode, mtime, nlink } = node.stat;
      const text = node.kind === "regular"
        ? ` ${node.file} x${nlink}`
        : node.kind === "symlink"
        ? ` ${new TextDecoder().decode(node.target)}`
        : "";
      const letter = letters[node.kind as keyof typeof letters];
      const time = mtime === TIME ? "" : " implied";
      return `${letter} ${new TextDecoder().decode(path)} ${mode.toString(8)}${text}${time}`;
    });
    assertEquals(merged, tree.split("\n"));
  });
}

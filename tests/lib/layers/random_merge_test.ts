/** Random layers, merged by the program and by a model of the rules. */

import { assertEquals } from "@std/assert";
import { LayerError } from "../../../lib/layers/layer_error.ts";
import type { LayerMember, LayerRules } from "../../../lib/layers/merge.ts";
import type { Tree } from "../../../lib/tree/tree.ts";
import { walk } from "../../../lib/tree/walk.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { LayerModel } from "../../kit/layer_model.ts";
import { member, merge } from "../../kit/layers.ts";

const NAMES = ["a", "b", "c"];

function randomPath(random: Random): string {
  const names = Array.from({ length: random.int(1, 3) }, () => random.pick(NAMES));
  const prefix = random.pick(["", "", "", "", "./", "/", "b/../"]);
  return prefix + names.join("/");
}

function randomMember(random: Random, text: string): LayerMember<string> {
  const path = randomPath(random);
  const mode = { mode: random.int(0, 0o7777) };
  if (random.chance(20)) {
    const parent = path.slice(0, path.lastIndexOf("/") + 1);
    const name = random.pick([".wh.a", ".wh.b", ".wh.c", ".wh..wh..opq", ".wh..wh.a"]);
    return member("f", parent + name, "", mode);
  }
  const letter = random.weighted([["d", 8], ["f", 8], ["s", 3], ["h", 4], ["p", 1]]);
  switch (letter) {
    case "s": {
      const target = random.pick(["a", "b/c", "../b", "/c", "/", "..", "none/../a", "none"]);
      return member(letter, path, target, mode);
    }
    case "h":
      return member(letter, path, randomPath(random), mode);
    default:
      return member(letter, path + random.pick(["", "", "/"]), letter === "f" ? text : "", mode);
  }
}

/** What the model's `lines` say. */
function lines(tree: Tree<string>): string[] {
  return Array.from(walk(tree), ({ path, node }) => {
    const shown = path.length === 1 ? "" : new TextDecoder().decode(path);
    const text = node.kind === "regular"
      ? node.file
      : node.kind === "symlink"
      ? new TextDecoder().decode(node.target)
      : "";
    const names = node.kind === "directory" ? 1 : node.stat.nlink;
    return `${shown} ${node.kind} ${text} ${node.stat.mode.toString(8)} ${names}`;
  }).sort();
}

function byModel(
  rules: LayerRules,
  layers: readonly LayerMember<string>[][],
): string[] | undefined {
  const model = new LayerModel(rules === "sealed");
  try {
    for (const members of layers) model.apply(members);
  } catch {
    return undefined;
  }
  return model.lines();
}

function byProgram(
  rules: LayerRules,
  layers: readonly LayerMember<string>[][],
): string[] | undefined {
  try {
    return lines(merge(rules, ...layers));
  } catch (error) {
    if (error instanceof LayerError) return undefined;
    throw error;
  }
}

/** Applies layers one after the other; one that cannot be applied is left out. */
for (const rules of ["container", "sealed"] as const) {
  for (const seed of seeds(1, 200)) {
    Deno.test(`${rules}: layers make what the model makes, seed ${seed}`, () => {
      const random = createRandom(seed);
      let taken: LayerMember<string>[][] = [];
      for (let i = 0; i < 30; i++) {
        const count = random.int(1, random.chance(50) ? 2 : 8);
        const members = Array.from({ length: count }, (_, j) => randomMember(random, `${i}.${j}`));
        const layers = [...taken, members];
        const expected = byModel(rules, layers);
        assertEquals(byProgram(rules, layers), expected);
        if (expected !== undefined) taken = layers;
      }
    });
  }
}

/**
 * Which rule makes of one tree another: trees that have been changed by known rules.
 */

import { assert, assertEquals } from "@std/assert";
import { explainDifference } from "../../../lib/compare/explain.ts";
import { explainDigest } from "../../../lib/compare/explain_digest.ts";
import { differences } from "../../../lib/compare/differences.ts";
import { RULES } from "../../../lib/compare/rules.ts";
import type { Rule, Way } from "../../../lib/compare/rule.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { changeTree } from "../../../lib/tree/change_tree.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { randomRootfs } from "./rootfs.ts";

/** Every way of every rule that can be told without another tree. */
function waysOf(tree: Tree<Content>): { readonly rule: Rule; readonly way: Way }[] {
  return RULES.flatMap((rule) => [...rule.ways({ tree })].map((way) => ({ rule, way })));
}

function differ(a: Tree<Content>, b: Tree<Content>): boolean {
  return differences(a, b).next().done === false;
}

Deno.test("explain: names the rule by which a tree was changed", () => {
  const tried = new Map<string, number>();
  for (const seed of seeds(1, 20)) {
    const tree = randomRootfs(createRandom(seed));
    for (const { rule, way } of waysOf(tree)) {
      const changed = way.apply(tree);
      if (!differ(tree, changed)) continue;
      const { answers, isConfirmed, left } = explainDifference({ tree }, { tree: changed });
      const names = answers.flatMap((answer) => answer.length === 1 ? [answer[0]!.name] : []);
      assert(names.includes(rule.name), `seed ${seed}: ${rule.name}, found ${names}`);
      assertEquals([isConfirmed, left.length], [true, 0], `seed ${seed}: ${rule.name}`);
      tried.set(rule.name, (tried.get(rule.name) ?? 0) + 1);
    }
  }
  assert(tried.size >= 20, [...tried.keys()].join(" "));
});

/** A tree, changed by two rules in their order, each of which has an effect. */
function changedTwice(
  random: Random,
): { readonly tree: Tree<Content>; readonly changed: Tree<Content>; readonly names: string[] } {
  while (true) {
    const tree = randomRootfs(random);
    const [a, b] = random.shuffle(waysOf(tree)).slice(0, 2)
      .sort((a, b) => RULES.indexOf(a.rule) - RULES.indexOf(b.rule));
    if (a!.rule === b!.rule) continue;
    try {
      const once = a!.way.apply(tree);
      const changed = b!.way.apply(once);
      if (!differ(tree, once) || !differ(once, changed) || !differ(b!.way.apply(tree), changed)) {
        continue;
      }
      return { tree, changed, names: [a!.rule.name, b!.rule.name] };
    } catch {
      // The second was not for the tree that the first had made.
    }
  }
}

Deno.test("explain: names two rules by which a tree was changed", () => {
  for (const seed of seeds(1, 20)) {
    const { tree, changed, names } = changedTwice(createRandom(seed));
    const { answers, isConfirmed } = explainDifference({ tree }, { tree: changed });
    const found = answers.map((answer) => answer.map(({ name }) => name));
    assert(
      found.some((answer) => names.every((name) => answer.includes(name))) ||
        found.some(({ length }) => length === 1),
      `seed ${seed}: ${names}, found ${JSON.stringify(found)}`,
    );
    assert(isConfirmed, `seed ${seed}: ${names}`);
  }
});

Deno.test("explain: leaves what no rule explains", () => {
  for (const seed of seeds(1, 20)) {
    const random = createRandom(seed);
    const tree = randomRootfs(random);
    const target = random.int(0, tree.leaves.length - 1);
    const { rule, way } = random.pick(waysOf(tree));
    const ruled = way.apply(tree);
    // One that changes little is told as little: name by name.
    if ([...differences(tree, ruled)].length < 8) continue;
    let number = 0;
    const changed = changeTree(ruled, {
      stat: (stat, kind) =>
        kind !== "directory" && number++ === target % ruled.leaves.length
          ? { ...stat, uid: 4711, mtime: 42 }
          : stat,
    });
    const { answers, left, isConfirmed } = explainDifference({ tree }, { tree: changed });
    assertEquals(answers.length, 1, `seed ${seed} ${rule.name}`);
    assertEquals(isConfirmed, false, `seed ${seed} ${rule.name} ${JSON.stringify(answers)}`);
    assertEquals(
      new Set(left.map(({ after }) => after?.stat.uid)),
      new Set([4711]),
      `seed ${seed} ${rule.name} ${JSON.stringify(answers)}`,
    );
  }
});

Deno.test("explain: equal trees need no rule, and different versions are told", () => {
  const tree = randomRootfs(createRandom(1));
  const digest = fsVerityDigest(encodeImage(tree, { format: 2 }));
  const { answers, format, isConfirmed } = explainDifference(
    { tree, version: 1 },
    { tree, version: 2, digest },
  );
  assertEquals([answers, format, isConfirmed], [[[]], 2, true]);
});

Deno.test("explain: a digest alone tells the rule, or a rule and the version", () => {
  for (const seed of seeds(1, 1)) {
    const tree = randomRootfs(createRandom(seed));
    for (const { rule, way } of waysOf(tree)) {
      const changed = way.apply(tree);
      for (const format of [0, 1] as const) {
        const expected = fsVerityDigest(encodeImage(changed, { format }));
        const answers = explainDigest({ tree, version: 0 }, expected);
        const names = answers.flatMap(({ rules }) => rules.map(({ name }) => name));
        const isChanged = differ(tree, changed);
        assert(
          !isChanged || names.includes(rule.name),
          `seed ${seed}: ${rule.name}, found ${names}`,
        );
        assertEquals(answers[0]?.format, format, `seed ${seed}: ${rule.name}`);
      }
    }
  }
});

Deno.test("explain: a digest alone tells two rules", () => {
  for (const seed of seeds(1, 3)) {
    const { tree, changed, names } = changedTwice(createRandom(seed));
    const answers = explainDigest({ tree }, fsVerityDigest(encodeImage(changed)));
    const found = answers.map(({ rules }) => rules.map(({ name }) => name));
    assert(
      found.some((each) => each.length === 1 || names.every((name) => each.includes(name))),
      `seed ${seed}: ${names}, found ${JSON.stringify(found)}`,
    );
  }
});

Deno.test("explain: a digest of nothing is looked for in vain", () => {
  const tree = randomRootfs(createRandom(1));
  const none = new Digest("sha256", new Uint8Array(32));
  let [done, most] = [0, 0];
  const onTry = (count: number) => [done, most] = [done + 1, Math.max(most, count)];
  assertEquals(explainDigest({ tree }, none, { onTry }), []);
  assertEquals(done, most);
});

import { assertEquals } from "@std/assert";
import { type Feature, type Way, waysWithout } from "../../../lib/mount/ways.ts";

const shown = ({ layer, by, separator }: Way) => `${layer} by ${by}${separator ?? ""}`;

const CASES: readonly (readonly [lacking: readonly Feature[], ways: readonly string[]])[] = [
  [[], ["detached by parameters", "attached by parameters", "attached by option string::"]],
  [["detached layers"], ["attached by parameters", "attached by option string::"]],
  [["layer parameters"], ["attached by option string::"]],
  [
    ["layer parameters", "data-only layers"],
    ["attached by option string::", "attached by option string:"],
  ],
];

Deno.test("waysWithout() leaves out what needs a feature that is lacking", () => {
  for (const [lacking, ways] of CASES) {
    assertEquals([...waysWithout(new Set(lacking))].map(shown), ways, lacking.join());
  }
});

Deno.test("waysWithout() goes by what a refusal has told meanwhile", () => {
  const lacking = new Set<Feature>();
  const ways = waysWithout(lacking);
  assertEquals(shown(ways.next().value!), "detached by parameters");
  lacking.add("layer parameters");
  assertEquals(shown(ways.next().value!), "attached by option string::");
  assertEquals(ways.next().done, true);
});

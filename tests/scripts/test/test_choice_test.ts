import { assertEquals, assertThrows } from "@std/assert";
import { readChoice, reasonOf, skipsByReason } from "../../../scripts/test/test_choice.ts";

Deno.test("readChoice() hands seed and size to the tests", () => {
  assertEquals(readChoice([]), { quick: false, environment: {} });
  assertEquals(readChoice(["--quick", "--seed=7", "--size=0.5"]), {
    quick: true,
    environment: {
      COMPOSEFS_TEST_QUICK: "1",
      COMPOSEFS_TEST_SEED: "7",
      COMPOSEFS_TEST_SIZE: "0.5",
    },
  });
});

for (
  const wrong of ["--seed=x", "--seed=-1", "--size=0", "--size=", "--size=NaN", "--slow", "lib"]
) {
  Deno.test(`readChoice() refuses ${wrong}`, () => {
    assertThrows(() => readChoice([wrong]), RangeError, "Cannot use ");
  });
}

Deno.test("skips are told by reason, the most frequent first", () => {
  const results = ["a (skipped: no x)", "b (skipped: no y)", "c (skipped: no y)", "d"].map((
    name,
  ) => ({
    name,
    file: "f",
    outcome: name === "d" ? "passed" as const : "skipped" as const,
  }));
  assertEquals(
    skipsByReason(results).map(({ reason, skipped }) => [reason, skipped.length]),
    [["no y", 2], ["no x", 1]],
  );
  assertEquals(reasonOf("e"), "no reason given");
});

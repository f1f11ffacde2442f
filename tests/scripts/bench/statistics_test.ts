import { assert, assertEquals, assertThrows } from "@std/assert";
import { isNoisy, median, ratios, summarize } from "../../../scripts/bench/statistics.ts";

Deno.test("median() is the middle value, or the mean of the two middle ones", () => {
  assertEquals(median([10, 2, 9]), 9);
  assertEquals(median([10, 2, 9, 1]), 5.5);
  assertEquals(median([7]), 7);
  assertThrows(() => median([]), RangeError, "no values");
});

Deno.test("median() leaves its argument as it is", () => {
  const values = [3, 1, 2];
  median(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("ratios() divides turn by turn, so that their median is not that of the medians", () => {
  // The machine was four times slower in the second and third turns.
  assertEquals(ratios([1, 4, 8], [2, 8, 8]), [0.5, 0.5, 1]);
  assertEquals(summarize(ratios([1, 4, 8], [2, 8, 8])), { median: 0.5, min: 0.5, max: 1 });
  assertThrows(() => ratios([1, 2], [1]), RangeError, "2 values with 1");
});

Deno.test("isNoisy() looks at the spread beside the median", () => {
  assert(!isNoisy({ median: 1, min: 0.9, max: 1.1 }));
  assert(isNoisy({ median: 1, min: 0.9, max: 1.3 }));
  assert(!isNoisy({ median: 10, min: 9.9, max: 10.3 }));
});

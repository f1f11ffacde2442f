import { assert, assertEquals, assertThrows } from "@std/assert";
import { helpText, readOptions } from "../../../scripts/bench/options.ts";

const DEFAULTS = { directory: "/cache", names: ["one", "two", "three"] };

Deno.test("readOptions() has a default for everything", () => {
  assertEquals(readOptions([], DEFAULTS), {
    kind: "measure",
    directory: "/cache",
    rounds: 5,
    only: ["one", "two", "three"],
    keep: false,
  });
});

Deno.test("readOptions() reads what is given", () => {
  const args = ["--dir", "/disk", "--rounds=3", "--only=two", "--only", "one", "--keep"];
  assertEquals(readOptions(args, DEFAULTS), {
    kind: "measure",
    directory: "/disk",
    rounds: 3,
    only: ["two", "one"],
    keep: true,
  });
  assertEquals(readOptions(["-h"], DEFAULTS), { kind: "help" });
});

Deno.test("readOptions() takes more rounds to compare with another build", () => {
  assertEquals(readOptions(["--against=old", "--only=one"], DEFAULTS), {
    kind: "measure",
    directory: "/cache",
    rounds: 9,
    only: ["one"],
    keep: false,
    against: "old",
  });
});

Deno.test("readOptions() refuses what there is not", () => {
  for (
    const [arg, message] of [
      ["--against=", 'against ""'],
      ["--round=3", 'Cannot use "--round=3"'],
      ["3", 'Cannot use "3"'],
      ["--rounds=0", '"0" rounds'],
      ["--rounds=2.5", '"2.5" rounds'],
      ["--rounds=", '"" rounds'],
      ["--only=four", 'Cannot measure "four": expected one or two or three'],
      ["--dir=", "expected a directory"],
    ]
  ) {
    assertThrows(() => readOptions([arg!], DEFAULTS), RangeError, message);
  }
});

Deno.test("helpText() names the rows and the default directory", () => {
  const text = helpText(DEFAULTS);
  assert(text.includes("one, two, three") && text.includes("/cache"), text);
});

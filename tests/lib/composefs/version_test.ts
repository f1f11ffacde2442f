import { assertEquals, assertThrows } from "@std/assert";
import { chooseVersion } from "../../../lib/composefs/version.ts";
import { directory, hardLink, special } from "../../kit/trees.ts";

const PLAIN = directory({ d: directory({ null: special("character", 259) }) });
const WHITEOUT = directory({ d: directory({ gone: special("character", 0) }) });

/** Lowest and highest version, and what a tree without and with a whiteout takes. */
const RULES = [
  [undefined, undefined, 0, 1],
  [0, undefined, 0, 1],
  [undefined, 0, 0, 0],
  [undefined, 1, 0, 1],
  [1, undefined, 1, 1],
  [0, 0, 0, 0],
  [0, 1, 0, 1],
  [1, 0, 1, 1],
  [1, 1, 1, 1],
] as const;

for (const [minVersion, maxVersion, plain, whiteout] of RULES) {
  Deno.test(`versions ${minVersion ?? "default"} to ${maxVersion ?? "default"}`, () => {
    const range = {
      ...(minVersion === undefined ? {} : { minVersion }),
      ...(maxVersion === undefined ? {} : { maxVersion }),
    };
    assertEquals([chooseVersion(PLAIN, range), chooseVersion(WHITEOUT, range)], [plain, whiteout]);
  });
}

Deno.test("a block device with number 0 is no whiteout", () => {
  assertEquals(chooseVersion(directory({ b: special("block", 0) }), {}), 0);
});

Deno.test("a whiteout counts where it is, and its links do not matter", () => {
  const gone = special("character", 0);
  assertEquals(chooseVersion(directory({ a: hardLink(gone), d: directory({ gone }) }), {}), 1);
});

Deno.test("a version that is asked for is taken, whatever the tree holds and the limits are", () => {
  for (const format of [0, 1, 2] as const) {
    assertEquals(chooseVersion(WHITEOUT, { format, minVersion: 1, maxVersion: 1 }), format);
  }
  const format = 3 as 2;
  assertThrows(() => chooseVersion(PLAIN, { format }), RangeError, "format version 3");
});

Deno.test("versions that do not exist are refused", () => {
  for (const version of [2, -1, 0.5, NaN]) {
    assertThrows(
      () => chooseVersion(PLAIN, { minVersion: version }),
      RangeError,
      `minimum format version ${version}`,
    );
    assertThrows(
      () => chooseVersion(PLAIN, { maxVersion: version }),
      RangeError,
      `maximum format version ${version}`,
    );
  }
});

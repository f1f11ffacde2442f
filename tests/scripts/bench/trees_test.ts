import { assertEquals, assertThrows } from "@std/assert";
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { makeOnce, rewriteFiles } from "../../../scripts/bench/trees.ts";
import { writeContents } from "../../../scripts/bench/contents.ts";
import { Scratch } from "../../kit/scratch.ts";

Deno.test("makeOnce() makes what is missing, once", () => {
  using scratch = new Scratch();
  const path = scratch.path("below/file");
  let count = 0;
  for (let i = 0; i < 2; i++) {
    assertEquals(makeOnce(path, (draft) => writeFileSync(draft, `made ${++count}`)), path);
  }
  assertEquals(readFileSync(path, "utf8"), "made 1");
  assertEquals(readdirSync(scratch.path("below")), ["file"]);
});

Deno.test("makeOnce() leaves nothing of what was not completed", () => {
  using scratch = new Scratch();
  assertThrows(
    () =>
      makeOnce(scratch.path("file"), (draft) => {
        writeFileSync(draft, "half");
        throw new Error("no room");
      }),
    Error,
    "no room",
  );
  assertEquals(readdirSync(scratch.directory), []);
});

Deno.test("rewriteFiles() changes contents for each turn, and brings the first ones back", () => {
  using scratch = new Scratch();
  const path = scratch.path("file");
  const files = [{ path: "file", size: 100, seed: 3, mode: 0o644 }];
  writeContents(path, 100, 3, "wx");
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const seen = [0, 1, 2, 0].map((turn) => {
    rewriteFiles(scratch.directory, files, turn);
    return [readFileSync(path, "hex"), statSync(path).mtimeMs === 1_700_000_000_000];
  });
  assertEquals(seen[3], seen[0]);
  assertEquals(new Set(seen.map(([bytes]) => bytes)).size, 3);
  assertEquals(seen.map(([, isFirst]) => isFirst), [true, false, false, true]);
});

import { assertEquals, assertThrows } from "@std/assert";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeOnce, rewriteFiles } from "../../../scripts/bench/trees.ts";
import { writeContents } from "../../../scripts/bench/contents.ts";

function withDirectory(body: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "composefs-trees-"));
  try {
    body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

Deno.test("makeOnce() makes what is missing, once", () => {
  withDirectory((directory) => {
    const path = join(directory, "below/file");
    let count = 0;
    for (let i = 0; i < 2; i++) {
      assertEquals(makeOnce(path, (draft) => writeFileSync(draft, `made ${++count}`)), path);
    }
    assertEquals(readFileSync(path, "utf8"), "made 1");
    assertEquals(readdirSync(join(directory, "below")), ["file"]);
  });
});

Deno.test("makeOnce() leaves nothing of what was not completed", () => {
  withDirectory((directory) => {
    assertThrows(
      () =>
        makeOnce(join(directory, "file"), (draft) => {
          writeFileSync(draft, "half");
          throw new Error("no room");
        }),
      Error,
      "no room",
    );
    assertEquals(readdirSync(directory), []);
  });
});

Deno.test("rewriteFiles() changes contents for each turn, and brings the first ones back", () => {
  withDirectory((directory) => {
    const path = join(directory, "file");
    const files = [{ path: "file", size: 100, seed: 3, mode: 0o644 }];
    writeContents(path, 100, 3, "wx");
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const seen = [0, 1, 2, 0].map((turn) => {
      rewriteFiles(directory, files, turn);
      return [readFileSync(path, "hex"), statSync(path).mtimeMs === 1_700_000_000_000];
    });
    assertEquals(seen[3], seen[0]);
    assertEquals(new Set(seen.map(([bytes]) => bytes)).size, 3);
    assertEquals(seen.map(([, isFirst]) => isFirst), [true, false, false, true]);
  });
});

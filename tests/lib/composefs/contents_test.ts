import { assertEquals, assertThrows } from "@std/assert";
import { ContentTable } from "../../../lib/composefs/contents.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

const digestOf = (text: string) => fsVerityDigest(utf8(text));

Deno.test("rows are filled in in any order, and stay what they are", () => {
  const table = new ContentTable();
  const sizes = Array.from({ length: 5000 }, (_, i) => i % 130);
  const rows = sizes.map((size) => table.add(size));
  assertEquals(rows, sizes.map((_, i) => i));
  for (const row of rows.toReversed()) {
    const size = sizes[row]!;
    if (size === 0) continue;
    table.fill(row, size <= 64 ? new Uint8Array(size).fill(row) : digestOf(`${row}`).bytes);
  }
  const contents = table.complete();
  for (const row of rows) {
    const size = sizes[row]!;
    const digest = digestOf(`${row}`);
    assertEquals(contents.size(row), size);
    assertEquals(
      contents.content(row, "sha256"),
      size <= 64
        ? { kind: "inline", bytes: new Uint8Array(size).fill(row) }
        : { kind: "external", size, path: utf8(objectPath(digest)), digest },
    );
  }
});

Deno.test("a table that has a row to be filled in is not complete", () => {
  const table = new ContentTable();
  table.add(0);
  const row = table.add(5);
  assertThrows(() => table.complete(), TypeError, "1 files have not been read");
  table.fill(row, utf8("hello"));
  assertEquals(table.complete().inline(row), utf8("hello"));
});

Deno.test("a row takes as many bytes as its file has, or its digests", () => {
  const table = new ContentTable(["sha256", "sha512"]);
  const [small, large] = [table.add(5), table.add(65)];
  for (const length of [4, 6, 96]) {
    assertThrows(() => table.fill(small, new Uint8Array(length)), TypeError, "expected 5");
  }
  for (const length of [32, 64, 65]) {
    assertThrows(() => table.fill(large, new Uint8Array(length)), TypeError, "expected 96");
  }
});

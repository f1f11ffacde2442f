import { assertEquals } from "@std/assert";
import { closest } from "../../../cli/args/suggest.ts";

Deno.test("closest() finds the word with the fewest changes", () => {
  const words = ["digest-store", "print-digest", "ls"];
  assertEquals(closest("digets-store", words), "digest-store");
  assertEquals(closest("digeststore", words), "digest-store");
  assertEquals(closest("prin-digest", words), "print-digest");
  assertEquals(closest("sl", words), "ls");
  assertEquals(closest("l", words), "ls");
});

Deno.test("closest() gives up where more than a third would change", () => {
  assertEquals(closest("xyz", ["abc", "xbc"]), undefined);
  assertEquals(closest("verify", ["version"]), undefined);
  assertEquals(closest("", ["ls"]), undefined);
  assertEquals(closest("x".repeat(100_000), ["digest"]), undefined);
});

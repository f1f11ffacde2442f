import { assert, assertEquals } from "@std/assert";
import { judge } from "../../../../cli/commands/setup/_doctor_verdict.ts";
import type { Question } from "../../../../ffi/probe/probe.ts";
import { machine } from "./facts.ts";

Deno.test("verdict: where everything is there, mounts work with fs-verity", () => {
  const { works, verity, missing, advice } = judge(machine({}));
  assertEquals({ works, verity, missing }, { works: true, verity: true, missing: [] });
  assert(advice.every((sentence) => sentence.endsWith(".")));
});

Deno.test("verdict: without fs-verity in overlayfs or in the place, mounts work without it", () => {
  for (const question of ["overlayVerity", "placeVerity"] as const) {
    for (const answer of ["no", "unknown"] as const) {
      const { works, verity } = judge(machine({ [question]: answer }));
      assertEquals({ works, verity }, { works: true, verity: false }, question);
    }
  }
});

Deno.test("verdict: userverity is advised where it works", () => {
  const advised = (memfd: "yes" | "no") =>
    judge(machine({ placeVerity: "no", memfd })).advice.join(" ").includes("userverity");
  assertEquals([advised("yes"), advised("no")], [true, false]);
});

Deno.test("verdict: what is missing is named, and mounts do not work", () => {
  for (const question of ["root", "erofs", "chunks", "overlay", "composefs"] as const) {
    const { works, verity, missing } = judge(machine({ [question]: "no" }));
    assertEquals({ works, verity, missing }, { works: false, verity: false, missing: [question] });
  }
});

Deno.test("verdict: what could not be tried does not count as working", () => {
  for (const question of ["root", "composefs"] as const) {
    assertEquals(judge(machine({ [question]: "unknown" })).works, false);
  }
});

Deno.test("verdict: nothing else keeps mounts from working", () => {
  const others: Question[] = [
    "erofsFile",
    "loop",
    "dataLayers",
    "layerParameters",
    "writable",
    "memfd",
    "fuse",
    "userNamespaces",
  ];
  for (const question of others) assert(judge(machine({ [question]: "no" })).works, question);
});

Deno.test("verdict: root is advised where root would help", () => {
  const advised = (answers: Parameters<typeof machine>[0]) =>
    judge(machine(answers)).advice.join(" ").includes("as root");
  assert(advised({ root: "no", composefs: "unknown", overlay: "unknown" }));
  assert(!advised({ root: "no", composefs: "unknown", overlay: "no" }));
  assert(!advised({ root: "yes", composefs: "no" }));
});

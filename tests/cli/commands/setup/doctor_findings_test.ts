import { assert, assertEquals } from "@std/assert";
import { describeFindings, type Finding } from "../../../../cli/commands/setup/_doctor_findings.ts";
import type { Question } from "../../../../ffi/probe/probe.ts";
import { machine } from "./facts.ts";

function find(findings: readonly Finding[], question: Question): Finding {
  const found = findings.find((finding) => finding.question === question);
  if (found === undefined) throw new Error(`no finding about ${question}`);
  return found;
}

Deno.test("findings: every question has one, with a title of its own", () => {
  const facts = machine({});
  const findings = describeFindings(facts);
  assertEquals(findings.map(({ question }) => question).sort(), Object.keys(facts.answers).sort());
  assertEquals(new Set(findings.map(({ title }) => title)).size, findings.length);
});

Deno.test("findings: a no has effect and remedy in one line, anything else has neither", () => {
  const questions = Object.keys(machine({}).answers) as Question[];
  for (const question of questions) {
    for (const answer of ["yes", "no", "unknown"] as const) {
      const finding = find(describeFindings(machine({ [question]: answer })), question);
      assertEquals(finding.answer, answer);
      assertEquals([finding.effect, finding.remedy].includes(undefined), answer !== "no");
      for (const text of [finding.effect ?? "x", finding.remedy ?? "x"]) {
        assert(/^[^\n]*[^.\n]$/.test(text), text);
      }
    }
  }
});

Deno.test("findings: the reason is passed on", () => {
  const facts = machine({});
  const answers = { ...facts.answers, fuse: { answer: "no", reason: "EACCES" } as const };
  assertEquals(find(describeFindings({ ...facts, answers }), "fuse").reason, "EACCES");
});

Deno.test("findings: how fs-verity is had depends on the file system and the kernel", () => {
  const remedy = (type: string, kernelVerity: "yes" | "no") =>
    find(describeFindings(machine({ placeVerity: "no", kernelVerity }, type)), "placeVerity")
      .remedy;
  assertEquals(remedy("ext4", "yes"), '"tune2fs -O verity /dev/vdb"');
  assertEquals(
    remedy("ext4", "no"),
    'a kernel with CONFIG_FS_VERITY, then "tune2fs -O verity /dev/vdb"',
  );
  assertEquals(remedy("f2fs", "yes"), 'a file system made by "mkfs.f2fs -O verity"');
  assertEquals(remedy("btrfs", "yes"), "Linux 5.15");
  assertEquals(remedy("tmpfs", "yes"), "ext4, f2fs or btrfs instead of tmpfs");
});

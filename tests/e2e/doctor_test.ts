import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { run } from "./process.ts";

interface Report {
  readonly path: string;
  readonly kernel: string;
  readonly fileSystem: { readonly type: string };
  readonly findings: readonly { readonly question: string; readonly answer: string }[];
  readonly verdict: { readonly works: boolean; readonly verity: boolean };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

testEach("doctor: a line for each finding, a verdict, and its exit status", {}, (subject) => {
  const { composefs, directory } = subject;
  const options = { cwd: directory };
  const human = run([...composefs, "doctor"], [], options);
  const json = run([...composefs, "doctor", "--json"], ["."], options);
  assertEquals([human.stderr, json.stderr], ["", ""]);
  const report = JSON.parse(text(json.stdout)) as Report;
  assertEquals(report.path, ".");
  assertEquals([human.code, json.code], report.verdict.works ? [0, 0] : [1, 1]);
  const [head, lines, advice] = text(human.stdout).split("\n\n").map((part) => part.split("\n"));
  assertEquals(head, [
    `Linux ${report.kernel}`,
    head![1]!.replace(/^\.: \S+,/, `.: ${report.fileSystem.type},`),
  ]);
  assertEquals(lines!.length, report.findings.length);
  report.findings.forEach(({ answer }, i) => {
    assert(new RegExp(`^\\S.{26,30}  ${answer}(\\W|$)`).test(lines![i]!), lines![i]!);
  });
  assert(advice![0]!.startsWith("mount.composefs "));
  assertEquals(readdirSync(directory), []);
});

testEach("doctor: takes an image for the directory it is in", {}, ({ composefs, path }) => {
  mkdirSync(path("images"));
  writeFileSync(path("images/a.cfs"), "");
  const { stdout } = run([...composefs, "doctor", "--json"], [path("images/a.cfs")]);
  assertEquals((JSON.parse(text(stdout)) as Report).path, path("images"));
});

testEach("doctor: a path that is not there is an error", {}, ({ composefs, path }) => {
  const { code, stdout, stderr } = run([...composefs, "doctor"], [path("absent")]);
  assertEquals([code, stdout.length], [1, 0]);
  assertEquals(
    stderr,
    `composefs: Cannot open "${path("absent")}": No such file or directory (ENOENT)\n`,
  );
});

testEach(
  "doctor: works without privilege, and says so",
  { root: true, tools: ["setpriv"] },
  ({ composefs, directory }) => {
    // Still root by name, so that runtime and sources are within reach.
    const command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", ...composefs, "doctor"];
    const { code, stdout, stderr } = run(command, ["--json"], { cwd: directory });
    assertEquals([code, stderr], [1, ""]);
    const { findings, verdict } = JSON.parse(text(stdout)) as Report;
    const answer = (name: string) => findings.find(({ question }) => question === name)?.answer;
    assertEquals(verdict.works, false);
    assertEquals(answer("root"), "no");
    assertEquals(answer("writable"), "yes");
    for (const name of ["dataLayers", "overlayVerity", "composefs"]) {
      assertEquals(answer(name), "unknown", name);
    }
    const human = run(command, [], { cwd: directory });
    assert(text(human.stdout).includes("\nmount.composefs does not work here.\n"));
  },
);

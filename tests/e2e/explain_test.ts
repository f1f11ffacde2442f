/**
 * Why two digests differ, asked of the program.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";

/** A dump of a small tree; `time` is that of the files in it. */
function dump(time: string, mode = "100644"): string {
  return [
    `/ 4096 40755 3 0 0 0 ${time} - - -`,
    `/usr 4096 40711 2 0 0 0 ${time} - - -`,
    ...["a", "b", "c"].map((name) =>
      `/usr/${name} 3 ${mode} 1 0 0 0 ${time} - ${name.repeat(3)} -`
    ),
  ].join("\n") + "\n";
}

function explain(subject: Subject, ...args: string[]) {
  return run([...subject.composefs, "explain"], args);
}

testEach("explain: names the rule between two dumps, and the format of an image", {}, (subject) => {
  const path = (name: string) => subject.path(name);
  writeFileSync(path("a.dump"), dump("1700000000.5"));
  writeFileSync(path("b.dump"), dump("1700000000.0"));
  const image = path("b.cfs");
  textOutput([...subject.composefs, "create"], ["--format=1", path("b.dump"), image]);
  const { code, stdout } = explain(subject, path("a.dump"), image);
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text);
  assert(text.includes("\n  format: the image is of format version 1\n"), text);
  assert(text.includes("\n  whole-seconds: times lose their fractions of a second\n"), text);
  assert(text.endsWith("The image that is made so has the digest of the second.\n"), text);

  const digest = textOutput([...subject.composefs, "digest"], [image]).trim();
  const found = explain(subject, path("a.dump"), `--expected=sha256:${digest}`, "--json");
  const { explained, answers } = JSON.parse(new TextDecoder().decode(found.stdout));
  assertEquals([found.code, explained], [0, true]);
  assertEquals([answers[0].format, answers[0].rules[0].name], [1, "whole-seconds"]);
});

testEach("explain: a directory and the image of it have equal digests", {}, (subject) => {
  const tree = subject.path("tree");
  mkdirSync(tree);
  writeFileSync(`${tree}/file`, "x".repeat(1000));
  const image = subject.path("image");
  textOutput([...subject.composefs, "create"], ["--hardlinks", "--hash=sha512", tree, image]);
  const { code, stdout } = explain(subject, tree, image);
  const text = new TextDecoder().decode(stdout);
  assertEquals([code, text.endsWith("\nThe digests are equal.\n")], [0, true], text);
});

testEach("explain: what no rule explains is listed, and the status is 1", {}, (subject) => {
  writeFileSync(subject.path("a.dump"), dump("1.0"));
  writeFileSync(subject.path("b.dump"), dump("1.0").replace("bbb", "bBb"));
  const { code, stdout } = explain(subject, subject.path("a.dump"), subject.path("b.dump"));
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 1, text);
  assert(text.endsWith("\n1 path differs all the same:\n  /usr/b: contents\n"), text);
  const none = explain(subject, subject.path("a.dump"), `--expected=${"0".repeat(64)}`);
  assertEquals(none.code, 1);
});

testEach("explain: wants a second operand or a digest, and not both", { once: true }, (subject) => {
  writeFileSync(subject.path("a.dump"), dump("1.0"));
  for (const more of [[], [subject.path("a.dump"), `--expected=${"0".repeat(64)}`]]) {
    const { code, stderr } = explain(subject, subject.path("a.dump"), ...more);
    assertEquals(code, 2);
    assert(stderr.startsWith("composefs: Cannot explain one image: expected SECOND"), stderr);
  }
});

/**
 * What copies and unpackers make of a tree, asked of `explain`: the programs are those of this machine.
 */

import { assertEquals } from "@std/assert";
import { chmodSync, mkdirSync } from "node:fs";
import { type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { NOBODY } from "./as_nobody.ts";

/** A tree with something in it that each of the programs loses; `src` in the directory of the test. */
const TREE = `
  set -e; umask 022
  mkdir -p src/usr/bin src/tmp src/data src/var/empty; cd src
  chmod 1777 tmp; chmod 2775 data; chmod 700 var
  echo tool >usr/bin/tool; chmod 4755 usr/bin/tool; ln usr/bin/tool usr/bin/tool2
  echo conf >data/conf; chmod 664 data/conf
  echo secret >data/secret; chmod 640 data/secret; chown 1000:1001 data/secret
  echo tmp >tmp/file; ln -s ../data/conf usr/bin/link
  for name in a b c d; do echo $name >data/$name; done
  mkfifo data/pipe
  i=0
  find . | sort -r | while read -r path; do
    i=$((i + 1)); touch -h -d "@$((1700000000 + i)).$((100000000 + i * 1234567))" "$path"
  done`;

function shell(subject: Subject, script: string): void {
  const { code, stderr } = run(["sh"], ["-c", script], { cwd: subject.directory });
  assertEquals(code, 0, stderr);
}

/** Names of the rules that are told, sorted; fails if they do not explain all. */
function rulesFor(subject: Subject, first: string, second: string): string[] {
  const text = textOutput([...subject.composefs, "explain"], [
    "--json",
    subject.path(first),
    subject.path(second),
  ]);
  const { explained, answers, left } = JSON.parse(text);
  assertEquals([explained, left], [true, []], text);
  const [best = []]: { name: string }[][] = answers.map((answer: { rules: unknown }) =>
    answer.rules
  );
  return best.map(({ name }) => name).sort();
}

interface Pair {
  readonly name: string;
  readonly tools: readonly string[];
  /** Fills `out` from `src`. */
  readonly script: string;
  readonly rules: readonly string[];
}

/** What unpacking without -p does to permissions. */
const CUT = ["no-set-id", "no-sticky", "umask"];

const PAIRS: readonly Pair[] = [
  { name: "cp -a", tools: ["cp"], script: "cp -a src/. out", rules: [] },
  {
    name: "cp -r",
    tools: ["cp"],
    script: "cp -r src/. out",
    rules: ["copy-times", "no-set-id", "one-owner", "split-links", "umask"],
  },
  { name: "rsync -a", tools: ["rsync"], script: "rsync -a src/ out", rules: ["split-links"] },
  {
    name: "rsync -rlpt",
    tools: ["rsync"],
    script: "rsync -rlpt src/ out",
    rules: ["no-devices", "one-owner", "split-links"],
  },
  {
    name: "GNU tar without -p",
    tools: ["tar"],
    script: "tar -C src --format=posix -cf a.tar .; tar -C out --no-same-permissions -xf a.tar",
    rules: CUT,
  },
  {
    name: "GNU tar in its own format",
    tools: ["tar"],
    script: "tar -C src --format=gnu -cf a.tar .; tar -C out -xpf a.tar",
    rules: ["whole-seconds"],
  },
  {
    name: "GNU tar as nobody, with umask 077",
    tools: ["tar", "setpriv"],
    script:
      `tar -C src --format=posix -cf a.tar .; chmod 644 a.tar; chown ${NOBODY}:${NOBODY} out; umask 077
      setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups tar -C out -xf a.tar`,
    rules: [...CUT, "one-owner"].sort(),
  },
  {
    name: "bsdtar",
    tools: ["bsdtar", "tar"],
    script: "tar -C src --format=posix -cf a.tar .; bsdtar -C out -xpf a.tar",
    rules: ["made-up-root"],
  },
  {
    name: "git clone",
    tools: ["git"],
    script: `cp -a src repo; cd repo; rm data/pipe; rm -rf ../src; cp -a . ../src
      git init -q; git add -A; git -c user.name=a -c user.email=a@b commit -qm x; cd ..
      rmdir out; git clone -q repo out; rm -rf out/.git`,
    rules: [
      "copy-times",
      "no-empty-directories",
      "one-owner",
      "plain-modes",
      "split-links",
    ],
  },
];

for (const { name, tools, script, rules } of PAIRS) {
  testEach(
    `explain: what ${name} makes of a tree`,
    { tools, root: true, once: true },
    (subject) => {
      shell(subject, TREE);
      mkdirSync(subject.path("out"));
      chmodSync(subject.path("out"), 0o755);
      shell(subject, `set -e; umask 022; ${script}`);
      assertEquals(rulesFor(subject, "src", "out"), [...rules]);
    },
  );
}

/**
 * Types into real shells, and looks at what the Tab key makes of it.
 */

import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bashCompletion } from "../../cli/args/bash.ts";
import { fishCompletion } from "../../cli/args/fish.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import { zshCompletion } from "../../cli/args/zsh.ts";
import { makeWorkspace, missing, moduleWorkspace, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";

const TAB = "\t";

/** What is typed, and the words that the command then gets. */
const CASES: readonly (readonly [string, string])[] = [
  [`composefs mkcom${TAB}`, "<mkcomposefs>"],
  [`composefs unins${TAB} --dry${TAB}`, "<uninstall><--dry-run>"],
  [`composefs composefs-info miss${TAB} image`, "<composefs-info><missing-objects><image>"],
  [`composefs create --stor${TAB}objects`, "<create><--store=objects>"],
  [`composefs ls fil${TAB}`, "<ls><file-to-find>"],
  [`composefs create --store=fil${TAB}`, "<create><--store=file-to-find>"],
  [`mkcomposefs --digest-st${TAB}objects`, "<--digest-store=objects>"],
  [`composefs ls docker-arch${TAB}fil${TAB}`, "<ls><docker-archive:file-to-find>"],
  [`composefs-info dump fil${TAB}`, "<dump><file-to-find>"],
  [`composefs mount -o nosu${TAB},based${TAB}`, "<mount><-o><nosuid,basedir=>"],
  [`mkcomposefs --print-digest-o${TAB}`, "<--print-digest-only>"],
  [`composefs-info meas${TAB}`, "<measure-file>"],
  [`fsverity digest --hash-alg=sha51${TAB}`, "<digest><--hash-alg=sha512>"],
  [`fsverity digest --hash-alg sha25${TAB}`, "<digest><--hash-alg><sha256>"],
  [`composefs fsverity digest --hash-alg=sha51${TAB}`, "<fsverity><digest><--hash-alg=sha512>"],
  [`composefs cat in.cfs /etc/mo${TAB}`, "<cat><in.cfs></etc/motd>"],
  [`composefs stat --json in.cfs etc/mo${TAB}`, "<stat><--json><in.cfs><etc/motd>"],
  [`composefs extract dump:in.dump out /etc/a${TAB}`, "<extract><dump:in.dump><out></etc/a b>"],
  [`composefs extract in.cfs fil${TAB}`, "<extract><in.cfs><file-to-find>"],
  [`composefs ls image:in.cfs --path=/etc/mo${TAB}`, "<ls><image:in.cfs><--path=/etc/motd>"],
  [`composefs diff oci-arch${TAB}x in.cfs`, "<diff><oci-archive:x><in.cfs>"],
  [
    `composefs diff in.cfs in.dump --path=/etc/mo${TAB}`,
    "<diff><in.cfs><in.dump><--path=/etc/motd>",
  ],
  [`composefs cat "an image:1" /etc/mo${TAB}`, "<cat><an image:1></etc/motd>"],
  [`composefs stat an\\ image:1 /etc/mo${TAB}`, "<stat><an image:1></etc/motd>"],
  [
    `composefs cat --store o -- in.cfs /x /etc/mo${TAB}`,
    "<cat><--store><o><--><in.cfs></x></etc/motd>",
  ],
  [`composefs verify in.cfs --path /etc/mo${TAB}`, "<verify><in.cfs><--path></etc/motd>"],
];

/** Those in which one Tab does not complete a word, too: fish is asked what it offers, and types nothing. */
const TYPED: typeof CASES = [
  ...CASES,
  [`composefs cat in.cfs /e${TAB}mo${TAB}`, "<cat><in.cfs></etc/motd>"],
  [`composefs dump in.cfs --path=et${TAB}mo${TAB}`, "<dump><in.cfs><--path=etc/motd>"],
];

const NAMES = ["composefs", "mkcomposefs", "composefs-info", "fsverity"];

/** The programs, as functions that show what they are called with; then an end that can be seen. */
const FUNCTIONS = NAMES.map((name) => `${name}() { printf '<%s>' "$@"; echo; }`).join("\n");

const directory = moduleWorkspace();
writeFileSync(join(directory, "file-to-find"), "");

// Completions of paths in images ask the program itself.
const PROGRAM = PROGRAMS.findLast(({ available }) => available)!.command;
const BIN = join(directory, "bin");
mkdirSync(BIN);
writeFileSync(join(BIN, "composefs"), `#!/bin/sh\nexec ${PROGRAM.join(" ")} "$@"\n`, {
  mode: 0o755,
});
const PATH = `${BIN}:${process.env.PATH}`;

writeFileSync(
  join(directory, "in.dump"),
  ["/", "/etc", "/etc/a\\x20b", "/etc/motd", "/home"].map((path) =>
    path.includes("etc/")
      ? `${path} 2 100644 1 0 0 0 0.0 - hi -\n`
      : `${path} 0 40755 ${path === "/" ? 4 : 2} 0 0 0 0.0 - - -\n`
  ).join(""),
);
for (const image of ["in.cfs", "an image:1"]) {
  output(PROGRAM, ["create", "in.dump", image], { cwd: directory });
}

/**
 * Types lines into a shell at a terminal, each once the one before has been answered.
 *
 * @param ready A line that the shell prints when it can be typed into.
 * @returns The answers: lines that begin with `<`.
 */
async function type(shell: string, start: string, ready: string): Promise<string[]> {
  const child = spawn("script", ["-qec", shell, "/dev/null"], {
    cwd: directory,
    env: {
      ...process.env,
      PATH,
      TERM: "xterm",
      HOME: directory,
      PS1: "",
      LC_ALL: "C",
      COLUMNS: "200",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const pending = [...TYPED];
  const answers: string[] = [];
  let text = "";
  function typeNext(): void {
    const next = pending.shift();
    if (next === undefined) child.stdin.end("exit\n");
    else child.stdin.write(`${next[0]}\n`);
  }
  child.stdin.write(start);
  for await (const chunk of child.stdout) {
    text += chunk;
    for (let end; (end = text.indexOf("\n")) !== -1; text = text.slice(end + 1)) {
      // Shells tell the terminal what to do with what is pasted, and zsh which line it is in.
      // deno-lint-ignore no-control-regex
      const line = text.slice(0, end).replace(/\r|\x1b\[[?\d;]*[A-Za-z]/g, "");
      if (line.startsWith("<")) answers.push(line);
      else if (line !== ready) continue;
      typeNext();
    }
  }
  clearTimeout(timer);
  return answers;
}

const EXPECTED = TYPED.map(([, answer]) => answer);

function testShell(shell: string, body: () => Promise<void> | void): void {
  const reason = missing({ tools: shell === "fish" ? [shell] : [shell, "script"] });
  Deno.test({ name: `completion: ${shell}${reason}`, ignore: reason !== "", fn: body });
}

testShell("bash", async () => {
  const script = join(directory, "start.bash");
  writeFileSync(script, `${bashCompletion(COMPOSEFS)}\n${FUNCTIONS}\nPS1=\necho READY\n`);
  const answers = await type("bash --norc --noprofile -i", `source ${script}\n`, "READY");
  assertEquals(answers, EXPECTED);
});

testShell("zsh", async () => {
  const functions = join(directory, "functions");
  mkdirSync(functions);
  writeFileSync(join(functions, "_composefs"), zshCompletion(COMPOSEFS));
  const script = join(directory, "start.zsh");
  const load = `fpath=(${functions} $fpath); autoload -Uz compinit; compinit -u -D`;
  writeFileSync(script, `PS1=\n${load}\n${FUNCTIONS}\necho READY\n`);
  const answers = await type("zsh -f -i", `source ${script}\n`, "READY");
  assertEquals(answers, EXPECTED);
});

testShell("fish", () => {
  const script = join(directory, "composefs.fish");
  writeFileSync(script, fishCompletion(COMPOSEFS));
  const home = makeWorkspace();
  try {
    for (const [typed, answer] of CASES) {
      const line = typed.slice(0, typed.indexOf(TAB));
      const command = `source ${script}; complete -C ${JSON.stringify(line)}`;
      const found = textOutput(["fish", "--no-config"], ["-c", command], {
        cwd: directory,
        env: { HOME: home, PATH },
      });
      const words = found.trimEnd().split("\n").map((offer) => offer.split("\t")[0]!);
      // fish offers the option and leaves the equals sign to whoever types; so far only the first Tab is typed.
      const expected = answer.slice(1, -1).split("><")
        .find((word) => word.startsWith(line.slice(line.lastIndexOf(" ") + 1)))!;
      assertEquals(words, [expected.replace(/=objects$|,.*$|(?<=:).*$/, "")], line);
    }
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});

testEach("complete-path: lists paths in images and dumps, and says nothing else", {}, (subject) => {
  const complete = (...words: string[]) => {
    const args = ["complete-path", "--", ...words];
    const { code, stdout, stderr } = run(subject.composefs, args, { cwd: subject.directory });
    assertEquals(stderr, "", words.join(" "));
    return [code, ...new TextDecoder().decode(stdout).split("\n").slice(0, -1)];
  };
  const { path } = subject;
  const file = (path: string) => `${path} 2 100644 1 0 0 0 0.0 - hi -`;
  const lines = [
    "/ 0 40755 4 0 0 0 0.0 - - -",
    "/bin 7 120777 1 0 0 0 0.0 usr/bin - -",
    "/usr 0 40755 3 0 0 0 0.0 - - -",
    "/usr/bin 0 40755 2 0 0 0 0.0 - - -",
    ...["bash", "bo\\x0ald", "bo\\xff", "cat"].map((name) => file(`/usr/bin/${name}`)),
  ];
  writeFileSync(path("dump"), lines.join("\n") + "\n");
  output(subject.composefs, ["create", path("dump"), path("image")]);
  for (const image of ["image", "dump", "image:image", "dump:dump"]) {
    assertEquals(complete("cat", image, ""), [0, "/bin", "/usr/"]);
    assertEquals(complete("cat", image, "/u"), [0, "/usr/"]);
    assertEquals(complete("cat", image, "usr/bin/ba"), [0, "usr/bin/bash"]);
    assertEquals(complete("cat", image, "/usr/bin/b"), [0, "/usr/bin/bash", "/usr/bin/bo\ufffd"]);
    assertEquals(complete("cat", image, "/nowhere/b"), [0]);
  }
  // Where links are followed, one to a directory is as good as the directory.
  assertEquals(complete("stat", "image", "/b"), [0, "/bin/"]);
  assertEquals(complete("stat", "image", "/x", "/bin/c"), [0, "/bin/cat"]);
  assertEquals(complete("extract", "image", "out", "/b"), [0, "/bin"]);
  assertEquals(complete("extract", "image", "out", "/bin/c"), [0]);
  assertEquals(complete("ls", "-l", "image", "--path=/usr/bin/c"), [0, "/usr/bin/cat"]);
  assertEquals(complete("verify", "--store", "o", "image", "--path", ""), [0, "/bin", "/usr/"]);
  // What is none, or no image, or would take long.
  for (
    const words of [
      ["cat", "im"],
      ["extract", "image", "di"],
      ["ls", "image", "im"],
      ["ls", "--path=/usr"],
      ["ls", "--long=/usr"],
      ["frob", "image", "/"],
      ["composefs-info", "ls", "image"],
    ]
  ) assertEquals(complete(...words), [1], words.join(" "));
  writeFileSync(path("text"), "no image\n");
  writeFileSync(path("broken"), readFileSync(path("image")).subarray(0, 2000));
  writeFileSync(path("long"), lines.join("\n") + "\n" + `${file("/usr/bin/d")}\n`.repeat(250_000));
  output(["tar"], ["-cf", path("tar"), "-C", subject.directory, "image"]);
  output(["mkfifo"], [path("fifo")]);
  for (
    const image of ["none", "text", "broken", "long", "tar", "fifo", "-", "dump:-", ".", "dir:."]
  ) {
    assertEquals(complete("cat", image, "/u"), [0], image);
  }
  const many = Array.from({ length: 3000 }, (_, i) => file(`/usr/bin/d${i}`)).sort();
  writeFileSync(path("many"), [...lines, ...many].join("\n") + "\n");
  assertEquals(complete("cat", "many", "/usr/bin/d").length, 2001);
  assertEquals(textOutput(subject.composefs, ["help"]).includes("complete-path"), false);
});

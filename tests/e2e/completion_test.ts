/**
 * Types into real shells, and looks at what the Tab key makes of it.
 */

import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bashCompletion } from "../../cli/args/bash.ts";
import { fishCompletion } from "../../cli/args/fish.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import { zshCompletion } from "../../cli/args/zsh.ts";
import { makeWorkspace, missing, moduleWorkspace } from "./each_program.ts";
import { textOutput } from "./process.ts";

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
];

const PROGRAMS = ["composefs", "mkcomposefs", "composefs-info", "fsverity"];

/** The programs, as functions that show what they are called with; then an end that can be seen. */
const FUNCTIONS = PROGRAMS.map((name) => `${name}() { printf '<%s>' "$@"; echo; }`).join("\n");

const directory = moduleWorkspace();
writeFileSync(join(directory, "file-to-find"), "");

/**
 * Types lines into a shell at a terminal, each once the one before has been answered.
 *
 * @param ready A line that the shell prints when it can be typed into.
 * @returns The answers: lines that begin with `<`.
 */
async function type(shell: string, start: string, ready: string): Promise<string[]> {
  const child = spawn("script", ["-qec", shell, "/dev/null"], {
    cwd: directory,
    env: { ...process.env, TERM: "xterm", HOME: directory, PS1: "", LC_ALL: "C", COLUMNS: "200" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const pending = [...CASES];
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

const EXPECTED = CASES.map(([, answer]) => answer);

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
        env: { HOME: home },
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

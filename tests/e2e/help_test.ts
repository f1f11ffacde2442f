import { assert, assertEquals, assertMatch } from "@std/assert";
import { bashCompletion } from "../../cli/args/bash.ts";
import { type Command, type Entry, type Group } from "../../cli/args/command.ts";
import { fishCompletion } from "../../cli/args/fish.ts";
import { zshCompletion } from "../../cli/args/zsh.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import { VERSION } from "../../cli/version.ts";
import { testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";

/** The words that lead to each command and group. */
function callPaths(entry: Entry, path: readonly string[] = []): (readonly string[])[] {
  if (entry.kind === "command") return [path];
  return [path, ...entry.commands.flatMap((child) => callPaths(child, [...path, child.name]))];
}

function find(path: readonly string[]): Command | Group {
  return path.reduce<Entry>(
    (entry, name) => (entry as Group).commands.find((child) => child.name === name)!,
    COMPOSEFS,
  );
}

const OWN_VERSION =
  /^composefs-ts [\d.]+ \((commit [0-9a-f]+, )?(Deno|Bun) [\d.]+; as mkcomposefs 1\.0\.8\)\n$/;

testEach("help: every command has help and version, and exits 0", { long: true }, (subject) => {
  for (const path of callPaths(COMPOSEFS)) {
    const command = [...subject.composefs, ...path];
    const help = textOutput(command, ["--help"]);
    const { summary, name } = find(path);
    // A long summary goes over two lines.
    const text = help.replace(/\s+/g, " ");
    assert(text.includes(summary) && text.includes(name), `${path.join(" ")}: ${help}`);
    assert(help.split("\n").every((line) => line.length <= 80), help);
  }
  for (
    const path of [[], ["mkcomposefs"], ["composefs-info"], ["composefs-info", "ls"], ["fsverity"]]
  ) {
    const text = textOutput([...subject.composefs, ...path], ["--version"]);
    // Our own name says what it is made of, too.
    if (path.length === 0) assertMatch(text, OWN_VERSION);
    else assert(text.endsWith(` (composefs-ts) ${VERSION}\n`), text);
    assertEquals(text.split("\n").length, 2);
  }
});

testEach("help: counts wherever it stands, before mistakes that follow it", {}, (subject) => {
  const help = textOutput(subject.tool("mkcomposefs"), ["--help"]);
  assertEquals(textOutput(subject.tool("mkcomposefs"), ["a", "b", "c", "--help", "--bad"]), help);
});

testEach(
  "help: help COMMAND is COMMAND --help, and completions are those that are installed",
  {},
  (subject) => {
    const { composefs } = subject;
    assertEquals(textOutput(composefs, ["help", "ls"]), textOutput(composefs, ["ls", "--help"]));
    assertEquals(textOutput(composefs, ["help"]), textOutput(composefs, ["-h"]));
    assertEquals(
      textOutput(composefs, ["help", "fsverity", "sign"]),
      textOutput(composefs, ["fsverity", "sign", "--help"]),
    );
    const wrong = run(composefs, ["help", "ls", "more"]);
    assertEquals([wrong.code, wrong.stdout.length], [2, 0]);
    const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
    for (const [shell, script] of Object.entries(scripts)) {
      assertEquals(textOutput(composefs, ["completions", shell]), script(COMPOSEFS));
    }
  },
);

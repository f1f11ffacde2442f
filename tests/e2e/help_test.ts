import { assert, assertEquals } from "@std/assert";
import { type Command, type Entry, type Group } from "../../cli/args/command.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import { VERSION } from "../../cli/version.ts";
import { testEach } from "./each_program.ts";
import { textOutput } from "./process.ts";

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

testEach("help: every command has help and version, and exits 0", { long: true }, (subject) => {
  for (const path of callPaths(COMPOSEFS)) {
    const command = [...subject.composefs, ...path];
    const help = textOutput(command, ["--help"]);
    const { summary, name } = find(path);
    assert(help.includes(summary) && help.includes(name), `${path.join(" ")}: ${help}`);
    assert(help.split("\n").every((line) => line.length <= 80), help);
  }
  for (
    const path of [[], ["mkcomposefs"], ["composefs-info"], ["composefs-info", "ls"], ["fsverity"]]
  ) {
    const text = textOutput([...subject.composefs, ...path], ["--version"]);
    assert(text.includes("composefs-ts") && text.endsWith(` ${VERSION}\n`), text);
    assertEquals(text.split("\n").length, 2);
  }
});

testEach("help: counts wherever it stands, before mistakes that follow it", {}, (subject) => {
  const help = textOutput(subject.tool("mkcomposefs"), ["--help"]);
  assertEquals(textOutput(subject.tool("mkcomposefs"), ["a", "b", "c", "--help", "--bad"]), help);
});

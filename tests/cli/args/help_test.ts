import { assert, assertEquals } from "@std/assert";
import { defineCommand, type Entry, type Group } from "../../../cli/args/command.ts";
import { helpText, usageText, wrap } from "../../../cli/args/help.ts";
import { COMPOSEFS } from "../../../cli/program.ts";

const command = defineCommand({
  name: "make",
  summary: "Make a thing",
  description: ["It is made of other things, and takes as long as the other things are many."],
  options: {
    out: { kind: "value", value: "FILE", short: "o", summary: "Write to FILE", default: "a.out" },
    filter: { kind: "list", value: "NAME", summary: "Keep NAME" },
    "an-option-with-a-long-name": { kind: "flag", summary: "Be long", help: "And stay so." },
    secret: { kind: "flag", summary: "Hidden", hidden: true },
  },
  operands: {
    source: { name: "SOURCE", summary: "What to make it of" },
    others: { name: "OTHER", summary: "More of it", optional: true, repeated: true },
  },
  examples: [{ summary: "Make one", command: "make x" }],
  exitStatus: ["0 if it was made."],
  seeAlso: ["make(1)", "cc(1)"],
  run: () => 0,
});

const group: Group = {
  kind: "group",
  name: "tool",
  summary: "Do things",
  description: [],
  options: {},
  commands: [command],
};

Deno.test("helpText() prints the whole table in columns", () => {
  assertEquals(
    helpText(command, "tool make", 60, true),
    `Usage: tool make [OPTIONS] SOURCE [OTHER...]

Make a thing.

It is made of other things, and takes as long as the other
things are many.

Operands:
  SOURCE  What to make it of
  OTHER   More of it

Options:
  -o, --out=FILE              Write to FILE (default=a.out)
      --filter=NAME           Keep NAME (may be repeated)
      --an-option-with-a-long-name
                              Be long
                              And stay so.
      --help                  Print this help and exit
      --version               Print the version and exit
      --debug                 Print the stack of an error

Examples:
  Make one:
    make x

Exit status:
  0 if it was made.

See also:
  make(1), cc(1)
`,
  );
});

Deno.test("helpText() of a group lists its commands", () => {
  const text = helpText(group, "tool");
  assert(text.startsWith("Usage: tool [OPTIONS] COMMAND [ARGUMENTS]\n"));
  assert(text.includes("\nCommands:\n  make  Make a thing\n"));
});

Deno.test("helpText() ends with exit statuses, under our own name with that of a wrong command line", () => {
  const statusOf = (entry: Entry, asC: boolean) =>
    /\nExit status:\n([^]*?)(\n\n|$)/.exec(helpText(entry, "make", 80, asC))?.[1];
  const { exitStatus: _, ...silent } = command;
  assertEquals(statusOf(command, true), "  0 if it was made.");
  assertEquals(statusOf(command, false), "  0 if it was made.\n  2 for a wrong command line.");
  assertEquals(statusOf(silent, false), "  0 done, 1 failed.\n  2 for a wrong command line.");
  assertEquals(statusOf(silent, true), undefined);
});

Deno.test("helpText() has topics below the options: what is said of all, then one by one", () => {
  const rows = [
    { left: "a", summary: "Do a" },
    { left: "long-word, another-long-word, one-more-word, and-a-last-word", summary: "Do more" },
  ];
  const topics = [{ title: "Words", text: ["There are words."], rows }];
  const text = helpText({ ...command, topics }, "make", 60, true);
  const column = " ".repeat(30);
  assert(
    text.includes(
      "\n\nWords:\n  There are words.\n\n" + `  a${column.slice(3)}Do a\n` +
        "  long-word, another-long-word, one-more-word,\n  and-a-last-word\n" +
        `${column}Do more\n\nExamples:`,
    ),
    text,
  );
});

Deno.test("helpText() lists commands by what they are about, in one pair of columns", () => {
  const other = { ...command, name: "look-at" };
  const sections = [{ title: "Make", commands: [command] }, {
    title: "Look",
    commands: [other],
  }];
  const text = helpText({ ...group, commands: [command, other], sections }, "tool");
  assert(text.includes("\nMake:\n  make     Make a thing\n\nLook:\n  look-at  Make a thing\n\n"));
});

Deno.test("helpText() has the letters of common options, and more of these, under our name only", () => {
  const own = helpText(group, "tool");
  assert(own.includes("\n  -h, --help "));
  assert(own.includes("\n  -q, --quiet "));
  const asC = helpText(group, "tool", 80, true);
  assert(asC.includes("\n  --help "));
  assert(!asC.includes("--quiet"));
});

Deno.test("usageText() prints one line an option", () => {
  assertEquals(
    usageText(command, "tool make"),
    `Usage: tool make [OPTIONS] SOURCE [OTHER...]
Options:
  -o, --out=FILE                    Write to FILE (default=a.out)
      --filter=NAME                 Keep NAME (may be repeated)
      --an-option-with-a-long-name  Be long
`,
  );
  assertEquals(
    usageText(group, "tool"),
    "Usage: tool [OPTIONS] COMMAND [ARGUMENTS]\nCommands:\n  make  Make a thing\n",
  );
});

Deno.test("usageText() of a command without options has no empty title", () => {
  const bare = defineCommand({ ...command, options: {}, synopsis: ["FILE"], run: () => 0 });
  assertEquals(usageText(bare, "bare"), "Usage: bare FILE\n");
});

Deno.test("wrap() breaks at spaces and leaves long words whole", () => {
  assertEquals(wrap("aa bb cc", 5), ["aa bb", "cc"]);
  assertEquals(wrap("aa bb cc", 4), ["aa", "bb", "cc"]);
  assertEquals(wrap("aaaaaaaaaa b", 4), ["aaaaaaaaaa", "b"]);
  assertEquals(wrap("", 4), [""]);
});

Deno.test("helpText() of every command stays within the width, examples aside", () => {
  for (const [called, entry] of entries(COMPOSEFS, COMPOSEFS.name)) {
    for (const width of [60, 80, 100]) {
      const [table] = helpText(entry, called, width).split("\nExamples:\n");
      const body = table!.split("\n").filter((line) => !/^(Usage:| {7}\S)/.test(line));
      for (const line of body) assert(line.length <= width, `${called} at ${width}: ${line}`);
    }
  }
});

function entries(entry: Entry, called: string): [string, Entry][] {
  if (entry.kind === "command") return [[called, entry]];
  return [
    [called, entry],
    ...entry.commands.flatMap((child) => entries(child, `${called} ${child.name}`)),
  ];
}

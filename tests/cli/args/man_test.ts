import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { allOptions, type Entry, type Group } from "../../../cli/args/command.ts";
import { manPages } from "../../../cli/args/man.ts";
import { COMPOSEFS } from "../../../cli/program.ts";
import { missing, moduleWorkspace } from "../../e2e/each_program.ts";

/** A table in which everything is odd that a page has to escape. */
const ODD: Group = {
  kind: "group",
  name: "odd",
  summary: "Show odd text",
  program: { usageStatus: 2, printUsage: false },
  description: [".SH is no heading.", "'quoted' and \\fBbackslashed\\fR, 10 % – ¼."],
  options: {},
  commands: [],
  examples: [{ summary: "Quote", command: `.odd 'a b' "$HOME" \`x\` ^~ \\n` }],
};

/** Commands whose options a page has to name. */
function entriesOn(entry: Entry): Entry[] {
  if (entry.kind === "command") return [entry];
  return [entry, ...entry.commands.filter(({ program }) => !program).flatMap(entriesOn)];
}

Deno.test("manPages() has a page for each program, mount.composefs in section 8", () => {
  assertEquals(manPages(COMPOSEFS).map(({ file }) => file).sort(), [
    "composefs-dump.1",
    "composefs-info.1",
    "composefs.1",
    "fsverity.1",
    "mkcomposefs.1",
    "mount.composefs.8",
  ]);
});

Deno.test("manPages() names every option of every command", () => {
  const pages = new Map(manPages(COMPOSEFS).map(({ file, text }) => [file, text]));
  for (const program of [COMPOSEFS, ...COMPOSEFS.commands.filter((entry) => entry.program)]) {
    const text = pages.get(`${program.name}.1`) ?? pages.get(`${program.name}.8`)!;
    for (const entry of entriesOn(program)) {
      for (const [name, option] of Object.entries(allOptions(entry, program !== COMPOSEFS))) {
        if (option.hidden) continue;
        const spelled = `--${name}`.replaceAll("-", "\\-");
        assert(text.includes(spelled), `${program.name}: ${entry.name} --${name}`);
      }
    }
  }
});

Deno.test("manPages() escapes what roff would read", () => {
  const [page] = manPages(ODD);
  assert(!/^\.SH is/m.test(page!.text), page!.text);
  assert(page!.text.includes("\n\\&.SH is no heading."));
  assert(page!.text.includes("\\efBbackslashed\\efR"));
  // deno-lint-ignore no-control-regex
  assert(/^[\x00-\x7f]*$/.test(page!.text), "not ASCII");
});

const directory = moduleWorkspace();
const reason = missing({ tools: ["man"] });

function render(file: string, text: string): string {
  const path = `${directory}/${file}`;
  Deno.writeTextFileSync(path, text);
  const environment = { ...Deno.env.toObject(), LC_ALL: "C.UTF-8", MANWIDTH: "80" };
  for (const options of [["-Tutf8", "-Z"], []]) {
    const done = spawnSync("man", ["--warnings", "-E", "UTF-8", "-l", ...options, path], {
      encoding: "utf8",
      env: environment,
    });
    assertEquals([done.status, done.stderr], [0, ""], file);
    if (options.length === 0) return done.stdout;
  }
  throw new Error("unreachable");
}

Deno.test({
  name: `manual pages: man shows them without a warning${reason}`,
  ignore: reason !== "",
  fn() {
    for (const { file, text } of manPages(COMPOSEFS)) {
      const shown = render(file, text);
      for (const heading of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"]) {
        assert(shown.includes(`\n${heading}\n`), `${file}: no ${heading}`);
      }
    }
    const odd = render("odd.1", manPages(ODD)[0]!.text);
    assert(odd.includes(`.odd 'a b' "$HOME" \`x\` ^~ \\n`), odd);
    assert(odd.includes("'quoted' and \\fBbackslashed\\fR, 10 % – ¼."), odd);
  },
});

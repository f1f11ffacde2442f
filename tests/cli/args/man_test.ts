import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { allOptions, type Entry, type Group } from "../../../cli/args/command.ts";
import { placesOf } from "../../../cli/args/completions.ts";
import { helpText } from "../../../cli/args/help.ts";
import { type ManPage, manPages } from "../../../cli/args/man.ts";
import { FORMAT_PAGES } from "../../../cli/manual/pages.ts";
import { COMPOSEFS } from "../../../cli/program.ts";
import { MOUNT_OPTION_WORDS } from "../../../lib/mount/option_help.ts";
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

const PAGES = manPages(COMPOSEFS, FORMAT_PAGES);

/** How a page is referred to: `mkcomposefs(1)`. */
function referenceOf({ file }: Pick<ManPage, "file">): string {
  return file.replace(/\.(\d)$/, "($1)");
}

/** A page as it reads, without fonts and escapes. */
function readable({ text }: ManPage): string {
  return text.replace(/\\f[BR]/g, "").replaceAll("\\-", "-").replaceAll("\\e", "\\");
}

function pageOf(reference: string): string {
  const found = PAGES.find((page) => referenceOf(page) === reference);
  if (found === undefined) throw new Error(`no page ${reference}`);
  return readable(found);
}

/** Pages of other packages. */
const FOREIGN = ["fstab(5)", "mkfs.erofs(1)", "mount(8)", "setfiles(8)", "stat(2)"];

/** Each command, the words that call it, and the page that it is on. */
interface Place {
  readonly entry: Entry;
  readonly words: readonly string[];
  readonly page: string;
  readonly asC: boolean;
}

function placesIn(entry: Entry, place: Omit<Place, "entry">): Place[] {
  const own = { entry, ...place };
  if (entry.kind === "command") return [own];
  return [
    own,
    ...entry.commands.flatMap((child) => {
      const isProgram = child.program !== undefined;
      const page = isProgram
        ? `${child.name}(${child.name.startsWith("mount.") ? 8 : 1})`
        : place.asC
        ? place.page
        : `composefs-${child.name}(1)`;
      const words = isProgram ? [child.name] : [...place.words, child.name];
      return placesIn(child, { words, page, asC: place.asC || isProgram });
    }),
  ];
}

const PLACES = placesIn(COMPOSEFS, { words: ["composefs"], page: "composefs(1)", asC: false });

Deno.test("manPages() has a page for each command, each program and each format", () => {
  const expected = new Set([
    ...PLACES.map(({ page }) => page),
    "composefs-dump(5)",
    "composefs-image(5)",
  ]);
  assertEquals(PAGES.map(referenceOf).sort(), [...expected].sort());
  for (const { file, section } of PAGES) assert(file.endsWith(`.${section}`), file);
});

Deno.test("composefs(1) names all other pages", () => {
  const text = pageOf("composefs(1)");
  const seeAlso = text.slice(text.indexOf('.SH "SEE ALSO"'));
  for (const name of PAGES.map(referenceOf).filter((name) => name !== "composefs(1)")) {
    assert(seeAlso.includes(name), name);
  }
});

Deno.test("manual pages, and help, refer to pages that there are, in the section that they are in", () => {
  const known = [...PAGES.map(referenceOf), ...FOREIGN];
  const texts = [
    ...PAGES.map((page) => [page.file, readable(page)]),
    ...PLACES.map(({ entry, words }) => [words.join(" "), helpText(entry, words.join(" "))]),
  ];
  const used = new Set<string>();
  for (const [where, text] of texts) {
    for (const [name] of text!.matchAll(/[a-z][\w.-]*\([1-9]\)/g)) {
      assert(known.includes(name), `${where}: ${name}`);
      used.add(name);
    }
  }
  assertEquals(FOREIGN.filter((name) => !used.has(name)), []);
});

Deno.test("help, manual pages and completions have the same commands, options and summaries", () => {
  const completions = placesOf(COMPOSEFS);
  for (const { entry, words, page, asC } of PLACES) {
    const called = words.join(" ");
    const text = pageOf(page);
    const help = helpText(entry, called, 100, asC);
    const offered = completions.find((place) => place.words.join(" ") === called)!;
    assert(text.includes(entry.summary) && help.includes(entry.summary), called);
    if (entry.kind === "group") {
      assertEquals(
        offered.commands.map(({ name }) => name),
        entry.commands.map(({ name }) => name),
      );
      for (const { name } of entry.commands) {
        assert(help.includes(`\n  ${name} `), `${called}: ${name} in help`);
        assert(text.includes(`${name}\n`) || text.includes(`${name}"\n`), `${called}: ${name}`);
      }
    }
    const options = Object.entries(allOptions(entry, asC)).filter(([, { hidden }]) => !hidden);
    assertEquals(offered.options.map(({ long }) => long), options.map(([name]) => `--${name}`));
    for (const [name, { summary }] of options) {
      const spelled = new RegExp(`--${name}(?![\\w-])`);
      assert(spelled.test(help), `${called} --${name} in help`);
      assert(spelled.test(text), `${called} --${name} in ${page}`);
      assert(text.includes(`${summary}`), `${called} --${name}: its summary in ${page}`);
    }
    for (const { rows } of entry.topics ?? []) {
      for (const { left, summary } of rows) {
        assert(text.includes(`${left}\n${summary}.`), `${page}: ${left}`);
      }
    }
  }
});

Deno.test("mount.composefs(8) and composefs-mount(1) explain every word that -o takes", () => {
  for (const page of ["mount.composefs(8)", "composefs-mount(1)"]) {
    const text = pageOf(page);
    const section = text.slice(text.indexOf('.SH "MOUNT OPTIONS"'));
    for (const word of MOUNT_OPTION_WORDS) {
      const items = section.match(/(?<=^\.TP\n).*$/gm) ?? [];
      const found = items.filter((item) => item.split(", ").some((form) => starts(form, word)));
      assertEquals(found.length, 1, `${page}: ${word}`);
    }
  }
});

function starts(form: string, word: string): boolean {
  return word.endsWith("=") ? form.startsWith(word) : form === word;
}

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
    for (const { file, section, text } of PAGES) {
      const shown = render(file, text);
      const headings = ["NAME", "DESCRIPTION", "SEE ALSO"];
      for (const heading of section === 5 ? headings : [...headings, "SYNOPSIS", "OPTIONS"]) {
        assert(shown.includes(`\n${heading}\n`), `${file}: no ${heading}`);
      }
    }
    const odd = render("odd.1", manPages(ODD)[0]!.text);
    assert(odd.includes(`.odd 'a b' "$HOME" \`x\` ^~ \\n`), odd);
    assert(odd.includes("'quoted' and \\fBbackslashed\\fR, 10 % – ¼."), odd);
  },
});

import { assert, assertEquals } from "@std/assert";
import { allOptions, type Command, type Entry, GLOBAL_OPTIONS } from "../../cli/args/command.ts";
import { mkcomposefs } from "../../cli/compat/mkcomposefs.ts";
import { fsverityDigest } from "../../cli/commands/fsverity/fsverity.ts";
import { tokens } from "../../cli/args/_getopt.ts";
import { parse } from "../../cli/args/parse.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import { UsageError } from "../../cli/args/usage_error.ts";
import { utf8 } from "../../lib/bytes/text.ts";

/** Narrows: the assertions of this import map come without types. */
function ran<Asked extends { readonly kind: string }>(
  asked: Asked,
): Extract<Asked, { kind: "run" }> {
  if (asked.kind !== "run") throw new Error(`found ${asked.kind}, expected run`);
  return asked as Extract<Asked, { kind: "run" }>;
}

function everyEntry(entry: Entry): Entry[] {
  return entry.kind === "command" ? [entry] : [entry, ...entry.commands.flatMap(everyEntry)];
}

/** Entries below a C program's name, itself included. */
const AS_C = new Set(
  COMPOSEFS.commands.filter(({ program }) => program !== undefined).flatMap(everyEntry),
);

function everyCommand(): Command[] {
  return everyEntry(COMPOSEFS).filter((entry) => entry.kind === "command");
}

Deno.test("tables: texts are one line, summaries without a final period", () => {
  for (const entry of everyEntry(COMPOSEFS)) {
    const operands = entry.kind === "command" ? Object.values(entry.operands) : [];
    const options = Object.values(allOptions(entry, AS_C.has(entry)));
    const topics = [...entry.topics ?? [], ...entry.manual?.topics ?? []];
    const rows = topics.flatMap(({ rows }) => rows);
    for (const { summary } of [entry, ...operands, ...options, ...rows]) {
      assert(/^[A-Z][^\n]*[^.\n]$/.test(summary), `${entry.name}: ${summary}`);
    }
    const { introduction = [] } = entry.manual ?? {};
    for (
      const text of [
        ...entry.description,
        ...introduction,
        ...topics.flatMap(({ text }) => text),
      ]
    ) {
      assert(/^\S[^\n]*\.$/.test(text), text);
    }
  }
});

Deno.test("tables: option names and letters are proper and used once", () => {
  for (const entry of everyEntry(COMPOSEFS)) {
    const options = Object.entries(allOptions(entry, AS_C.has(entry)));
    for (const [name] of options) assert(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name), name);
    const letters = options.flatMap(([, option]) => option.short ?? []);
    assertEquals(new Set(letters).size, letters.length);
  }
});

Deno.test("tables: only the last operands are optional, only the last is repeated", () => {
  for (const { name, operands } of everyCommand()) {
    const list = Object.values(operands);
    list.forEach((operand, i) => {
      const last = i === list.length - 1;
      assert(last || operand.repeated !== true, name);
      assert(last || operand.optional !== true || list[i + 1]!.optional === true, name);
    });
  }
});

Deno.test("tables: commands of a group have the group's options", () => {
  for (const entry of everyEntry(COMPOSEFS)) {
    if (entry.kind === "command") continue;
    for (const child of entry.commands) {
      for (const [name, option] of Object.entries(entry.options)) {
        assert(child.options[name] === option, `${child.name} --${name}`);
      }
    }
  }
});

/** What mkcomposefs 1.0.8 has, and of these what takes a value. */
const C_FLAGS = [
  "use-epoch",
  "skip-devices",
  "skip-xattrs",
  "user-xattrs",
  "print-digest",
  "print-digest-only",
  "from-file",
];
const C_VALUED = ["digest-store", "min-version", "max-version", "threads"];

Deno.test("mkcomposefs has the options of the C program, and marks all others as its own", () => {
  const originals = Object.entries(mkcomposefs.options).filter(([, option]) =>
    !("extension" in option)
  );
  assertEquals(originals.map(([name]) => name).sort(), [...C_FLAGS, ...C_VALUED].sort());
  for (const [name, option] of originals) {
    assertEquals(option.kind, C_VALUED.includes(name) ? "value" : "flag", name);
  }
  for (const option of Object.values(GLOBAL_OPTIONS)) assertEquals(option.extension, true);
});

function resolves(abbreviation: string): boolean {
  try {
    const [token] = tokens([utf8(`--${abbreviation}`), utf8("1")], allOptions(mkcomposefs, true));
    return token?.kind === "option" && token.option.extension !== true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function hasMkcomposefs(): boolean {
  try {
    return new Deno.Command("mkcomposefs", { stdout: "null", stderr: "null" }).outputSync().code ===
      1;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test({
  name: `mkcomposefs takes exactly the abbreviations that the C program takes${
    hasMkcomposefs() ? "" : " (skipped: no mkcomposefs on PATH)"
  }`,
  ignore: !hasMkcomposefs(),
  fn: () => {
    const prefixes = new Set(
      [...C_FLAGS, ...C_VALUED].flatMap((name) =>
        Array.from(name, (_, length) => name.slice(0, length + 1))
      ),
    );
    for (const prefix of prefixes) {
      // The C program says nothing but its usage if it does not understand an option.
      const { stderr } = new Deno.Command("mkcomposefs", { args: [`--${prefix}`, "1"] })
        .outputSync();
      const understood = !new TextDecoder().decode(stderr).startsWith("Usage:");
      assertEquals(resolves(prefix), understood, prefix);
    }
  },
});

Deno.test("mkcomposefs reads a command line with everything in it", () => {
  const line = "--dig=store src --thr 4 --from img --min-version=1 --hardlinks";
  const asked = ran(parse(mkcomposefs, line.split(" ").map(utf8)));
  assertEquals(asked.options.digestStore, utf8("store"));
  assertEquals(asked.options.threads, 4);
  assertEquals(asked.options.fromFile, true);
  assertEquals(asked.options.minVersion, 1);
  assertEquals(asked.options.maxVersion, undefined);
  assertEquals(asked.options.hardlinks, true);
  assertEquals(asked.operands.image, utf8("img"));
});

Deno.test("fsverity digest takes a block size that is a power of two", () => {
  const parsed = (...args: string[]) => parse(fsverityDigest, [...args, "f"].map(utf8));
  const asked = ran(parsed("--block-size=1024", "--salt=abCD", "--hash=sha512"));
  assertEquals(asked.options.blockSize, 1024);
  assertEquals(asked.options.salt, Uint8Array.of(0xab, 0xcd));
  assertEquals(asked.options.hashAlg, "sha512");
  for (const bad of ["0", "32", "1000", "2147483648", "x"]) {
    let refused: unknown;
    try {
      parsed(`--block-size=${bad}`);
    } catch (error) {
      refused = error;
    }
    assert(refused instanceof UsageError, bad);
  }
});

Deno.test("each command is in one section of the list", () => {
  const listed = COMPOSEFS.sections!.flatMap(({ commands }) => commands);
  assertEquals(new Set(listed).size, listed.length);
  assertEquals(new Set(listed), new Set(COMPOSEFS.commands));
});

Deno.test("words of other programs are no commands, and name commands that there are", () => {
  const names = COMPOSEFS.commands.map(({ name }) => name);
  for (const [word, advice] of Object.entries(COMPOSEFS.elsewhere!)) {
    assert(!names.includes(word), word);
    for (const [, name] of advice.matchAll(/"composefs ([a-z-]+)/g)) {
      assert(names.includes(name!), `${word}: ${name}`);
    }
  }
});

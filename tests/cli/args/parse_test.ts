import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  defineCommand,
  GLOBAL_OPTIONS,
  type Group,
  type OptionTable,
} from "../../../cli/args/command.ts";
import { type Invocation, parse, parseGroup } from "../../../cli/args/parse.ts";
import { UsageError } from "../../../cli/args/usage_error.ts";
import { choice, integer, path } from "../../../cli/args/values.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

/** Narrows: the assertions of this import map come without types. */
function ran<Asked extends { readonly kind: string }>(
  asked: Asked,
): Extract<Asked, { kind: "run" }> {
  if (asked.kind !== "run") throw new Error(`found ${asked.kind}, expected run`);
  return asked as Extract<Asked, { kind: "run" }>;
}

const options = {
  out: { kind: "value", value: "FILE", short: "o", summary: "Write to FILE" },
  store: { kind: "value", value: "PATH", parse: path, summary: "Use PATH" },
  "print-digest": { kind: "flag", summary: "Print" },
  "print-digest-only": { kind: "flag", summary: "Print only" },
  filter: { kind: "list", value: "NAME", summary: "Keep NAME" },
  level: { kind: "value", value: "N", parse: integer(0, 9), default: 3, summary: "Level" },
  alg: { kind: "value", value: "A", parse: choice("a", "b"), invalid: "Bad alg", summary: "Alg" },
  verbose: { kind: "flag", short: "v", summary: "Say more" },
  quiet: { kind: "flag", short: "q", summary: "Say less" },
  outer: { kind: "flag", summary: "Ours", extension: true },
  secret: { kind: "flag", summary: "Hidden", hidden: true },
} as const satisfies OptionTable;

const create = defineCommand({
  name: "create",
  summary: "Create",
  description: [],
  options,
  operands: {
    first: { name: "FIRST", summary: "First", optional: true },
    others: { name: "OTHER", summary: "Others", optional: true, repeated: true },
  },
  run(given, operands) {
    // Compiles only if the types come from the table.
    const level: number = given.level;
    const alg: "a" | "b" | undefined = given.alg;
    const store: Uint8Array | undefined = given.store;
    const filter: readonly string[] = given.filter;
    const flag: boolean = given.printDigestOnly;
    const first: Uint8Array | undefined = operands.first;
    // @ts-expect-error the table has no such option
    given.nonesuch;
    // @ts-expect-error operands that are not given are undefined
    first.length;
    return [level, alg, store, filter, flag].length;
  },
});

type Run = Extract<Invocation<typeof options, typeof create.operands>, { kind: "run" }>;

function run(...args: (string | Uint8Array<ArrayBuffer>)[]): Run {
  return ran(parse(create, args.map((arg) => typeof arg === "string" ? utf8(arg) : arg)));
}

function words(asked: Run): string[] {
  const decoder = new TextDecoder();
  const { first, others } = asked.operands;
  return [...(first === undefined ? [] : [first]), ...others].map((bytes) => decoder.decode(bytes));
}

function refused(message: string, ...args: string[]): UsageError {
  const error = assertThrows(() => run(...args), UsageError);
  assertEquals(error.message, message);
  return error;
}

Deno.test("parse() takes values after = and as the next argument", () => {
  assertEquals(run("--out=x").options.out, "x");
  assertEquals(run("--out", "x").options.out, "x");
  assertEquals(run("--out=").options.out, "");
  assertEquals(run("--out", "").options.out, "");
  assertEquals(run("--out=a=b").options.out, "a=b");
  assertEquals(run("--out=a\nb").options.out, "a\nb");
});

Deno.test("parse() collects lists", () => {
  assertEquals(run("--filter=x", "p", "--filter", "y").options.filter, ["x", "y"]);
  assertEquals(run().options.filter, []);
});

Deno.test("parse() refuses a second value; for C's names the last counts", () => {
  refused('Cannot use option "--out" twice: expected one value', "--out=x", "--out=y");
  refused('Cannot use option "--out" twice: expected one value', "--out=x", "--out=x");
  refused('Cannot use option "-o" twice: expected one value', "--out=x", "-oy");
  const asC = ran(parse(create, ["--out=x", "--out=y"].map(utf8), { asC: true }));
  assertEquals(asC.options.out, "y");
});

Deno.test("parse() gives every option a value, default or not", () => {
  assertEquals(
    run().options,
    {
      out: undefined,
      store: undefined,
      printDigest: false,
      printDigestOnly: false,
      filter: [],
      level: 3,
      alg: undefined,
      verbose: false,
      quiet: false,
      outer: false,
      secret: false,
      help: false,
      version: false,
      debug: false,
      progress: "auto",
    } as Run["options"],
  );
});

Deno.test("parse() refuses an option that no table has", () => {
  refused('Cannot use option "--typo": there is none of that name', "--typo", "x");
  refused(
    'Cannot use option "--prnit-digest": there is none of that name; did you mean "--print-digest"?',
    "--prnit-digest",
  );
  refused('Cannot use option "--toString": there is none of that name', "--toString");
  refused('Cannot use option "--__proto__": there is none of that name', "--__proto__=1");
  refused('Cannot use option "--a.b": there is none of that name', "--a.b", "1");
  refused(
    'Cannot use option "--no-verbose": there is none of that name; did you mean "--verbose"?',
    "--no-verbose",
  );
  refused('Cannot use option "--": there is none of that name', "--=x");
  refused('Cannot use option "-x": there is none of that name', "-x");
  refused('Cannot use option "-1": there is none of that name', "-1");
});

Deno.test("parse() does not suggest a hidden option", () => {
  refused('Cannot use option "--sceret": there is none of that name', "--sceret");
  assertEquals(run("--secret").options.secret, true);
});

Deno.test("parse() keeps operands and values as they were typed", () => {
  assertEquals(words(run("007", "1e3", "0x10", "true", "")), ["007", "1e3", "0x10", "true", ""]);
  assertEquals(run("--out=007").options.out, "007");
  assertEquals(run("--out", "true").options.out, "true");
});

Deno.test("parse() refuses an option whose value is missing", () => {
  refused('Cannot use option "--out": its value is missing, expected "--out=FILE"', "--out");
  refused('Cannot use option "--store": its value is missing, expected "--store=PATH"', "--sto");
  refused('Cannot use option "-o": its value is missing, expected "-o FILE"', "-o");
});

Deno.test("parse() takes - as an operand or a value", () => {
  const asked = run("--out", "-", "-");
  assertEquals(asked.options.out, "-");
  assertEquals(words(asked), ["-"]);
});

Deno.test("parse() takes what looks like an option as the value of one that needs it", () => {
  assertEquals(run("--out", "--verbose").options.out, "--verbose");
  assertEquals(run("--out", "--verbose").options.verbose, false);
  assertEquals(run("-o", "-v").options.out, "-v");
  const ended = run("--out", "--", "x");
  assertEquals(ended.options.out, "--");
  assertEquals(words(ended), ["x"]);
});

Deno.test("parse() refuses a value for a flag", () => {
  refused('Cannot use option "--print-digest=no": it takes no value', "--print-digest=no");
  refused('Cannot use option "--verb=": it takes no value', "--verb=");
});

Deno.test("parse() takes options after operands and stops at --", () => {
  const asked = run("a", "--verbose", "b", "--", "--quiet", "--", "-");
  assertEquals(asked.options.verbose, true);
  assertEquals(asked.options.quiet, false);
  assertEquals(words(asked), ["a", "b", "--quiet", "--", "-"]);
});

Deno.test("parse() resolves abbreviations, exact names first", () => {
  assertEquals(run("--sto=x").options.store, utf8("x"));
  assertEquals(run("--fil", "x").options.filter, ["x"]);
  const exact = run("--print-digest").options;
  assertEquals([exact.printDigest, exact.printDigestOnly], [true, false]);
  const longer = run("--print-digest-o").options;
  assertEquals([longer.printDigest, longer.printDigestOnly], [false, true]);
  refused(
    'Cannot use option "--print": it may stand for "--print-digest" or "--print-digest-only"',
    "--print",
  );
});

Deno.test("parse() lets extensions give way to the options of the C program", () => {
  assertEquals(run("--ou=x").options.out, "x");
  assertEquals(run("--oute").options.outer, true);
  assertEquals(run("--ver").options.verbose, true);
  assertEquals(parse(create, [utf8("--vers")]).kind, "version");
});

Deno.test("parse() reads short options, grouped and with values", () => {
  const grouped = run("-vqo", "x", "y");
  assertEquals([grouped.options.verbose, grouped.options.quiet], [true, true]);
  assertEquals(grouped.options.out, "x");
  assertEquals(words(grouped), ["y"]);
  assertEquals(run("-ox").options.out, "x");
  assertEquals(run("-o=x").options.out, "=x");
  assertEquals(run("-ovq").options.out, "vq");
  assertEquals(run("-o", "-").options.out, "-");
  assertEquals(words(run("-o", "x", "x")), ["x"]);
  refused('Cannot use option "-x": there is none of that name', "-vx");
});

Deno.test("parse() keeps bytes that are not UTF-8 in paths and refuses them in text", () => {
  const odd = Uint8Array.of(0x2f, 0xff, 0x3d, 0xfe);
  assertEquals(run(Uint8Array.of(...utf8("--store="), ...odd)).options.store, odd);
  assertEquals(run("--store", odd).options.store, odd);
  assertEquals(run(odd).operands.first, odd);
  const error = assertThrows(() => run("--out", odd), UsageError);
  assert(error.message.includes("expected UTF-8"));
});

Deno.test("parse() says what was expected of a value", () => {
  assertEquals(run("--level=0").options.level, 0);
  const error = refused(
    'Cannot use option "--level=10": expected a whole number, 0 to 9',
    "--le",
    "10",
  );
  assertEquals(error.usage, false);
  refused('Cannot use option "--level=": expected a whole number, 0 to 9', "--level=");
  refused('Cannot use option "--level=-1": expected a whole number, 0 to 9', "--level", "-1");
  refused("Bad alg c", "--alg=c");
  assertThrows(() => run("--level=\ufeff1"), UsageError, "expected a whole number");
});

Deno.test("parse() returns help and version as soon as it meets them", () => {
  assertEquals(parse(create, [utf8("--help"), utf8("--typo")]), { kind: "help" });
  assertEquals(parse(create, [utf8("x"), utf8("--version")]), { kind: "version" });
  assertEquals(run("--", "--help").operands.first, utf8("--help"));
  assertThrows(() => parse(create, [utf8("--typo"), utf8("--help")]), UsageError);
  assertEquals(run("--debug").debug, true);
  assertEquals(run().debug, false);
});

Deno.test("parse() returns help for a letter that a table adds to it", () => {
  const mount = defineCommand({
    ...create,
    options: { help: { ...GLOBAL_OPTIONS.help, short: "h" } },
    run: () => 0,
  });
  assertEquals(parse(mount, [utf8("-h")]), { kind: "help" });
  assertEquals(parse(mount, [utf8("-h")], { asC: true }), { kind: "help" });
  assertThrows(() => parse(create, [utf8("-h")], { asC: true }), UsageError, '"-h"');
});

Deno.test("parse() reads what is said of notes and progress, under our name only", () => {
  const plain = defineCommand({ ...create, options: {}, run: () => 0 });
  const manner = (...args: string[]) => {
    const asked = parse(plain, args.map(utf8));
    return asked.kind === "run" ? asked.manner : undefined;
  };
  assertEquals(manner("src"), { quiet: false, json: false, progress: "auto" });
  assertEquals(manner("-q", "--progress=json", "src"), {
    quiet: true,
    json: false,
    progress: "json",
  });
  assertThrows(() => manner("--progress=some", "src"), UsageError, "auto or none or json");
  assertThrows(
    () => parse(plain, [utf8("--quiet")], { asC: true }),
    UsageError,
    "there is none of that name",
  );
});

Deno.test("parse() counts operands", () => {
  const copy = defineCommand({
    name: "copy",
    summary: "Copy",
    description: [],
    options: {},
    operands: {
      from: { name: "FROM", summary: "From", missing: "No source" },
      to: { name: "TO", summary: "To" },
    },
    tooMany: "Too many",
    run: () => 0,
  });
  const messageOf = (asC: boolean, ...args: string[]): string =>
    assertThrows(() => parse(copy, args.map(utf8), { asC }), UsageError).message;
  const message = (...args: string[]) => messageOf(false, ...args);
  assertEquals(messageOf(true), "No source");
  assertEquals(messageOf(true, "a"), "Cannot run copy: operand TO is missing");
  assertEquals(messageOf(true, "a", "b", "c"), "Too many");
  assertEquals(message(), "Cannot run copy: operand FROM is missing");
  assertEquals(message("a"), "Cannot run copy: operand TO is missing");
  assertEquals(message("a", "b", "c"), 'Cannot use operand "c": expected at most 2, found 3');
  const asked = ran(parse(copy, ["a", "b"].map(utf8)));
  assertEquals(asked.operands, { from: utf8("a"), to: utf8("b") });
});

Deno.test("parse() demands one of a repeated operand and parses each", () => {
  const sum = defineCommand({
    name: "sum",
    summary: "Sum",
    description: [],
    options: {},
    operands: { terms: { name: "N", summary: "Term", repeated: true, parse: integer(0) } },
    run: (_, operands) => operands.terms.reduce((a, b) => a + b, 0),
  });
  assertThrows(() => parse(sum, []), UsageError, "operand N is missing");
  assertThrows(() => parse(sum, [utf8("x")]), UsageError, 'Cannot use operand "x": expected');
  const asked = ran(parse(sum, ["1", "2"].map(utf8)));
  assertEquals(asked.operands.terms, [1, 2]);
});

Deno.test("parse() does not hide an error of a value parser that is not about the value", () => {
  const broken = defineCommand({
    name: "broken",
    summary: "Broken",
    description: [],
    options: {},
    operands: {
      x: {
        name: "X",
        summary: "X",
        parse: (): never => {
          throw new TypeError("bug");
        },
      },
    },
    run: () => 0,
  });
  assertThrows(() => parse(broken, [utf8("x")]), TypeError, "bug");
});

Deno.test("parseGroup() finds the verb behind options of the group and keeps the rest", () => {
  const group: Group = {
    kind: "group",
    name: "info",
    summary: "Info",
    description: [],
    options: { basedir: { kind: "value", value: "PATH", summary: "Base" } },
    commands: [],
  };
  const ask = (...args: string[]) => {
    const asked = parseGroup(group, args.map(utf8));
    if (asked.kind !== "verb") return asked.kind;
    return [asked.verb, ...asked.rest.map((bytes) => new TextDecoder().decode(bytes))];
  };
  assertEquals(ask("ls", "--typo", "x"), ["ls", "--typo", "x"]);
  assertEquals(ask("--basedir", "d", "ls", "x"), ["ls", "--basedir", "d", "x"]);
  assertEquals(ask("--base=d", "--", "ls", "--x"), ["ls", "--base=d", "--", "--x"]);
  assertEquals(ask("--help", "ls"), "help");
  assertEquals(ask("--version"), "version");
  assertEquals(ask("--debug"), "none");
  assertThrows(() => ask("--typo", "ls"), UsageError, '"--typo"');
});

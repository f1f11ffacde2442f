import { assert, assertEquals } from "@std/assert";
import { defineCommand, type Group } from "../../cli/args/command.ts";
import { dispatch, type DispatchContext } from "../../cli/dispatch.ts";
import { createTerminal } from "../../cli/terminal.ts";
import { UsageError } from "../../cli/args/usage_error.ts";
import { VERSION } from "../../cli/version.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import config from "../../deno.json" with { type: "json" };
import { brokenPipe, type FakePort, fakePort } from "./terminal_port.ts";

const words = { words: { name: "WORD", summary: "Word", optional: true, repeated: true } } as const;

const echo = defineCommand({
  name: "echo",
  summary: "Print words",
  description: [],
  options: { base: { kind: "value", value: "B", summary: "Base" } },
  operands: words,
  run(options, operands, { terminal, program }) {
    const said = operands.words.map((word) => new TextDecoder().decode(word)).join(" ");
    terminal.stdout.write(`${program}:${options.base ?? ""}:${said}\n`);
    return 0;
  },
});

const fail = defineCommand({
  name: "fail",
  summary: "Fail",
  description: [],
  options: {
    usage: { kind: "flag", summary: "As usage" },
    choices: { kind: "flag", summary: "As usage, with choices", hidden: true },
    status: { kind: "flag", summary: "3" },
    json: { kind: "flag", summary: "JSON", hidden: true },
  },
  operands: words,
  async run(options, _, { terminal }) {
    await Promise.resolve();
    terminal.stdout.write("partial\n");
    if (options.status) return 3;
    if (options.usage) throw new UsageError("Cannot fail: usage");
    if (options.choices) {
      throw new UsageError("Cannot fail: choose", { usage: false, choices: "Choices:\n  a, b\n" });
    }
    throw new Error('Cannot fail "a\x1b[2Jb": is\nnot', { cause: new Error("the cause") });
  },
});

const composefs: Group = {
  kind: "group",
  name: "composefs",
  summary: "Tools",
  description: [],
  options: {},
  program: { usageStatus: 2, printUsage: false },
  elsewhere: { fsck: 'try "echo"' },
  commands: [
    echo,
    fail,
    { ...fail, name: "mkfail", program: { usageStatus: 1, printUsage: true } },
    {
      kind: "group",
      name: "info",
      summary: "Info",
      description: [],
      options: echo.options,
      commands: [echo, fail],
      program: { usageStatus: 2, printUsage: true, prefix: "ERROR: " },
      missing: "no command specified",
    },
  ],
};

/** No command here looks at a file. */
const NO_MACHINE = new Proxy({}, {
  get(_, name) {
    throw new TypeError(`A test command asked the machine for ${String(name)}`);
  },
}) as DispatchContext["machine"];

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function call(argv0: string, args: string, port: FakePort = fakePort()): Promise<Result> {
  const list = args.split(" ").filter((word) => word !== "").map(utf8);
  const status = await dispatch(argv0, list, {
    composefs,
    terminal: createTerminal(port),
    machine: NO_MACHINE,
    runtime: "Runtime 1",
  });
  return { status, stdout: port.text(1), stderr: port.text(2) };
}

Deno.test("dispatch() runs the verb, or the program that argv0 names", async () => {
  const done = (stdout: string): Result => ({ status: 0, stdout, stderr: "" });
  assertEquals(await call("composefs", "echo a b"), done("composefs::a b\n"));
  assertEquals(await call("/usr/bin/info", "echo a"), done("info::a\n"));
  assertEquals(await call("deno", "info --base=x echo a"), done("info:x:a\n"));
  assertEquals(await call("info", "--base x echo --base y a"), done("info:y:a\n"));
});

Deno.test("dispatch() refuses an option twice under the name composefs only", async () => {
  const { status, stderr } = await call("composefs", "echo --base x --base y");
  assertEquals(status, 2);
  assertEquals(stderr, 'composefs: Cannot use option "--base" twice: expected one value\n');
});

Deno.test("dispatch() tells which files are read whole before the command runs", async () => {
  const events: string[] = [];
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const read = defineCommand({
    name: "read",
    summary: "Read",
    description: [],
    options: {},
    operands: {
      first: { name: "FIRST", summary: "First", readWhole: true },
      other: { name: "OTHER", summary: "Other" },
      rest: { name: "REST", summary: "Rest", readWhole: true, optional: true, repeated: true },
    },
    run(_, { other }) {
      events.push(`run ${text(other)}`);
      return 0;
    },
  });
  for (const args of ["a b c d", "a b"]) {
    await dispatch("composefs", `read ${args}`.split(" ").map(utf8), {
      composefs: { ...composefs, commands: [read] },
      terminal: createTerminal(fakePort()),
      machine: NO_MACHINE,
      expectInput: (paths) => events.push(`expect ${paths.map(text).join(" ")}`),
    });
  }
  assertEquals(events, ["expect a c d", "run b", "expect a", "run b"]);
});

Deno.test("dispatch() does not take argv0 for a verb that is no program", async () => {
  assertEquals((await call("/bin/echo", "echo a")).stdout, "composefs::a\n");
});

Deno.test("dispatch() returns the command's own status", async () => {
  assertEquals((await call("composefs", "fail --status")).status, 3);
});

Deno.test("dispatch() prints an error as one line, after the answer so far, and returns 1", async () => {
  const port = fakePort();
  assertEquals(await call("composefs", "fail", port), {
    status: 1,
    stdout: "partial\n",
    stderr: 'composefs: Cannot fail "a\\x1b[2Jb": is\\x0anot\n',
  });
  assertEquals(port.writes[0]!.descriptor, 1);
});

Deno.test("dispatch() prints the stack and causes with --debug only", async () => {
  const { stderr } = await call("composefs", "fail --debug");
  assert(stderr.includes("dispatch_test.ts"));
  assert(stderr.includes("the cause"));
  assert(!(await call("composefs", "fail")).stderr.includes("dispatch_test.ts"));
});

Deno.test("dispatch() returns 2 for usage errors", async () => {
  assertEquals(await call("composefs", "fail --usage"), {
    status: 2,
    stdout: "partial\n",
    stderr: "composefs: Cannot fail: usage\n",
  });
  assertEquals(
    await call("composefs", "ehco"),
    {
      status: 2,
      stdout: "",
      stderr: 'composefs: Cannot run "ehco": composefs has no such command; did you mean "echo"?\n',
    },
  );
  assertEquals((await call("composefs", "echo --typo")).status, 2);
});

Deno.test("dispatch() gives a C program's name its status and its usage text", async () => {
  for (const [argv0, args] of [["mkfail", "--typo"], ["composefs", "mkfail --typo"]] as const) {
    const { status, stderr } = await call(argv0, args);
    assertEquals(status, 1);
    assertEquals(
      stderr,
      `mkfail: Cannot use option "--typo": there is none of that name
Usage: mkfail [OPTIONS] [WORD...]
Options:
  --usage   As usage
  --status  3
`,
    );
  }
  assertEquals((await call("mkfail", "--usage")).status, 1);
});

Deno.test("dispatch() prints the usage of the group or the verb that was reached", async () => {
  const bare = await call("info", "");
  assertEquals(bare.status, 2);
  assert(bare.stderr.startsWith("ERROR: no command specified\nUsage: info [OPTIONS] COMMAND"));
  const verb = await call("info", "echo --typo");
  assert(verb.stderr.includes("\nUsage: info echo [OPTIONS] [WORD...]\n"));
});

Deno.test("dispatch() prints help and version to standard output", async () => {
  const help = await call("composefs", "info echo --help");
  assertEquals([help.status, help.stderr], [0, ""]);
  assert(help.stdout.startsWith("Usage: info echo [OPTIONS] [WORD...]\n"));
  assert((await call("composefs", "--help")).stdout.includes("Commands:"));
  const version = `composefs-ts ${VERSION} (Runtime 1; as mkcomposefs 1.0.8)\n`;
  for (const asked of ["--version", "-V", "echo --version", "echo -V"]) {
    assertEquals((await call("composefs", asked)).stdout, version);
  }
  assertEquals(
    (await call("composefs", "echo -h")).stdout.split("\n")[0],
    "Usage: composefs echo [OPTIONS] [WORD...]",
  );
  assertEquals((await call("mkfail", "--version")).stdout, `mkfail (composefs-ts) ${VERSION}\n`);
});

Deno.test("dispatch() lists the commands on standard error if there is none, and returns 2", async () => {
  const { status, stdout, stderr } = await call("composefs", "");
  assertEquals([status, stdout], [2, ""]);
  assertEquals(stderr, (await call("composefs", "--help")).stdout);
});

Deno.test("dispatch() keeps the letters of common options from the C programs' names", async () => {
  for (const letter of ["-h", "-V", "-q"]) {
    const { status, stderr } = await call("mkfail", letter);
    assertEquals(status, 1);
    assert(
      stderr.startsWith(`mkfail: Cannot use option "${letter}": there is none of that name\n`),
    );
  }
});

Deno.test("dispatch() says where another program's word leads", async () => {
  const { status, stderr } = await call("composefs", "fsck");
  assertEquals(status, 2);
  assertEquals(stderr, 'composefs: Cannot run "fsck": composefs has no such command; try "echo"\n');
});

Deno.test("dispatch() prints errors as JSON with --json, under our name", async () => {
  const error = async (args: string) => {
    const { stderr, status } = await call("composefs", args);
    return [status, JSON.parse(stderr).error];
  };
  const message = 'Cannot fail "a\x1b[2Jb": is\nnot';
  assertEquals(await error("fail --json"), [1, { code: "failed", message }]);
  const usage = { code: "usage", message: "Cannot fail: usage" };
  assertEquals(await error("fail --json --usage"), [2, usage]);
  assertEquals((await error("fail --json --typo"))[1].code, "usage");
  assertEquals((await error("frob --json"))[1].code, "usage");
  assert((await call("composefs", "fail -- --json")).stderr.startsWith("composefs: "));
  assert((await call("composefs", "info fail --json")).stderr.startsWith("ERROR: "));
});

Deno.test("dispatch() prints what there is to choose from below the message, but not in JSON", async () => {
  const stderr = async (args: string) => (await call("composefs", args)).stderr;
  const list = "Cannot fail: choose\nChoices:\n  a, b\n";
  assertEquals(await stderr("fail --choices"), `composefs: ${list}`);
  assertEquals(await stderr("mkfail --choices"), `mkfail: ${list}`);
  const [line, ...rest] = (await stderr("fail --choices --json")).split("\n");
  assertEquals([JSON.parse(line!).error.code, rest], ["usage", [""]]);
});

Deno.test("dispatch() ends quietly when nobody reads the answer", async () => {
  for (const args of ["echo a", "fail"]) {
    const port = fakePort({ failures: { 1: brokenPipe() } });
    const { status, stderr } = await call("composefs", args, port);
    if (args === "fail") assert(stderr.startsWith("composefs: Cannot fail"));
    else assertEquals([status, stderr], [141, ""]);
  }
});

Deno.test("dispatch() reports an answer that could not be written", async () => {
  const port = fakePort({ failures: { 1: new Error("Cannot write: no space") } });
  const { status, stderr } = await call("composefs", "echo a", port);
  assertEquals([status, stderr], [1, "composefs: Cannot write: no space\n"]);
});

Deno.test("VERSION is that of deno.json", () => {
  assertEquals(VERSION, config.version);
});

/**
 * What the program does under its own name, and the C programs do not.
 */

import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { COMPOSEFS } from "../../cli/program.ts";
import { testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";

testEach(
  "own ways: a misspelt mount option is told what it was to be, and which there are",
  {},
  (subject) => {
    const refusal = (command: readonly string[], options = "basdir=o") => {
      const { stderr } = run(command, ["-o", options, "image", "m"]);
      const [message, heading, ...list] = stderr.trimEnd().split("\n");
      assertEquals(heading, "Mount options:");
      assert(list.join().includes("basedir=PATH[:PATH...], digest=HEX, "), stderr);
      assert(list.every((line) => line.startsWith("  ") && line.length <= 80), stderr);
      return message;
    };
    const message = "Unsupported option basdir=o";
    assertEquals(
      refusal([...subject.composefs, "mount"]),
      `composefs: ${message}; did you mean "basedir"?`,
    );
    assertEquals(refusal(subject.tool("mount.composefs")), `mount.composefs: ${message}`);
    assertEquals(
      refusal(subject.tool("mount.composefs"), "verity=1"),
      "mount.composefs: Option verity takes no value",
    );
    const storeless = run([...subject.composefs, "mount"], ["image", "m"]);
    assertEquals(storeless.stderr, "composefs: No object dirs specified; expected --store=DIR\n");
  },
);

testEach("own ways: with --json errors are JSON, with a code", {}, (subject) => {
  const path = (name: string) => subject.path(`json-errors-${name}`);
  writeFileSync(path("text"), "no image");
  const error = (...args: string[]) => {
    const { code, stdout, stderr } = run(subject.composefs, args);
    const { error } = JSON.parse(stderr);
    assertEquals([stdout.length, typeof error.message], [0, "string"]);
    return [code, error.code];
  };
  assertEquals(error("ls", "--json", path("nothing")), [1, "not-found"]);
  assertEquals(error("ls", "--json", path("text")), [1, "image-format"]);
  assertEquals(error("ls", "--json"), [2, "usage"]);
  assertEquals(error("ls", "--json", "--jsno", path("text")), [2, "usage"]);
  // The C program's name keeps its ways.
  const info = run(subject.tool("composefs-info"), ["--json", "ls", path("nothing")]);
  assert(!info.stderr.startsWith("{"), info.stderr);
});

testEach(
  "own ways: each command ends with 2 for a wrong command line, with 1 if it fails, and says so in JSON if asked",
  { once: true },
  (subject) => {
    const commands = COMPOSEFS.commands.filter((entry) => entry.kind === "command")
      .filter(({ program }) => program === undefined);
    for (const { name, options, operands } of commands) {
      const json = "json" in options ? ["--json"] : [];
      const ending = (...args: string[]) => {
        const all = [name, ...json, ...args];
        const { code, stderr } = run(subject.composefs, all, { cwd: subject.directory });
        if (json.length === 0) assert(stderr.startsWith("composefs: "), stderr);
        return [code, json.length === 0 ? undefined : JSON.parse(stderr).error.code];
      };
      const code = json.length === 0 ? undefined : "usage";
      assertEquals(ending("--no-such-option"), [2, code], name);
      const needed = Object.values(operands).filter(({ optional }) => optional !== true);
      if (needed.length === 0) continue;
      assertEquals(ending(), [2, code], name);
      // Operands that are words, such as shells, are part of the command line.
      if (needed.some(({ parse }) => parse !== undefined)) continue;
      const store = "store" in options ? ["--store=."] : [];
      const count = Math.max(
        needed.length,
        ["create", "extract", "explain"].includes(name) ? 2 : 1,
      );
      const missing = Array.from({ length: count }, (_, i) => `none/${i}`);
      const failed = ending(...store, ...missing);
      assertEquals(failed, [1, json.length === 0 ? undefined : "not-found"], name);
    }
  },
);

testEach("own ways: --quiet leaves out notes and progress", {}, (subject) => {
  const tree = subject.path("quiet-tree");
  mkdirSync(tree);
  writeFileSync(`${tree}/file`, "x".repeat(100));
  const create = (...args: string[]) =>
    run(subject.composefs, ["create", "--exclude=nowhere", ...args, tree, subject.path("image")]);
  const loud = create();
  assert(loud.stderr.startsWith("composefs: note: "), loud.stderr);
  assertEquals(create("--quiet", "--progress=json").stderr, "");
  const [first] = create("--json").stderr.split("\n");
  assertEquals(Object.keys(JSON.parse(first!)), ["note"]);
});

testEach("own ways: --progress=json tells in a pipe how far it is", {}, (subject) => {
  const tree = subject.path("progress-tree");
  mkdirSync(tree);
  writeFileSync(`${tree}/file`, "x".repeat(100));
  const args = ["create", "--print-digest-only", "--progress=json", tree];
  const { code, stderr } = run(subject.composefs, args);
  const last = stderr.split("\n").filter((line) => line.startsWith("{")).at(-1)!;
  assertEquals([code, JSON.parse(last)], [0, {
    progress: { task: "Reading file contents", done: 100, total: 100, unit: "bytes" },
  }]);
  const none = run(subject.composefs, args.map((each) => each.replace("=json", "=none")));
  assertEquals([none.code, none.stderr], [0, ""]);
});

testEach("own ways: create says what it has done", {}, (subject) => {
  const tree = subject.path("summary-tree");
  mkdirSync(tree);
  for (const [name, size] of [["a", 100], ["b", 100], ["c", 200], ["small", 10]] as const) {
    writeFileSync(`${tree}/${name}`, name.replace("b", "a").repeat(size));
  }
  const image = subject.path("summary-image");
  const create = (...args: string[]) =>
    run(subject.composefs, [
      "create",
      `--store=${subject.path("summary-store")}`,
      ...args,
      tree,
      image,
    ]);
  const told = (text: string) => text.split("\n").filter((line) => line.includes("Wrote"));
  const first = create("--verbose");
  assertEquals(first.stdout.length, 0);
  const [line] = told(first.stderr);
  assert(
    line!.endsWith(": 4 files, 2 objects of 300 bytes, 2 of them new to the store with 300 bytes"),
    first.stderr,
  );
  writeFileSync(`${tree}/d`, "d".repeat(1000));
  const { files, objects, objectBytes, newObjects, newObjectBytes } = JSON.parse(
    new TextDecoder().decode(create("--json").stdout),
  );
  assertEquals([files, objects, objectBytes, newObjects, newObjectBytes], [5, 3, 1300, 1, 1000]);
  assertEquals(told(create().stderr), []);
  // Whoever reads JSON finds nothing else on standard error.
  const lines = create("--json", "--verbose", "--progress=json").stderr.trimEnd().split("\n");
  assertEquals(lines.flatMap((line) => Object.keys(JSON.parse(line))).includes("progress"), true);
  assertEquals(told(create("--verbose", "--quiet").stderr), []);
  const asC = run(subject.tool("mkcomposefs"), ["--json", tree, image]);
  assertEquals(Object.keys(JSON.parse(new TextDecoder().decode(asC.stdout))).length, 4);
});

testEach(
  "own ways: create --dry-run says what it would write, and changes nothing",
  {},
  (subject) => {
    const tree = subject.path("dry-tree");
    mkdirSync(tree);
    for (const [name, size] of [["a", 100], ["b", 200], ["small", 10]] as const) {
      writeFileSync(`${tree}/${name}`, name.repeat(size));
    }
    const [store, image, cache] = ["store", "image", "cache"].map((name) =>
      subject.path(`dry-${name}`)
    );
    const create = (...args: string[]) => {
      const options = [`--store=${store}`, `--cache=${cache}`, ...args];
      const { code, stdout } = run(subject.composefs, ["create", ...options, tree, image!]);
      assertEquals(code, 0);
      return new TextDecoder().decode(stdout);
    };
    const told = create("--dry-run").split("\n");
    assertEquals([store, image, cache].map((path) => existsSync(path!)), [false, false, false]);
    assert(told[0]!.startsWith(`Would write "${image}", `), told[0]);
    assertEquals(told.slice(1), [`Would add to "${store}": 2 objects of 300 bytes`, ""]);
    const planned = create("--dry-run", "--json");
    assertEquals(create("--json"), planned);
    writeFileSync(`${tree}/c`, "c".repeat(1000));
    const { newObjects, newObjectBytes } = JSON.parse(create("--dry-run", "--json"));
    assertEquals([newObjects, newObjectBytes], [1, 1000]);
  },
);

testEach("own ways: an image in another operand's place is told", {}, (subject) => {
  const [tree, image] = [subject.path("order-tree"), subject.path("order-image")];
  mkdirSync(tree);
  writeFileSync(`${tree}/file`, "text");
  assertEquals(run(subject.composefs, ["create", tree, image]).code, 0);
  const refusal = (command: string, first: string) => {
    const { code, stderr } = run(subject.composefs, [command, "--store=.", first, image]);
    return [code, stderr];
  };
  for (
    const [command, first, name] of [
      ["extract", tree, "DIR"],
      ["mount", tree, "MOUNTPOINT"],
      ["cat", "/file", "PATH"],
      ["cat", tree, "PATH"],
    ] as const
  ) {
    const message = `Cannot use "${image}" as ${name}: it is an image, which comes first`;
    assertEquals(refusal(command, first), [2, `composefs: ${message}\n`]);
  }
  // A directory may hold a file at the same path.
  mkdirSync(`${tree}${subject.directory}`, { recursive: true });
  writeFileSync(`${tree}${image}`, "within");
  assertEquals(textOutput(subject.composefs, ["cat", tree, image]), "within");
});

testEach("own ways: mount --dry-run looks at everything and mounts nothing", {}, (subject) => {
  const [tree, image, place] = ["tree", "image", "place"].map((name) =>
    subject.path(`mount-dry-${name}`)
  );
  mkdirSync(tree!);
  assertEquals(run(subject.composefs, ["create", tree!, image!]).code, 0);
  const mount = (...args: string[]) =>
    run(subject.composefs, ["mount", ...args, `--store=${subject.directory}`, image!, place!]);
  for (const option of ["--dry-run", "--check"]) assertEquals(mount(option).code, 1);
  mkdirSync(place!);
  for (const option of ["--dry-run", "--check"]) {
    const { code, stdout, stderr } = mount(option);
    assertEquals([code, stdout.length, stderr], [0, 0, ""]);
  }
  assertEquals(readFileSync("/proc/self/mountinfo", "utf8").includes(place!), false);
});

import { assert, assertEquals } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { peer, type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";

const C = { tools: ["fsverity"] };
const SIZES = [0, 1, 5, 1024, 4095, 4096, 4097, 131072, 131073, 524288, 524289, 1_000_000];

function writeFiles({ path }: Subject): string[] {
  return SIZES.map((size) => {
    writeFileSync(path(`${size}`), new Uint8Array(size).map((_, i) => i * 7 + (i >> 9)));
    return `${size}`;
  });
}

/** Tree and output options; each combination is one process for all files. */
const TREES: readonly (readonly string[])[] = [
  [],
  ["--hash-alg=sha256", "--block-size=4096"],
  ["--hash-alg=sha512"],
  ["--hash-alg=1"],
  ["--hash-alg=2"],
  ["--block-size=1024"],
  ["--block-size=65536"],
  ["--hash-alg", "sha512", "--block-size", "1024", "--salt", "abcd"],
  ["--salt=" + "00".repeat(32)],
  ["--salt=0123456789ABCDEF"],
  ["--hash=sha512", "--bl=2048", "--sal="],
];

const FORMATS: readonly (readonly string[])[] = [
  [],
  ["--compact"],
  ["--for-builtin-sig"],
  ["--compact", "--for-builtin-sig"],
];

testEach("fsverity: digest prints what fsverity-utils prints", C, (subject) => {
  const files = writeFiles(subject);
  const options = { cwd: subject.directory };
  TREES.forEach((tree, i) => {
    // All pairs would take long: each format is tried on the first tree, each tree with one format.
    const formats = i === 0 ? FORMATS : [FORMATS[i % FORMATS.length]!];
    for (const format of formats) {
      const args = ["digest", ...tree, ...files, ...format];
      const expected = textOutput(peer("fsverity"), args, options);
      assertEquals(textOutput(subject.tool("fsverity"), args, options), expected, args.join(" "));
    }
  });
});

testEach("fsverity: Merkle trees and descriptors are those of fsverity-utils", C, (subject) => {
  writeFiles(subject);
  const options = { cwd: subject.directory };
  const cases = [["0"], ["5"], ["4097"], ["1000000"], [
    "1000000",
    "--hash-alg=sha512",
    "--salt=ab",
  ]];
  for (const args of [...cases, ["131073", "--block-size=1024", "--salt=" + "5a".repeat(32)]]) {
    for (
      const [name, program] of [["c", peer("fsverity")], [
        "ours",
        subject.tool("fsverity"),
      ]] as const
    ) {
      const out = [`--out-merkle-tree=${name}.tree`, `--out-descriptor=${name}.descriptor`];
      textOutput(program, ["digest", ...args, ...out], options);
    }
    for (const kind of ["tree", "descriptor"]) {
      const [ours, theirs] = ["ours", "c"].map((name) =>
        readFileSync(subject.path(`${name}.${kind}`))
      );
      assert(ours!.equals(theirs!), `${kind} of ${args.join(" ")}`);
    }
  }
});

/** Command lines that fail, and the status that fsverity-utils gives them. */
const FAILURES: readonly (readonly [status: number, args: readonly string[]])[] = [
  [1, ["digest", "absent"]],
  [1, ["digest", "5", "absent", "1"]],
  [1, ["digest", "."]],
  [2, []],
  [2, ["digest"]],
  [2, ["nonsense"]],
  [2, ["digest", "--nonsense", "5"]],
  [2, ["digest", "--salt"]],
  [2, ["digest", "--compact=yes", "5"]],
  [1, ["enable", "absent"]],
  [1, ["enable", "5", "--signature=absent"]],
  [1, ["enable", "5", "--signature=0"]],
  [2, ["enable"]],
  [2, ["enable", "1", "5"]],
  [2, ["enable", "--nonsense", "5"]],
  [1, ["measure", "absent", "5"]],
  [2, ["measure"]],
  [2, ["measure", "--nonsense", "5"]],
  [1, ["dump_metadata", "descriptor", "absent"]],
  [2, ["dump_metadata"]],
  [2, ["dump_metadata", "descriptor"]],
  [2, ["dump_metadata", "descriptor", "5", "1"]],
  [2, ["dump_metadata", "descriptor", "5", "--offset=1"]],
  [2, ["dump_metadata", "descriptor", "5", "--length=1"]],
];

testEach("fsverity: failures have the statuses of fsverity-utils", C, (subject) => {
  writeFiles(subject);
  const options = { cwd: subject.directory };
  for (const [status, args] of FAILURES) {
    const theirs = run(peer("fsverity"), args, options);
    const ours = run(subject.tool("fsverity"), args, options);
    const what = `fsverity ${args.join(" ")}: ${ours.stderr}`;
    assertEquals([ours.code, theirs.code], [status, status], what);
    assertEquals(ours.stdout, theirs.stdout, what);
    assert(ours.stderr.startsWith("ERROR: "), what);
    const lines = ours.stderr.split("\n").length - 1;
    assert(status === 1 ? lines === 1 : lines > 1, what);
  }
});

/** Fail in any case: the file system of the tests may or may not have fs-verity, and none is enabled. */
const WITHOUT_VERITY: readonly (readonly string[])[] = [
  ["measure", "5"],
  ["measure", "."],
  ["dump_metadata", "merkle_tree", "5"],
  ["dump_metadata", "descriptor", "5"],
  ["dump_metadata", "signature", "5", "--offset=0", "--length=1"],
  ["enable", "."],
  ["enable", "/dev/null"],
  ["enable", "5", "--block-size=256"],
];

testEach("fsverity: files without fs-verity fail as in fsverity-utils", C, (subject) => {
  writeFiles(subject);
  const options = { cwd: subject.directory };
  for (const args of WITHOUT_VERITY) {
    const theirs = run(peer("fsverity"), args, options);
    const ours = run(subject.tool("fsverity"), args, options);
    const what = `fsverity ${args.join(" ")}: ${ours.stderr}`;
    assertEquals([ours.code, theirs.code], [1, 1], what);
    assertEquals(ours.stdout.length, 0, what);
    const message = args[1] === "/dev/null"
      ? /^ERROR: Cannot open "\/dev\/null": a character device, expected .*\n$/
      : /^ERROR: Cannot (measure|read|enable) fs-verity .*: .*\n$/;
    assert(message.test(ours.stderr), what);
  }
});

testEach("fsverity: bad values of options fail", C, (subject) => {
  writeFiles(subject);
  const options = { cwd: subject.directory };
  for (
    const option of [
      "--hash-alg=md5",
      "--block-size=1000",
      "--block-size=0",
      "--block-size=x",
      "--salt=abc",
      "--salt=xy",
    ]
  ) {
    const theirs = run(peer("fsverity"), ["digest", option, "5"], options);
    const ours = run(subject.tool("fsverity"), ["digest", option, "5"], options);
    assertEquals([ours.code, ours.stdout.length], [theirs.code, 0], option + ours.stderr);
    assert(ours.stderr.startsWith("ERROR: "), ours.stderr);
  }
});

testEach("fsverity: a salt of more than 32 bytes is a wrong command line", {}, (subject) => {
  // fsverity-utils notices only when it digests, and exits 1.
  const args = ["digest", "--salt=" + "00".repeat(33), "/dev/null"];
  const { code, stderr } = run(subject.tool("fsverity"), args);
  assertEquals(code, 2);
  assert(/^ERROR: [^\n]*at most 64\n/.test(stderr), stderr);
});

testEach("fsverity: bad metadata types and ranges fail", C, (subject) => {
  writeFiles(subject);
  const options = { cwd: subject.directory };
  const range = (offset: string, length: string) => [`--offset=${offset}`, `--length=${length}`];
  for (
    const args of [
      ["nonsense", "5"],
      ["desc", "5"],
      ["descriptor", "5", ...range("x", "1")],
      ["descriptor", "5", ...range("1", "1x")],
      ["descriptor", "5", ...range("0x10", "1")],
      ["descriptor", "5", ...range("0", "99999999999999999999999")],
    ]
  ) {
    const theirs = run(peer("fsverity"), ["dump_metadata", ...args], options);
    const ours = run(subject.tool("fsverity"), ["dump_metadata", ...args], options);
    assertEquals([ours.code, theirs.code], [2, 2], args.join(" ") + ours.stderr);
    assert(ours.stderr.startsWith("ERROR: Cannot use "), ours.stderr);
  }
});

testEach("fsverity: known digests", {}, (subject) => {
  writeFileSync(subject.path("hello"), "hello");
  writeFileSync(subject.path("empty"), "");
  const options = { cwd: subject.directory };
  assertEquals(
    textOutput(subject.tool("fsverity"), ["digest", "hello", "empty"], options),
    "sha256:555b589c26ee43b7a2510e6c67ced9fb3190b6da6e9e683984551f5d77a763de hello\n" +
      "sha256:3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95 empty\n",
  );
});

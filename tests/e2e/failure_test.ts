/**
 * Programs that are pointed at what cannot work: how they exit, what they say, and that all stays as it was.
 */

import { assert, assertEquals } from "@std/assert";
import { readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { encodeImage } from "../../lib/composefs/image.ts";
import { directory, ROOT } from "../kit/trees.ts";
import { makeWorkspace, peer, type Subject, testEach } from "./each_program.ts";
import { output, run, type RunOptions, textOutput } from "./process.ts";
import { listFiles } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Lays out what the failing commands are pointed at. */
function prepare({ directory, path, tool }: Subject): void {
  const make = new TreeMaker(directory);
  make.directory("tree");
  make.file("tree/small", "kept in the image");
  make.file("tree/large", "kept in the store ".repeat(100));
  make.file("old.cfs", "the image that was there before");
  make.file("good.dump", ROOT);
  make.file("bad.dump", ROOT + "/a 0 100644 garbage\n");
  make.file("late.dump", ROOT + "/a 0 100644 1 0 0 0 0.0 - - -\n".repeat(2));
  make.file("zeros", new Uint8Array(8192));
  symlinkSync("tree", path("link"));
  output(tool("mkcomposefs"), ["--from-file", "good.dump", "good.cfs"], { cwd: directory });
  const image = readFileSync(path("good.cfs"));
  writeFileSync(path("short.cfs"), image);
  truncateSync(path("short.cfs"), 5000);
  image.writeUInt32LE(2, 4);
  writeFileSync(path("version2.cfs"), image);
}

interface Failure {
  readonly args: readonly string[];
  /** What the message has to say. */
  readonly message: RegExp;
  readonly stdin?: string;
  /** Whether usage follows the message. */
  readonly usage?: true;
}

const MKCOMPOSEFS: readonly Failure[] = [
  { args: ["--from-file", "bad.dump", "old.cfs"], message: /"bad.dump" as a dump file: .*line 2/i },
  { args: ["--from-file", "late.dump", "old.cfs"], message: /"late.dump" as a dump file/ },
  { args: ["--from-file", "-", "old.cfs"], stdin: "bad.dump", message: /standard input as a dump/ },
  { args: ["--from-file", "-", "-"], stdin: "bad.dump", message: /standard input as a dump/ },
  { args: ["--from-file", "-", "old.cfs"], message: /standard input as a dump/ },
  { args: ["--from-file", "absent", "old.cfs"], message: /"absent": No such file/ },
  { args: ["--from-file", "tree", "old.cfs"], message: /"tree": Is a directory/ },
  { args: ["absent", "old.cfs"], message: /absent.*No such file/ },
  { args: ["good.dump", "old.cfs"], message: /expected a directory/ },
  { args: ["link", "old.cfs"], message: /expected a directory/ },
  { args: ["tree", "absent/new.cfs"], message: /absent.*No such file/ },
  { args: ["tree", "good.dump/new.cfs"], message: /good\.dump.*Not a directory/ },
  { args: ["tree", "tree"], message: /tree.*Is a directory/ },
  { args: ["tree", "/dev/full"], message: /full.*No space left/ },
  { args: ["--digest-store=good.dump", "tree", "old.cfs"], message: /good\.dump.*Not a directory/ },
  {
    args: ["--digest-store=good.dump/x", "tree", "old.cfs"],
    message: /good\.dump.*Not a directory/,
  },
  { args: ["--min-version=9", "tree", "old.cfs"], message: /version/ },
  { args: ["--skip-xattrs", "--user-xattrs", "tree", "old.cfs"], message: /--skip-xattrs/ },
  { args: ["--threads=0", "tree", "old.cfs"], message: /^mkcomposefs: Invalid threads count 0$/m },
  { args: ["--min-version=x", "tree", "old.cfs"], message: /Invalid min version x$/m },
  { args: ["--max-version=1x", "tree", "old.cfs"], message: /Invalid max version 1x$/m },
  { args: [], usage: true, message: /No source path specified$/m },
  { args: ["", "old.cfs"], usage: true, message: /Empty source path specified$/m },
  { args: ["tree"], usage: true, message: /No destination path specified$/m },
  { args: ["tree", "old.cfs", "more"], usage: true, message: /Too many arguments$/m },
  { args: ["--bad", "tree", "old.cfs"], usage: true, message: /"--bad"/ },
  { args: ["--min", "0", "tree", "--digest-store"], usage: true, message: /"--digest-store"/ },
  {
    args: ["--print-digest-only", "tree", "old.cfs"],
    usage: true,
    message: /Cannot specify destination path with --print-digest-only$/m,
  },
];

const INFO: readonly Failure[] = [
  { args: ["ls", "absent"], message: /"absent".*No such file/ },
  { args: ["dump", "tree"], message: /"tree".*Is a directory/ },
  { args: ["dump", "zeros"], message: /"zeros"/ },
  { args: ["objects", "old.cfs"], message: /"old.cfs"/ },
  { args: ["objects", "short.cfs"], message: /"short.cfs".*truncated: 5000 bytes, expected 16384/ },
  { args: ["ls", "version2.cfs"], message: /"version2.cfs".*2/ },
  { args: ["ls", "/dev/null"], message: /"\/dev\/null": a character device/ },
  { args: ["measure-file", "absent"], message: /"absent".*No such file/ },
  { args: ["measure-file", "tree"], message: /"tree".*Is a directory/ },
  { args: ["--filter=a/b", "ls", "good.cfs"], message: /Filter must be a single name: a\/b/ },
  { args: ["--basedir=absent", "missing-objects", "good.cfs"], message: /absent.*No such file/ },
  { args: ["--basedir=zeros", "missing-objects", "good.cfs"], message: /zeros.*Not a directory/ },
  { args: [], usage: true, message: /No command specified$/m },
  { args: ["ls"], usage: true, message: /No image path specified$/m },
  { args: ["measure-file"], usage: true, message: /No files specified$/m },
  { args: ["--bad", "ls", "good.cfs"], usage: true, message: /"--bad"/ },
  { args: ["ls", "good.cfs", "--basedir"], usage: true, message: /"--basedir"/ },
];

function assertFails(subject: Subject, name: string, { args, message, stdin, usage }: Failure) {
  const before = listFiles(subject.directory);
  const options: RunOptions = {
    cwd: subject.directory,
    ...(stdin !== undefined ? { stdin } : {}),
  };
  const { code, stdout, stderr } = run(subject.tool(name), args, options);
  const what = `${name} ${args.join(" ")}: ${stderr}`;
  assertEquals(code, 1, what);
  assertEquals(stdout.length, 0, what);
  assert(stderr.startsWith(`${name}: `) && stderr.endsWith("\n"), what);
  assert(message.test(stderr), what);
  const lines = stderr.split("\n").length - 1;
  assert(usage ? lines > 1 && /usage: /i.test(stderr) : lines === 1, what);
  assertEquals(listFiles(subject.directory), before, what);
}

testEach(
  "failure: mkcomposefs exits 1, says why in a line, leaves all as it was",
  { long: true },
  (subject) => {
    prepare(subject);
    for (const failure of MKCOMPOSEFS) assertFails(subject, "mkcomposefs", failure);
    assertEquals(readFileSync(subject.path("old.cfs"), "utf8"), "the image that was there before");
  },
);

testEach("failure: composefs-info exits 1 and says why in a line", {}, (subject) => {
  prepare(subject);
  for (const failure of INFO) assertFails(subject, "composefs-info", failure);
  const { code, stderr } = run(subject.tool("composefs-info"), ["nonsense", "good.cfs"]);
  assertEquals(code, 1);
  assert(stderr.startsWith("composefs-info: ") && /"nonsense"/.test(stderr), stderr);
});

testEach(
  "failure: mkcomposefs and composefs-info of C fail in the same cases",
  { long: true, tools: ["mkcomposefs", "composefs-info"], once: true },
  (subject) => {
    // The tables may hold only what C refuses as well.
    for (
      const [name, failures] of [["mkcomposefs", MKCOMPOSEFS], ["composefs-info", INFO]] as const
    ) {
      for (const { args, stdin } of failures) {
        const directory = makeWorkspace();
        try {
          prepare({ ...subject, directory, path: (file) => `${directory}/${file}` });
          const options = { cwd: directory, ...(stdin !== undefined ? { stdin } : {}) };
          const { code } = run(peer(name), args, options);
          assertEquals(code, 1, `${name} ${args.join(" ")}`);
        } finally {
          Deno.removeSync(directory, { recursive: true });
        }
      }
    }
  },
);

testEach(
  "failure: verbs of composefs exit 2 for a wrong command line, 1 otherwise",
  {},
  (subject) => {
    const options = { cwd: subject.directory };
    const wrong = [["nonsense"], ["create"], ["create", "--nonsense", "a", "b"], ["ls"], [
      "dump",
    ]];
    for (const args of [...wrong, ["rewrite", "a"], ["digest"], ["composefs-dump-it"]]) {
      const { code, stdout, stderr } = run(subject.composefs, args, options);
      assertEquals([code, stdout.length], [2, 0], args.join(" ") + stderr);
      assert(/^composefs: [^\n]+\n$/.test(stderr), stderr);
    }
    for (
      const args of [["create", "a", "b"], ["ls", "a"], ["rewrite", "a", "b"], ["digest", "a"]]
    ) {
      const { code, stdout, stderr } = run(subject.composefs, args, options);
      assertEquals([code, stdout.length], [1, 0], args.join(" ") + stderr);
      assert(/^composefs: Cannot [^\n]+No such file[^\n]+\n$/.test(stderr), stderr);
    }
    assertEquals(listFiles(subject.directory), []);
  },
);

/** Command lines that people mistype, the status, and what is said. */
const MISTYPED: readonly (readonly [line: string, status: 1 | 2, message: string])[] = [
  [
    "create good.cfs tree",
    1,
    'Cannot write an image to "tree": a directory; SOURCE comes first, then IMAGE',
  ],
  [
    "create new.cfs tree",
    1,
    'Cannot write an image to "tree": a directory; SOURCE comes first, then IMAGE',
  ],
  [
    "create zeros new.cfs",
    1,
    'Cannot make an image of "zeros": no kind of file that has a tree in it, ' +
    "expected a directory, an image, a dump or a tar archive",
  ],
  [
    "create - new.cfs",
    1,
    "Cannot make an image of standard input: no kind of file that has a tree in it, " +
    "expected a directory, an image, a dump or a tar archive",
  ],
  [
    "create --from-file good.cfs new.cfs",
    1,
    'Cannot read "good.cfs" as a dump file: it is an image, of which "composefs dump" makes one',
  ],
  ["create", 2, "Cannot run create: operand SOURCE is missing"],
  [
    "create tree",
    2,
    "Cannot run create: operand IMAGE is missing, expected it or --print-digest-only",
  ],
  ["create tree new.cfs more", 2, 'Cannot use operand "more": expected at most 2, found 3'],
  [
    "create --print-digest-only tree new.cfs",
    2,
    'Cannot use operand "new.cfs": expected none with --print-digest-only',
  ],
  ["ls", 2, "Cannot run ls: operand IMAGE is missing"],
  ["rewrite", 2, "Cannot run rewrite: operand SRC is missing"],
  ["rewrite good.cfs", 2, "Cannot run rewrite: operand DEST is missing"],
  ["digest", 2, "Cannot run digest: operand FILE is missing"],
  ["mount good.cfs", 2, "Cannot run mount: operand MOUNTPOINT is missing"],
  ["extract good.cfs", 2, "Cannot run extract: operand DIR is missing, expected it or --tar"],
  ["extract --tar good.cfs new", 2, 'Cannot use operand "new": expected none with --tar'],
  [
    "ls --filter=/x good.cfs",
    2,
    'Cannot filter by "/x": a path, expected a name in the root directory',
  ],
  ["ls --filter=x good.cfs", 1, 'Cannot filter by "x": no such entry in the root directory'],
  ["dump --filter=x good.cfs", 1, 'Cannot filter by "x": no such entry in the root directory'],
  ["objects --filter=x good.cfs", 1, 'Cannot filter by "x": no such entry in the root directory'],
  [
    "create --threads=1 --threads=1 tree new.cfs",
    2,
    'Cannot use option "--threads" twice: expected one value',
  ],
  ["digest fifo", 1, 'Cannot open "fifo": a fifo, expected a regular file or a block device'],
  ["ls fifo", 1, 'Cannot open "fifo": a fifo, expected a regular file or a block device'],
  [
    "verify --image-only /dev/zero",
    1,
    'Cannot open "/dev/zero": a character device, expected a regular file or a block device',
  ],
  [
    "rewrite short.cfs new.cfs",
    1,
    'Cannot load "short.cfs": Invalid image at offset 5000: truncated: 5000 bytes, expected 16384',
  ],
  [
    "cat short.cfs /a",
    1,
    'Cannot load "short.cfs": Invalid image at offset 5000: truncated: 5000 bytes, expected 16384',
  ],
];

testEach(
  "failure: a mistyped command line is told what it lacks",
  { long: true, once: true },
  (subject) => {
    prepare(subject);
    run(["mkfifo"], [subject.path("fifo")]);
    const before = listFiles(subject.directory);
    for (const [line, status, message] of MISTYPED) {
      const { code, stdout, stderr } = run(subject.composefs, line.split(" "), {
        cwd: subject.directory,
      });
      assertEquals([stderr, code, stdout.length], [`composefs: ${message}\n`, status, 0]);
    }
    assertEquals(listFiles(subject.directory), before);
    // A name that only one of several images has is no mistake, and the C program refuses no name at all.
    writeFileSync(subject.path("a.dump"), ROOT + "/a 0 100644 1 0 0 0 0.0 - - -\n");
    const options = { cwd: subject.directory };
    output(subject.composefs, ["create", "--from-file", "a.dump", "a.cfs"], options);
    const args = ["--filter=a", "a.cfs", "good.cfs"];
    assertEquals(textOutput(subject.composefs, ["ls", ...args], options), "/a\n");
    const asC = ["--filter=x", "ls", "good.cfs"];
    assertEquals(textOutput(subject.tool("composefs-info"), asC, options), "");
  },
);

testEach("failure: what was printed for earlier images stays", {}, (subject) => {
  prepare(subject);
  const options = { cwd: subject.directory };
  const good = output(subject.tool("composefs-info"), ["dump", "good.cfs"], options);
  assertEquals(new TextDecoder().decode(good).split("\n").length, 2);
  const args = ["dump", "good.cfs", "absent", "good.cfs"];
  const { code, stdout } = run(subject.tool("composefs-info"), args, options);
  assertEquals(code, 1);
  assertEquals(stdout, good);
});

testEach(
  "failure: paths longer than the kernel takes them are not printed",
  { long: true, once: true },
  (subject) => {
    // 20,000 levels: their paths together have 400 MB.
    let tree = directory();
    for (let level = 0; level < 20_000; level++) tree = directory({ d: tree });
    const image = subject.path("image");
    writeFileSync(image, encodeImage(tree));
    for (const args of [["ls"], ["ls", "--json"], ["dump"], ["extract", "--tar"]]) {
      const { code, stdout, stderr } = run(subject.composefs, [...args, image]);
      assertEquals([code, stdout.length], [1, 0]);
      // As JSON, quotes in it are escaped.
      assert(/Cannot list \\?"\/d\/.*…\\?": a path of 4096 bytes/.test(stderr), stderr);
    }
  },
);

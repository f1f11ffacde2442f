/**
 * Disks and standard streams that fail: a disk that is full, a reader that is gone,
 * a stream that is closed.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import { ROOT } from "../kit/trees.ts";
import { moduleWorkspace, testEach } from "./each_program.ts";
import { output, run } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

const WORKSPACE = moduleWorkspace();

/** A directory whose image is larger than a pipe holds, and one of its files larger than that. */
function largeTree(): string {
  const root = `${WORKSPACE}/large`;
  try {
    mkdirSync(root);
  } catch {
    return root; // Another test has made it.
  }
  const make = new TreeMaker(root);
  for (let i = 0; i < 3000; i++) make.file(`file-${i}`, `${i}`);
  make.file("big", new Uint8Array(3 * 2 ** 20).fill(7));
  return root;
}

/** Runs a command in a mount namespace where a directory is a file system of some KiB. */
function runOnSmallDisk(directory: string, kib: number, command: readonly string[]) {
  const script = `mount -t tmpfs -o size=${kib}k none "$1" || exit 99
    dir=$1; shift; echo before >"$dir/old.cfs"; "$@"; status=$?
    cat "$dir/old.cfs"; find "$dir" -mindepth 1 ! -type d; exit $status`;
  const unshare = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"];
  return run(unshare, [directory, ...command]);
}

const DISK = { tools: ["unshare", "find"], root: true } as const;

testEach("failure: a full disk leaves the old image and nothing else, root", {
  ...DISK,
  long: true,
}, (subject) => {
  const disk = subject.path("disk");
  mkdirSync(disk);
  const image = `${disk}/old.cfs`;
  for (const target of [image, `${disk}/new.cfs`]) {
    const command = [...subject.tool("mkcomposefs"), largeTree(), target];
    const { code, stdout, stderr } = runOnSmallDisk(disk, 64, command);
    assertEquals(code, 1, stderr);
    assertEquals(new TextDecoder().decode(stdout), `before\n${image}\n`);
    assert(/^mkcomposefs: Cannot [^\n]*No space left on device[^\n]*\n$/.test(stderr), stderr);
  }
});

testEach("failure: a store on a full disk gets no half object, root", DISK, (subject) => {
  const disk = subject.path("disk");
  mkdirSync(disk);
  const image = `${disk}/old.cfs`;
  const args = [`--digest-store=${disk}/store`, largeTree(), image];
  const { code, stdout, stderr } = runOnSmallDisk(disk, 1024, [
    ...subject.tool("mkcomposefs"),
    ...args,
  ]);
  assertEquals(code, 1, stderr);
  assertEquals(new TextDecoder().decode(stdout), `before\n${image}\n`);
  assert(/^mkcomposefs: Cannot [^\n]*No space left on device[^\n]*\n$/.test(stderr), stderr);
});

testEach("failure: nobody reads standard output any more: quiet", { long: true }, (subject) => {
  const image = subject.path("image");
  output(subject.tool("mkcomposefs"), [largeTree(), image]);
  const commands = [
    [...subject.tool("mkcomposefs"), largeTree(), "-"],
    [...subject.tool("composefs-info"), "dump", image, image, image],
    [...subject.tool("composefs-info"), "ls", image, image, image],
  ];
  for (const command of commands) {
    // `true` is gone before anything is written.
    const status = subject.path("status");
    const pipeline = '{ sleep 0.2; "$@"; echo $? >"$STATUS"; } | true';
    const { stderr } = run(["sh", "-c", pipeline, "sh"], command, { env: { STATUS: status } });
    assertEquals(stderr, "");
    assertEquals(readFileSync(status, "utf8"), "141\n", command.join(" "));
  }
});

testEach("failure: standard output is full: exit 1 and a line", {}, (subject) => {
  const tool = subject.tool("mkcomposefs");
  const { code, stderr } = run(tool, [largeTree(), "-"], { stdout: "/dev/full" });
  assertEquals(code, 1);
  assert(/^mkcomposefs: Cannot [^\n]*No space left on device[^\n]*\n$/.test(stderr), stderr);
});

/** Runs a command with a standard stream closed: `<&-` or `>&-`. */
function runWithout(stream: string, command: readonly string[]) {
  return run(["sh", "-c", `exec "$@" ${stream}`, "sh"], command);
}

for (const { name, command, available, skipReason } of PROGRAMS) {
  // Deno opens /dev/null in place of a closed stream just as a parent may do who wants no output.
  const reason = command.includes("run") ? " (skipped: Deno hides closed streams)" : skipReason;
  Deno.test({
    name: `failure: a closed standard stream is told [${name}]${reason}`,
    ignore: reason !== "" || !available,
    fn() {
      const tree = largeTree();
      const image = `${WORKSPACE}/closed.cfs`;
      output(command, ["mkcomposefs", tree, image]);
      const small = `${WORKSPACE}/small.cfs`;
      writeFileSync(`${WORKSPACE}/small.dump`, ROOT);
      output(command, ["mkcomposefs", "--from-file", `${WORKSPACE}/small.dump`, small]);
      const answers = [
        ["mkcomposefs", tree, "-"],
        ["mkcomposefs", tree, "/dev/stdout"],
        ["create", "--print-digest-only", tree],
        ["digest", image],
        ["verify", "--image-only", image],
        ["cat", image, "/file-1"],
        ["composefs-dump", image, "-"],
        ["ls", image],
        ["extract", "--tar", small],
        ["--version"],
      ];
      for (const args of answers) {
        const { code, stderr } = runWithout(">&-", [...command, ...args]);
        assertEquals(code, 1, args.join(" "));
        assert(/^\S+: Cannot write standard output: it is closed [^\n]*\n$/.test(stderr), stderr);
      }
      const { code, stderr } = runWithout("<&-", [
        ...command,
        "mkcomposefs",
        "--from-file",
        "-",
        image,
      ]);
      assertEquals(code, 1);
      assertEquals(stderr, "mkcomposefs: Cannot read standard input: it is closed (EBADF)\n");
      // What neither reads nor answers needs no streams.
      assertEquals(runWithout(">&- <&- 2>&-", [...command, "mkcomposefs", tree, image]).code, 0);
    },
  });
}

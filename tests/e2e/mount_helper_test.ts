/**
 * The link by which mount(8) finds the helper: made, used and removed in a mount namespace where `/sbin`
 * and `/usr/local` are directories of the test.
 */

import { assert, assertEquals } from "@std/assert";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { PROGRAM_NAMES } from "../../scripts/test/program_names.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import { type Subject, testEach } from "./each_program.ts";
import { HAS_EROFS } from "./mount_namespace.ts";
import { type Finished, run, textOutput } from "./process.ts";
import { listFiles } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const executable = PROGRAMS.find(({ name }) => name === PROGRAM_NAMES.bunExecutable)!;
const NEEDS = {
  once: true,
  root: true,
  tools: ["unshare", "mount", "readlink"],
  skip: executable.skipReason === "" ? "" : "no executable",
} as const;

const LINK = "/usr/local/sbin/mount.composefs";
const ENTER = `
  mount --bind "$1/local" /usr/local
  mount --bind "$1/sbin" "$(readlink -f /sbin)"
  shift
  exec "$@"`;

/** What comes before a command so that it sees the test's directories. */
function enter({ directory }: Subject): string[] {
  return ["unshare", "-m", "--propagation", "private", "sh", "-e", "-c", ENTER, "sh", directory];
}

/** Makes the directories that stand for `/usr/local` and `/sbin`. */
function prepare({ path }: Subject): void {
  for (const name of ["local", "sbin"]) {
    rmSync(path(name), { recursive: true, force: true });
    mkdirSync(path(name));
  }
}

function call(subject: Subject, ...args: string[]): Finished & { readonly text: string } {
  const done = run([...enter(subject), ...executable.command], args, { cwd: subject.directory });
  return { ...done, text: new TextDecoder().decode(done.stdout) };
}

/** Runs a command that must succeed without a note; what it prints. */
function succeed(subject: Subject, ...args: string[]): string {
  const { code, stderr, text } = call(subject, ...args);
  assertEquals([code, stderr], [0, ""]);
  return text;
}

interface Report {
  readonly findings: readonly { readonly question: string; readonly answer: string }[];
}

/** What doctor says of the helper. */
function finding(subject: Subject): unknown {
  const { text } = call(subject, "doctor", "--json");
  const { findings } = JSON.parse(text) as Report;
  const { answer, reason } = findings.find(({ question }) => question === "mountHelper") as {
    answer: string;
    reason?: string;
  };
  return [answer, reason];
}

testEach(
  "mount helper: the link comes and goes with the installation",
  { ...NEEDS, long: true },
  (subject) => {
    prepare(subject);
    const { path } = subject;
    const none = "no mount.composefs in /sbin, /sbin/fs.d, /sbin/fs";
    assertEquals(finding(subject), ["no", none]);
    const planned = `/sbin/mount.composefs -> ${LINK}`;
    assert(succeed(subject, "install", "--dry-run").endsWith(`\n${planned}\n`));
    assertEquals(readdirSync(path("sbin")), []);
    assert(succeed(subject, "install").includes("\nLinked /sbin/mount.composefs "));
    assertEquals(readlinkSync(path("sbin/mount.composefs")), LINK);
    assertEquals(finding(subject), ["yes", planned]);
    // Again, there is nothing left to do or say.
    assertEquals(succeed(subject, "install").split("\n").length, 2);
    assert(!succeed(subject, "install", "--dry-run").includes("\n/sbin/mount.composefs "));
    assert(succeed(subject, "uninstall", "--dry-run").endsWith("\n/sbin/mount.composefs\n"));
    assertEquals(readlinkSync(path("sbin/mount.composefs")), LINK);
    succeed(subject, "uninstall", "--prefix=/usr/local/");
    assertEquals([listFiles(path("sbin")), listFiles(path("local"))], [[], []]);
  },
);

testEach("mount helper: mount -t composefs mounts by it", {
  ...NEEDS,
  tools: [...NEEDS.tools, "cat"],
  skip: NEEDS.skip || (HAS_EROFS ? "" : "a kernel without EROFS"),
}, (subject) => {
  prepare(subject);
  const { directory, path } = subject;
  const make = new TreeMaker(directory);
  make.directory("tree");
  make.file("tree/file", "kept in the store ".repeat(1000));
  mkdirSync(path("m"));
  textOutput(executable.command, ["mkcomposefs", "--digest-store=objects", "tree", "image"], {
    cwd: directory,
  });
  succeed(subject, "install");
  const script = "mount -t composefs -o basedir=objects image m && cat m/file";
  const { code, stdout, stderr } = run([...enter(subject), "sh", "-c", script], [], {
    cwd: directory,
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(new TextDecoder().decode(stdout), readFileSync(path("tree/file"), "utf8"));
});

testEach(
  "mount helper: what somebody else has put there stays",
  { ...NEEDS, long: true },
  (subject) => {
    const { path } = subject;
    const makers: Record<string, () => void> = {
      file: () => writeFileSync(path("sbin/mount.composefs"), "C's\n"),
      link: () => symlinkSync("/usr/bin/true", path("sbin/mount.composefs")),
      "dangling link": () => symlinkSync("elsewhere", path("sbin/mount.composefs")),
      directory: () => mkdirSync(path("sbin/mount.composefs")),
    };
    for (const [kind, make] of Object.entries(makers)) {
      prepare(subject);
      make();
      const before = listFiles(path("sbin"));
      const printed = succeed(subject, "install", "--force");
      assert(printed.includes(" uses /sbin/mount.composefs, which is another and stays\n"), kind);
      succeed(subject, "uninstall", "--force");
      assertEquals(listFiles(path("sbin")), before, kind);
    }
    prepare(subject);
    writeFileSync(path("sbin/mount.composefs"), "not to be run\n");
    chmodSync(path("sbin/mount.composefs"), 0o644);
    assertEquals(finding(subject), ["no", "/sbin/mount.composefs is not executable"]);
  },
);

testEach(
  "mount helper: a list cannot have it removed, nor anything beside it",
  NEEDS,
  (subject) => {
    prepare(subject);
    const { path } = subject;
    succeed(subject, "install", "--no-mount-helper");
    assertEquals(readdirSync(path("sbin")), []);
    symlinkSync("../bin/composefs", path("sbin/mount.composefs"));
    writeFileSync(path("sbin/victim"), "");
    const before = listFiles(path("sbin"));
    rmSync(path("local/sbin"), { recursive: true });
    symlinkSync("/sbin", path("local/sbin"));
    const { code, stderr } = call(subject, "uninstall", "--force");
    assertEquals(code, 1);
    assert(stderr.includes(" leads out of "), stderr);
    assertEquals(listFiles(path("sbin")), before);
  },
);

testEach(
  "mount helper: another prefix gets the command to type",
  { ...NEEDS, long: true },
  (subject) => {
    prepare(subject);
    const { directory, path } = subject;
    const command = /^For "mount -t composefs": (.*)$/m;
    for (
      const [prefix, name, word] of [
        [path("own"), "own", path("own/sbin/mount.composefs")],
        ["./own", "./own", '"$PWD"/./own/sbin/mount.composefs'],
        ["it's", "it's", `"$PWD"/'it'\\''s/sbin/mount.composefs'`],
      ] as const
    ) {
      const install = ["install", `--prefix=${prefix}`];
      const [, typed] = command.exec(succeed(subject, ...install))!;
      assertEquals(typed, `ln -s ${word} /sbin/mount.composefs`);
      assertEquals(readdirSync(path("sbin")), []);
      run([...enter(subject), "sh", "-c", typed!], [], { cwd: directory });
      const target = readlinkSync(path("sbin/mount.composefs"));
      assertEquals(target, `${directory}/${name}/sbin/mount.composefs`);
      // Now that it is there, there is nothing more to say.
      assertEquals(succeed(subject, ...install).split("\n").length, 2);
      const removed = succeed(subject, "uninstall", `--prefix=${directory}/${name}`);
      assert(removed.endsWith("\nWhat led to it leads nowhere now: rm /sbin/mount.composefs\n"));
      assertEquals(readlinkSync(path("sbin/mount.composefs")), target);
      rmSync(path("sbin/mount.composefs"));
    }
    const silent = succeed(subject, "install", "--prefix=own", "--no-mount-helper");
    assertEquals(silent.split("\n").length, 2);
  },
);

testEach(
  "mount helper: where /sbin cannot be written, all the rest is installed",
  NEEDS,
  (subject) => {
    prepare(subject);
    const script = 'mount -o remount,ro,bind "$(readlink -f /sbin)"; exec "$@"';
    const command = [...enter(subject), "sh", "-e", "-c", script, "sh", ...executable.command];
    const { code, stderr } = run(command, ["install"]);
    assertEquals([code, stderr], [
      0,
      'composefs: note: Cannot create "/sbin/mount.composefs": Read-only file system (EROFS)\n',
    ]);
    textOutput([subject.path("local/bin/composefs")], ["--version"]);
  },
);

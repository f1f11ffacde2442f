/**
 * Runs without privileges: as nobody, and as what fakeroot pretends.
 */

import { assert, assertEquals } from "@std/assert";
import { existsSync, globSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { NOBODY, runAsNobody as runWithTools } from "./as_nobody.ts";
import { peer, type Subject, testEach } from "./each_program.ts";
import { makeOddTree } from "./odd_tree.ts";
import { type Finished, run, which } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const TOOLS = ["mkcomposefs", "composefs-info", "setpriv", "unshare"];
const NEEDS = { tools: TOOLS, root: true } as const;

const runAsNobody = (subject: Subject, command: readonly string[]) =>
  runWithTools(subject, command, TOOLS);

function assertFine({ code, stderr }: Finished): void {
  assertEquals([code, stderr], [0, ""]);
}

testEach(
  "unprivileged: image and store are those of C, root to become nobody",
  { ...NEEDS, long: true },
  (subject) => {
    Deno.chownSync(subject.directory, NOBODY, NOBODY);
    const tree = subject.path("tree");
    mkdirSync(tree);
    makeOddTree(tree);
    // This file has no permissions, so the user nobody cannot read it.
    Deno.removeSync(`${tree}/files/none`);
    const builds = [["ours", subject.tool("mkcomposefs")], ["c", peer("mkcomposefs")]] as const;
    for (const [name, command] of builds) {
      const args = [`--digest-store=${name}.store`, tree, `${name}.cfs`];
      assertFine(runAsNobody(subject, [...command, ...args]));
    }
    const [ours, theirs] = ["ours", "c"].map((name) => readFileSync(subject.path(`${name}.cfs`)));
    assert(ours!.equals(theirs!), "the images differ");
    assertEquals(listFiles(subject.path("ours.store")), listFiles(subject.path("c.store")));
    assertEquals(storeFaults(subject.path("ours.store")), []);
    assertEquals(statSync(subject.path("ours.cfs")).uid, NOBODY);
  },
);

testEach(
  "unprivileged: a file or directory that may not be read, root to become nobody",
  NEEDS,
  (subject) => {
    Deno.chownSync(subject.directory, NOBODY, NOBODY);
    const make = new TreeMaker(subject.directory);
    make.directory("file");
    make.file("file/secret", "not to be read by others", 0o600);
    make.directory("empty-file");
    make.file("empty-file/secret", "", 0o600);
    make.directory("directory");
    make.directory("directory/closed", 0o700);
    make.directory("unlisted");
    make.directory("unlisted/no-list", 0o711);
    make.file("old.cfs", "old", 0o666);
    for (const source of ["file", "directory", "unlisted"]) {
      const before = listFiles(subject.directory).filter((line) => !line.startsWith("home"));
      const args = [source, "old.cfs"];
      const { code, stderr } = runAsNobody(subject, [...subject.tool("mkcomposefs"), ...args]);
      assertEquals(code, 1, stderr);
      assert(/^mkcomposefs: Cannot [^\n]*Permission denied[^\n]*\n$/.test(stderr), stderr);
      assert(stderr.includes(`${source}/`), stderr);
      const after = listFiles(subject.directory).filter((line) => !line.startsWith("home"));
      assertEquals(after, before);
      assertEquals(readFileSync(subject.path("old.cfs"), "utf8"), "old");
      assertEquals(runAsNobody(subject, [...peer("mkcomposefs"), source, "c.cfs"]).code, 1);
      Deno.removeSync(subject.path("c.cfs"));
    }
    // A file without contents need not be opened.
    const args = ["--print-digest-only", "empty-file"];
    const ours = runAsNobody(subject, [...subject.tool("mkcomposefs"), ...args]);
    assertFine(ours);
    assertEquals(ours, runAsNobody(subject, [...peer("mkcomposefs"), ...args]));
  },
);

testEach(
  "unprivileged: destinations that may not be written, root to become nobody",
  NEEDS,
  (subject) => {
    const make = new TreeMaker(subject.directory);
    make.directory("tree");
    make.file("tree/file", "x".repeat(100));
    make.directory("closed");
    make.file("closed/old.cfs", "old");
    make.directory("open", 0o777);
    const outside = () => listFiles(subject.directory).filter((line) => !line.startsWith("home"));
    const before = outside();
    const cases = [["tree", "closed/old.cfs"], ["tree", "closed/new.cfs"]];
    for (const args of [...cases, ["--digest-store=closed", "tree", "open/new.cfs"]]) {
      const { code, stderr } = runAsNobody(subject, [...subject.tool("mkcomposefs"), ...args]);
      assertEquals(code, 1, stderr);
      assert(
        /^mkcomposefs: Cannot [^\n]*closed[^\n]*Permission denied[^\n]*\n$/.test(stderr),
        stderr,
      );
      assertEquals(outside(), before);
    }
  },
);

/** By its whole path: a C program with a loader of its own does not look where fakeroot's name leads. */
const [libfakeroot = ""] = globSync("/usr/lib/*/libfakeroot/libfakeroot-sysv.so");

const FAKEROOT = {
  tools: [...TOOLS, "fakeroot"],
  root: true,
  skip: existsSync(libfakeroot) ? "" : "no libfakeroot-sysv.so",
} as const;

const PRETEND = `
  set -e
  mkdir tree; echo contents >tree/file; chown 5:6 tree/file; chmod 4755 tree/file
  ln -s file tree/link; chown -h 70000:8 tree/link
  mknod tree/null c 1 3; mknod tree/sda b 8 0; mknod tree/fifo p; mknod tree/gone c 0 0
  mkdir tree/dir; chown 0:50 tree tree/dir; chmod 2770 tree/dir
  if command -v setfattr >/dev/null; then setfattr -n user.name -v value tree/file; fi
  "$C" --digest-store=c.store tree c.cfs
  "$@" --digest-store=ours.store tree ours.cfs`;

testEach(
  "unprivileged: what fakeroot pretends is seen, as by C, root to become nobody",
  FAKEROOT,
  (subject) => {
    Deno.chownSync(subject.directory, NOBODY, NOBODY);
    const shell = ["env", `C=${which("mkcomposefs")}`, "sh", "-c", PRETEND, "sh"];
    const command = ["fakeroot", "--lib", libfakeroot, ...shell, ...subject.tool("mkcomposefs")];
    assertFine(runAsNobody(subject, command));
    const [ours, theirs] = ["ours", "c"].map((name) => {
      const { stdout } = run(peer("composefs-info"), ["dump", subject.path(`${name}.cfs`)]);
      return new TextDecoder().decode(stdout);
    });
    assertEquals(ours, theirs);
    assert(ours!.includes("/null 0 20644 1 0 0 259 "), ours);
    assert(/^\/file 9 104755 1 5 6 0 /m.test(ours!), ours);
    assert(/^\/link 4 120777 1 70000 8 0 /m.test(ours!), ours);
    assert(/^\/gone 0 20644 1 0 0 0 /m.test(ours!), ours);
    const images = ["ours.cfs", "c.cfs"].map((name) => readFileSync(subject.path(name)));
    assert(images[0]!.equals(images[1]!), "the images differ");
  },
);

/**
 * Images extracted into directories and archives: `extract`.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { peer, testEach } from "./each_program.ts";
import { makeOddTree } from "./odd_tree.ts";
import { output, run, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";
import { makeImage, makeSmallTree, withBit } from "./small_image.ts";
import { TreeMaker } from "./tree_maker.ts";

const OPTIONS = [["--hardlinks"], ["--min-version=1", "--max-version=1"]];

testEach(
  "extract: mkcomposefs makes the same image of what was extracted",
  { long: true },
  (subject) => {
    const { store } = makeImage(subject, makeOddTree);
    const [tree, image, out] = ["tree", "image", "out"].map((name) => subject.path(name));
    for (const options of OPTIONS) {
      output(subject.tool("mkcomposefs"), [...options, tree!, image!]);
      const digest = fsVerityDigest(read(image!)).toHex();
      const args = [`--basedir=${store}`, `--digest=${digest}`, image!, out!];
      assertEquals(textOutput([...subject.composefs, "extract"], args), "");
      const again = output(subject.tool("mkcomposefs"), [...options, out!, "-"]);
      assertSameBytes(again, read(image!), options.join(" "));
      rmSync(out!, { recursive: true });
    }
  },
);

testEach(
  "extract: the C program makes the same image of what was extracted",
  { tools: ["mkcomposefs"], once: true, long: true },
  (subject) => {
    const { store, image } = makeImage(subject, makeOddTree);
    const out = subject.path("out");
    output([...subject.composefs, "extract"], [`--basedir=${store}`, image, out]);
    assertSameBytes(output(peer("mkcomposefs"), [out, "-"]), read(image), "C");
  },
);

testEach(
  "extract: GNU tar makes the same tree of the archive, needs root",
  { tools: ["tar"], root: true, long: true },
  (subject) => {
    const { store, image } = makeImage(subject, (root) => {
      makeOddTree(root);
      rmSync(`${root}/special/socket`);
      new TreeMaker(root).time("special", 1_700_000_000, 123_456_789);
    });
    for (const options of [[], ["--hardlinks"]]) {
      output(subject.tool("mkcomposefs"), [...options, subject.path("tree"), image]);
      const out = subject.path(`out${options.length}`);
      mkdirSync(out);
      const archive = subject.path("archive.tar");
      const args = [`--basedir=${store}`, "--tar", image];
      output([...subject.composefs, "extract"], args, { stdout: archive });
      const untar = ["-C", out, "--xattrs", "--xattrs-include=*", "-xpf", archive];
      const { code, stderr } = run(["tar"], untar);
      assertEquals(code, 0, stderr);
      const again = output(subject.tool("mkcomposefs"), [...options, out, "-"]);
      assertSameBytes(again, read(image), options.join(" "));
    }
  },
);

testEach(
  "extract: ACLs and odd names of xattrs come through GNU tar, and through bsdtar as far as they can",
  {
    tools: ["tar", "bsdtar", "setfacl", "setfattr", "getfacl", "getfattr"],
    root: true,
    once: true,
  },
  (subject) => {
    const make = new TreeMaker(subject.path("tree"));
    mkdirSync(subject.path("tree"));
    make.file("f", utf8("contents"));
    make.directory("d");
    // Without its ACL, the mask in its mode would open the file to its group.
    output(["setfacl"], ["-m", "u:1234:rwx,g::-,m:rwx", subject.path("tree/f")]);
    output(["setfacl"], ["-d", "-m", "u:5:r,g:6:x", subject.path("tree/d")]);
    for (const name of ["user.a=b", "user.c%d", "user.e%3Df", "user.%25"]) {
      output(["setfattr"], ["-n", name, "-v", "value", subject.path("tree/f")]);
    }
    make.timeAll(1_700_000_000);
    const digest = textOutput(subject.composefs, ["create", "--print-digest-only", make.root]);
    output(subject.composefs, ["create", make.root, subject.path("image")]);
    const archive = subject.path("archive.tar");
    output([...subject.composefs, "extract"], ["--tar", subject.path("image")], {
      stdout: archive,
    });
    const untar = (program: string, ...options: string[]) => {
      const out = subject.path(program);
      mkdirSync(out);
      output([program], ["-C", out, "--acls", "--xattrs", ...options, "-xpf", archive]);
      return out;
    };
    const gnu = untar("tar", "--xattrs-include=*");
    assertEquals(textOutput(subject.composefs, ["create", "--print-digest-only", gnu]), digest);
    const bsd = untar("bsdtar");
    const acls = (root: string) =>
      textOutput(["getfacl"], ["--numeric", "--omit-header", "f", "d"], { cwd: root });
    assertEquals(acls(bsd), acls(make.root));
    // It takes a name as it stands, so what GNU tar must have escaped stays so.
    const names = textOutput(["getfattr"], ["f"], { cwd: bsd }).match(/user\..*/g)!.sort();
    assertEquals(names, ["user.%2525", "user.a%3Db", "user.c%d", "user.e%253Df"]);
  },
);

testEach("extract: a wrong object leaves no directory and no end of an archive", {}, (subject) => {
  const { image, store } = makeImage(subject, makeSmallTree);
  const hex = fsVerityDigest(read(subject.path("tree/600000"))).toHex();
  const object = join(store, hex.slice(0, 2), hex.slice(2));
  const contents = read(object);
  rmSync(object);
  writeFileSync(object, withBit(contents, 12345));
  const before = readdirSync(subject.directory);
  const extract = [...subject.composefs, "extract", `--basedir=${store}`, image];
  const { code, stderr } = run(extract, [subject.path("out")]);
  assertEquals(code, 1);
  assert(stderr.startsWith('composefs: Cannot read "/600000": Cannot use object'), stderr);
  assertEquals(readdirSync(subject.directory), before);
  const archive = run(extract, ["-"]);
  assertEquals(archive.code, 1);
  assert(archive.stdout.length % 10_240 !== 0, "the archive has its end");
  assertEquals(run(extract, []).code, 2);
  assertEquals(run(extract, ["--tar", "out"]).code, 2);
});

testEach(
  "extract: who may not do something is told what helps",
  { root: true, tools: ["setpriv"] },
  (subject) => {
    const { image, store } = makeImage(subject, makeSmallTree);
    const extract = [...subject.composefs, "extract", `--basedir=${store}`];
    // Without these capabilities root is like anybody else, and can still read the runtime.
    const drop = ["setpriv", "--bounding-set=-chown,-mknod,-fowner", "--inh-caps=-all"];
    const out = subject.path("out");
    const owner = run([...drop, ...extract], [image, out]);
    assertEquals(owner.code, 1);
    assert(
      /^composefs: Cannot make 70000:5 the owner of .*; try --no-same-owner\n$/.test(owner.stderr),
      owner.stderr,
    );
    const device = run([...drop, ...extract], ["--no-same-owner", image, out]);
    assert(
      /^composefs: Cannot create .*\/sub\/null.*; try --skip-devices\n$/.test(device.stderr),
      device.stderr,
    );
    output([...drop, ...extract], ["--no-same-owner", "--skip-devices", image, out]);
    assertEquals(readdirSync(out).length, 9);
    assertEquals(readdirSync(join(out, "sub")), ["fifo", "link", "twin"]);
  },
);

/** Options of `create` by which an image does not depend on who makes it, when and where. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { peer, type Subject, testEach } from "./each_program.ts";
import { inNamespace, succeed } from "./mount_namespace.ts";
import { output, run, type RunOptions, textOutput } from "./process.ts";
import { listFiles } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const CONTENTS = "what goes into a store because it is longer than sixty-four bytes are, this file";

/** Makes `name`, a tree in which everything is of another time. */
function makeTree(subject: Subject, name: string, time: number): string {
  const root = subject.path(name);
  new TreeMaker(subject.directory).directory(name);
  const make = new TreeMaker(root);
  for (const path of ["etc", "src", "src/.git", "src/lib", "tmp", "tmp/deep"]) make.directory(path);
  make.file("etc/motd", "Welcome!\n");
  make.file("etc/numbers", CONTENTS.repeat(100), 0o600);
  make.symlink("etc/link", "motd");
  make.file("src/.git/config", CONTENTS);
  make.file("src/lib/a.o", "object");
  make.file("src/lib/a.c", "int a;\n");
  make.hardLink("src/lib/b.c", "src/lib/a.c");
  make.file("src/b.o", CONTENTS);
  make.file("tmp/deep/file", CONTENTS);
  make.node("tmp/fifo", 0o010644);
  make.timeAll(time, 123456789);
  make.time("etc/motd", time + 1000, 1);
  make.time("src/lib/a.c", -5, 7);
  return root;
}

function create(subject: Subject, args: readonly string[], options: RunOptions = {}): string {
  return textOutput([...subject.composefs, "create"], args, options).trim();
}

function digest(subject: Subject, ...args: readonly string[]): string {
  return create(subject, ["--print-digest-only", ...args]);
}

const SAME = ["--owner=0:0", "--mtime=@1700000000", "--xattrs=none"];

testEach("create: trees of other times and owners give one image", { root: true }, (subject) => {
  const one = makeTree(subject, "one", 1_600_000_000);
  const other = makeTree(subject, "other", 1_500_000_000);
  output(["chown"], ["-Rh", "1234:5678", other]);
  new TreeMaker(other).xattr("etc/motd", "user.where", "elsewhere");
  assertNotEquals(digest(subject, one), digest(subject, other));
  const expected = "32643b8158eace89bbd230bc1b74fe1933b975f8f7896825e5533a5ffef50c97";
  for (const tree of [one, other]) assertEquals(digest(subject, ...SAME, tree), expected);

  const cache = `--cache=${subject.path("cache")}`;
  const store = `--digest-store=${subject.path("objects")}`;
  const image = subject.path("image");
  // What a cache keeps does not depend on what else is changed.
  assertEquals(digest(subject, cache, other), digest(subject, other));
  assertEquals(digest(subject, cache, ...SAME, other), expected);
  // Where there is no fs-verity, a note says so.
  const args = ["create", "--json", cache, store, ...SAME, one, image];
  const { code, stdout, stderr } = run(subject.composefs, args);
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)).digest, expected);
  assertEquals(
    listFiles(subject.path("objects")).filter((line) => !line.endsWith("755")).length,
    2,
  );
});

testEach("create: a dump is changed as its directory is", { root: true }, (subject) => {
  const tree = makeTree(subject, "tree", 1_600_000_000);
  const make = new TreeMaker(tree);
  make.xattr("etc/motd", "user.a", "1");
  make.xattr("etc/motd", "trusted.overlay.opaque", "y");
  make.node("tmp/whiteout", 0o020000, 0);
  make.node("tmp/device", 0o060600, 5);
  make.chown("etc/motd", 3, 4);
  const image = subject.path("image");
  create(subject, ["--hardlinks", tree, image]);
  const dump = subject.path("dump");
  writeFileSync(dump, output(subject.composefs, ["dump", image]));
  const cases: readonly (readonly string[])[] = [
    [],
    ["--mtime=2020-01-01"],
    ["--mtime=@1600000000.5", "--clamp-mtime"],
    ["--owner=7"],
    ["--owner=7:8"],
    ["--group=8"],
    ["--exclude=*.o", "--exclude=/tmp/*", "--exclude=.git/"],
    ["--exclude=a.c"],
    ["--exclude=whiteout"],
    ["--xattrs=user"],
    ["--xattrs=!user.*"],
    ["--use-epoch", "--skip-devices", "--skip-xattrs"],
    [...SAME, "--exclude=b.*", "--exclude=/etc/**"],
  ];
  const digests = cases.map((options) => {
    const found = digest(subject, ...options, "--hardlinks", tree);
    assertEquals(digest(subject, ...options, "--from-file", dump), found, options.join(" "));
    return found;
  });
  assertEquals(new Set(digests).size, cases.length);
});

testEach(
  "create: changes a tree as tar does, which extracts it so",
  { root: true, tools: ["tar", "mkcomposefs"] },
  (subject) => {
    const tree = makeTree(subject, "tree", 1_600_000_000);
    const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
      [["--mtime=@1234567890.25"], []],
      [["--mtime=@-1234567890"], []],
      [["--mtime=2020-09-13T12:26:40.1Z", "--clamp-mtime"], []],
      [["--mtime=2020-09-13T14:26:41+02:00", "--clamp-mtime"], []],
      [["--owner=12", "--group=34"], ["--owner=:12", "--group=:34"]],
      [["--owner=12:34"], ["--owner=:12", "--group=:34"]],
      [["--exclude=*.o", "--exclude=.git"], []],
      [["--exclude=lib/a.*"], []],
      [["--exclude=/tmp/*"], ["--anchored", "--exclude=./tmp/*"]],
      [["--exclude=/tmp"], ["--anchored", "--exclude=./tmp"]],
    ];
    cases.forEach(([ours, theirs], i) => {
      const archive = subject.path(`${i}.tar`);
      const options = theirs.length > 0 ? theirs : ours;
      output(["tar"], ["--format=posix", "-cf", archive, ...options, "-C", tree, "."]);
      const extracted = subject.path(String(i));
      mkdirSync(extracted);
      output(["tar"], [
        "--warning=no-timestamp",
        "-xpf",
        archive,
        "--numeric-owner",
        "-C",
        extracted,
      ]);
      const expected = textOutput(peer("mkcomposefs"), ["--print-digest-only", extracted]).trim();
      assertEquals(digest(subject, ...ours, tree), expected, ours.join(" "));
    });
  },
);

testEach(
  "create: --one-file-system leaves mount points empty, as tar does",
  { root: true, tools: ["unshare", "mount", "tar", "mkcomposefs"] },
  (subject) => {
    const tree = makeTree(subject, "tree", 1_600_000_000);
    const script = `
      mount -t tmpfs -o mode=0711 none "$1/tmp"
      echo hidden >"$1/tmp/file"
      touch -d @5 "$1/tmp"
      mount --bind "$1/etc" "$1/src/lib"
      shift; "$@"`;
    const within = (...command: readonly string[]) =>
      succeed(inNamespace(subject, script, [tree, ...command])).trim();
    mkdirSync(subject.path("x"));
    within("sh", "-c", 'tar --one-file-system --format=posix -cf x.tar -C "$1" .', "sh", tree);
    output(["tar"], ["-xpf", subject.path("x.tar"), "-C", subject.path("x")]);
    const expected = textOutput(peer("mkcomposefs"), ["--print-digest-only", subject.path("x")]);
    const ours = [...subject.composefs, "create", "--print-digest-only", "--one-file-system", tree];
    assertEquals(within(...ours), expected.trim());
  },
);

testEach(
  "create: what is excluded is not looked at",
  { tools: ["strace"], once: true },
  (subject) => {
    const tree = makeTree(subject, "tree", 1_600_000_000);
    const trace = subject.path("trace");
    const options = ["--exclude=/tmp", "--exclude=.git/", "--exclude=*.o", "--print-digest-only"];
    const command = [...subject.composefs, "create", ...options, tree];
    output(["strace"], ["-f", "-qq", "-o", trace, "-e", "trace=%file,statx,openat2", ...command]);
    const calls = readFileSync(trace, "utf8");
    assert(calls.includes('"motd"'), calls);
    for (const name of ['"tmp"', '".git"', '"a.o"', '"b.o"', '"deep']) {
      assert(!calls.includes(name), name);
    }
  },
);

testEach("create: patterns of a file, and those that match nothing", {}, (subject) => {
  const tree = makeTree(subject, "tree", 1_600_000_000);
  const list = subject.path("list");
  writeFileSync(list, "# what is not wanted\n\n*.o\n/nothing\n\\#none\n.git");
  const args = ["create", "--print-digest-only", "--exclude=tmp/", "--exclude=\\!", tree];
  const expected = digest(subject, "--exclude=*.o", "--exclude=.git", "--exclude=/tmp", tree);
  for (const given of [list, "-"]) {
    const option = `--exclude-from=${given}`;
    const done = run(subject.composefs, [...args, option], { stdin: list });
    assertEquals(done.code, 0, done.stderr);
    assertEquals(new TextDecoder().decode(done.stdout).trim(), expected);
    const file = given === "-" ? "standard input" : `"${list}"`;
    assertEquals(done.stderr.split("\n"), [
      'composefs: note: nothing matches --exclude="\\!"',
      `composefs: note: nothing matches "/nothing" in line 4 of ${file}`,
      `composefs: note: nothing matches "\\#none" in line 5 of ${file}`,
      "",
    ]);
  }
});

testEach("create: SOURCE_DATE_EPOCH is a time on request", { root: true }, (subject) => {
  const tree = makeTree(subject, "tree", 1_600_000_000);
  const args = ["--print-digest-only", "--mtime=source-date-epoch", tree];
  const expected = digest(subject, "--mtime=1234567890", tree);
  const at = (text: string): RunOptions => ({ env: { SOURCE_DATE_EPOCH: text } });
  assertEquals(create(subject, args, at("1234567890")), expected);
  // Without the word it changes nothing.
  assertEquals(create(subject, ["--print-digest-only", tree], at("5")), digest(subject, tree));
  for (const text of ["", "yesterday", "5.5", "@5", " 5"]) {
    const { code, stderr } = run([...subject.composefs, "create"], args, at(text));
    assertEquals(code, 1);
    const state = `SOURCE_DATE_EPOCH="${text}": expected a whole number of seconds`;
    assertEquals(stderr, `composefs: Cannot use ${state}\n`);
  }
});

testEach("create: changes that contradict each other are errors", {}, (subject) => {
  const tree = makeTree(subject, "tree", 1_600_000_000);
  const dump = subject.path("dump");
  writeFileSync(dump, "/ 4096 40755 2 0 0 0 0.0 - - -\n");
  const bad = subject.path("bad");
  writeFileSync(bad, "fine\na/../b\n");
  const cases: readonly (readonly [number, ...string[]])[] = [
    [2, "--mtime=0", "--use-epoch", tree],
    [2, "--mtime=yesterday", tree],
    [2, "--clamp-mtime", tree],
    [2, "--owner=root", tree],
    [2, "--owner=root:0", tree],
    [2, "--owner=0:0", "--group=0", tree],
    [2, "--group=-1", tree],
    [2, "--group=4294967295", tree],
    [2, "--exclude=/", tree],
    [2, "--exclude=[", tree],
    [1, `--exclude-from=${bad}`, tree],
    [1, `--exclude-from=${subject.path("missing")}`, tree],
    [2, "--exclude-from=-", "--from-file", "-"],
    [2, "--exclude-from=-", "--exclude-from=-", tree],
    [2, "--xattrs=all", "--skip-xattrs", tree],
    [2, "--xattrs=all", "--user-xattrs", tree],
    [2, "--xattrs=some", tree],
    [2, "--one-file-system", "--from-file", dump],
  ];
  for (const [status, ...args] of cases) {
    const command = [...subject.composefs, "create", "--print-digest-only"];
    const { code, stderr } = run(command, args);
    assertEquals([code, args], [status, args]);
    assert(/^composefs: Cannot [^\n]*: [^\n]*\n$/.test(stderr), stderr);
  }
  for (const option of ["--mtime=0", "--exclude=a", "--one-file-system", "--xattrs=all"]) {
    const { code, stderr } = run(subject.tool("mkcomposefs"), [
      "--print-digest-only",
      option,
      tree,
    ]);
    assertEquals(code, 1);
    assert(stderr.includes("there is none of that name"), stderr);
  }
});

const RULES = `# what a policy says
/.*  system_u:object_r:default_t:s0
/etc(/.*)?  system_u:object_r:etc_t:s0
/etc/[^/]*  -l  system_u:object_r:link_t:s0
/src/.*\\.[co]  --  system_u:object_r:src_t:s0
/tmp/.*  <<none>>
`;

/** The same by hand. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  "etc_t": ["etc", "etc/motd", "etc/numbers"],
  "link_t": ["etc/link"],
  "src_t": ["src/b.o", "src/lib/a.o", "src/lib/a.c"],
  "default_t": [".", "src", "src/.git", "src/.git/config", "src/lib", "tmp"],
};

testEach("create: --selinux-contexts labels as setfiles does", { root: true }, (subject) => {
  const tree = makeTree(subject, "tree", 1_600_000_000);
  const labelled = makeTree(subject, "labelled", 1_600_000_000);
  for (const name of [tree, labelled]) new TreeMaker(name).xattr("etc/motd", "user.a", "1");
  new TreeMaker(tree).xattr("tmp/deep", "security.selinux", "of another policy\0");
  for (const [type, paths] of Object.entries(LABELS)) {
    const label = `system_u:object_r:${type}:s0\0`;
    for (const path of paths) new TreeMaker(labelled).xattr(path, "security.selinux", label);
  }
  const rules = subject.path("rules");
  writeFileSync(rules, RULES);
  const option = `--selinux-contexts=${rules}`;
  const expected = textOutput(subject.tool("mkcomposefs"), ["--print-digest-only", labelled])
    .trim();
  assertEquals(digest(subject, option, tree), expected);
  assertEquals(
    create(subject, ["--print-digest-only", "--selinux-contexts=-", tree], { stdin: rules }),
    expected,
  );
  // Which xattrs are kept is said of those that there are.
  assertEquals(
    digest(subject, option, "--xattrs=none", tree),
    digest(subject, "--xattrs=security.selinux", labelled),
  );
  const dump = subject.path("dump");
  create(subject, [tree, subject.path("image")]);
  writeFileSync(dump, output(subject.composefs, ["dump", subject.path("image")]));
  assertEquals(digest(subject, option, "--from-file", dump), expected);

  // Files beside it add to it.
  writeFileSync(`${rules}.local`, "/etc/motd  --  system_u:object_r:motd_t:s0\n");
  writeFileSync(`${rules}.subs_dist`, "/src /etc\n");
  const make = new TreeMaker(labelled);
  make.xattr("etc/motd", "security.selinux", "system_u:object_r:motd_t:s0\0");
  for (const path of ["src", "src/.git", "src/.git/config", "src/lib", ...LABELS.src_t!]) {
    make.xattr(path, "security.selinux", "system_u:object_r:etc_t:s0\0");
  }
  assertEquals(digest(subject, option, tree), digest(subject, labelled));
});

testEach("create: rules that cannot be read are errors", {}, (subject) => {
  const tree = makeTree(subject, "tree", 1_600_000_000);
  const rules = subject.path("rules");
  const fail = (state: string) => {
    const args = ["--print-digest-only", `--selinux-contexts=${rules}`, tree];
    const { code, stderr } = run([...subject.composefs, "create"], args);
    assertEquals(code, 1);
    assert(stderr.startsWith("composefs: Cannot "), stderr);
    assert(stderr.includes(state) && stderr.indexOf("\n") === stderr.length - 1, stderr);
  };
  fail(`"${rules}"`);
  writeFileSync(rules, "/etc(  system_u:object_r:etc_t:s0\n");
  fail("line 1");
  writeFileSync(rules, RULES);
  writeFileSync(`${rules}.local`, "/etc\n");
  fail(`"${rules}.local", line 1`);
});

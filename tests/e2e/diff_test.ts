/**
 * What has changed from one image to another, asked of the program.
 */

import { assert, assertEquals } from "@std/assert";
import { chmodSync, linkSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";

testEach("diff: a directory against itself in every form is empty", {}, (subject) => {
  const { composefs } = subject;
  const path = (name: string) => subject.path(name);
  mkdirSync(path("tree/sub"), { recursive: true });
  writeFileSync(path("tree/sub/a"), "x".repeat(5000));
  writeFileSync(path("tree/b"), "small");
  linkSync(path("tree/b"), path("tree/sub/c"));
  textOutput([...composefs, "create"], ["--hardlinks", path("tree"), path("image")]);
  writeFileSync(path("dump"), output([...composefs, "dump"], [path("image")]));
  writeFileSync(path("tar"), output(["tar"], ["-C", path("tree"), "--format=posix", "-c", "."]));
  for (const form of ["tree", "image", "dump", "tar"]) {
    const { code, stdout } = run([...composefs, "diff"], ["--exit-code", path("tree"), path(form)]);
    assertEquals([code, new TextDecoder().decode(stdout)], [0, ""], form);
  }
});

testEach("diff: tells what was added, removed, renamed and changed, and how", {}, (subject) => {
  const { composefs } = subject;
  const path = (name: string) => subject.path(name);
  for (const name of ["old", "new"]) {
    mkdirSync(path(name));
    writeFileSync(path(`${name}/moved`), "contents that move");
    writeFileSync(path(`${name}/mode`), "same");
    chmodSync(path(`${name}/mode`), name === "old" ? 0o644 : 0o4711);
  }
  renameSync(path("new/moved"), path("new/name with\nnewline"));
  writeFileSync(path("old/gone"), "gone");
  writeFileSync(path("new/here"), "x".repeat(1000));
  const diff = (...args: string[]) => {
    const operands = ["--ignore=time", ...args, path("old"), path("new")];
    return textOutput([...composefs, "diff"], operands);
  };
  assertEquals(diff().split("\n"), [
    "D /gone",
    "A /here",
    "M /mode",
    "    mode: -rw-r--r-- -> -rws--x--x",
    "R /moved -> /name\\x20with\\nnewline",
    "",
  ]);
  assertEquals(
    diff("--stat"),
    "1 added, 1 removed, 1 changed, 1 renamed  /\n1 added, 1 removed, 1 changed, 1 renamed in all\n",
  );
  assertEquals(diff("--only=owner", "--path=mode"), "");
  assertEquals(diff("--path=/gone", "--json").split('"path"')[0], '{"change":"removed",');
  assert(diff("--markdown").startsWith("**1 added, 1 removed, 1 changed, 1 renamed**\n"));
  assert(diff("--objects").endsWith("\n1 object, 1000 bytes\n"));
  const { code } = run([...composefs, "diff"], ["--exit-code", path("old"), path("new")]);
  assertEquals(code, 1);
});

testEach("diff: shows texts line by line, from directories, stores and images", {}, (subject) => {
  const { composefs } = subject;
  const path = (name: string) => subject.path(name);
  const text = (word: string) =>
    Array.from({ length: 30 }, (_, i) => i === 20 ? word : i).join("\n");
  for (const [name, word] of [["old", "before"], ["new", "after\x1b[m\x85"]] as const) {
    mkdirSync(path(name));
    writeFileSync(path(`${name}/large`), text(word));
    writeFileSync(path(`${name}/small`), `${word.slice(0, 5)}\n`);
    writeFileSync(path(`${name}/binary`), `\0${word}`.repeat(100));
    textOutput([...composefs, "create"], [
      "--quiet",
      `--store=${path("store")}`,
      path(name),
      path(`${name}.cfs`),
    ]);
  }
  const expected = [
    "@@ -18,7 +18,7 @@",
    " 17",
    " 18",
    " 19",
    "-before",
    "+after?[m?",
    " 21",
    " 22",
    " 23",
    "M /small",
    "@@ -1 +1 @@",
    "-befor",
    "+after",
    "",
  ];
  const diff = (...args: string[]) =>
    textOutput([...composefs, "diff"], ["--text", "--only=contents", ...args])
      .split("\n").filter((line) => !/^ {4}|binary|large/.test(line));
  assertEquals(diff(path("old"), path("new")), expected);
  assertEquals(diff(`--store=${path("store")}`, path("old.cfs"), path("new.cfs")), expected);
  const { code, stderr } = run([...composefs, "diff"], [
    "--text",
    path("old.cfs"),
    path("new.cfs"),
  ]);
  assertEquals(code, 1);
  assert(stderr.includes('Cannot read "/binary"'), stderr);
});

testEach(
  "diff: a path tells of what has left it, and has to be in one of the two",
  {},
  (subject) => {
    const { composefs } = subject;
    const path = (name: string) => subject.path(name);
    for (const name of ["old", "new"]) {
      mkdirSync(path(`${name}/from`), { recursive: true });
      mkdirSync(path(`${name}/to`));
    }
    writeFileSync(path("old/from/file"), "contents that move");
    writeFileSync(path("new/to/file"), "contents that move");
    const diff = (wanted: string) =>
      run([...composefs, "diff"], [
        "--ignore=time",
        "--exit-code",
        `--path=${wanted}`,
        path("old"),
        path("new"),
      ]);
    for (const wanted of ["/from", "to/", "/"]) {
      const { code, stdout } = diff(wanted);
      assertEquals([code, new TextDecoder().decode(stdout)], [1, "R /from/file -> /to/file\n"]);
    }
    const { code, stdout, stderr } = diff("/form");
    assertEquals([code, stdout.length], [1, 0]);
    assert(
      stderr.includes('Cannot find "/form": no such file or directory in either image'),
      stderr,
    );
  },
);

testEach("diff: contents in the image are told apart, and Markdown has an end", {}, (subject) => {
  const { composefs } = subject;
  const path = (name: string) => subject.path(name);
  const dump = (content: string, value: string) =>
    ["/ 0 40755 2 0 0 0 0.0 - - -", `/a 2 100644 1 0 0 0 0.0 - ${content} -`].concat(
      Array.from({ length: 40 }, (_, i) => {
        const xattrs = Array.from({ length: 20 }, (_, j) => `user.|${10 + j}=${value.repeat(400)}`);
        return `/b${10 + i} 0 100644 1 0 0 0 0.0 - - - ${xattrs.join(" ")}`;
      }),
    ).join("\n") + "\n";
  writeFileSync(path("old"), dump("hi", "x"));
  writeFileSync(path("new"), dump("ho", "y"));
  const diff = (...args: string[]) =>
    textOutput([...composefs, "diff"], [...args, path("old"), path("new")]);
  const [, line] = diff("--path=/a").split("\n");
  const [before, after] = line!.trim().split(" -> ");
  assert(/^contents: 2 bytes in the image, sha256:[0-9a-f]{16}\.\.\.$/.test(before!), line);
  assert(before !== `contents: ${after}`, line);
  const markdown = diff("--markdown");
  assert(markdown.length < 65536, `${markdown.length} characters`);
  assert(markdown.includes("`user.\\|10`: `"), markdown.slice(0, 2000));
  assert(/\n… and \d+ more\.\n$/.test(markdown), markdown.slice(-100));
});

testEach("diff: refuses options that would have no effect", { once: true }, ({ composefs }) => {
  for (
    const [args, message] of [
      [["--json", "--markdown"], "Cannot use both --json and --markdown"],
      [["--json", "--text"], "Cannot use both --json and --text"],
      [["--objects", "--path=/a"], "Cannot use both --objects and --path"],
    ] as const
  ) {
    const { code, stderr } = run([...composefs, "diff"], [...args, "a", "b"]);
    assertEquals(code, 2);
    assert(stderr.includes(message), stderr);
  }
});

testEach("diff: one form of output at a time", { once: true }, ({ composefs }) => {
  const { code, stderr } = run([...composefs, "diff"], ["--stat", "--markdown", "a", "b"]);
  assertEquals(code, 2);
  assert(stderr.startsWith("composefs: Cannot use more than one of --stat, --objects"), stderr);
});

testEach("info: shows an image in numbers, and fails for what is none", {}, (subject) => {
  const { composefs } = subject;
  const tree = subject.path("tree");
  mkdirSync(tree);
  for (const name of ["a", "b"]) writeFileSync(`${tree}/${name}`, "x".repeat(1000));
  const text = textOutput([...composefs, "info"], [tree]);
  assert(text.includes("\n  In objects: 2 with 2000 bytes\n"), text);
  assert(text.includes("\n     Objects: 1 with 1000 bytes; sharing saves 1000 bytes\n"), text);
  const { image, objects } = JSON.parse(textOutput([...composefs, "info"], ["--json", tree]));
  assertEquals([image, objects], [tree, { count: 1, bytes: 1000 }]);
  writeFileSync(subject.path("none"), "no image");
  assertEquals(run([...composefs, "info"], [subject.path("none")]).code, 1);
});

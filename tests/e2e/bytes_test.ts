/** Arguments that are not UTF-8: paths of files, of stores and of images, and names. */

import { assert, assertEquals } from "@std/assert";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { testEach } from "./each_program.ts";
import { output, run } from "./process.ts";
import { bytesOf, TreeMaker } from "./tree_maker.ts";

/** Runs a shell script of bytes, in which `"$@"` is the program. */
function runBytes(command: readonly string[], directory: string, script: string) {
  const make = new TreeMaker(directory);
  make.file("script", script);
  return run(["sh", "script"], command, { cwd: directory });
}

testEach("bytes: paths in arguments reach the kernel as they are", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree\xff");
  make.file("tree\xff/f\xfe", "contents of a file, more of them than the image itself can hold...");
  make.directory("tree\xff/\xe4");
  const command = subject.composefs;
  const script = `set -e
    "$@" mkcomposefs --digest-store=store\xff tree\xff 'image\xc3(' --print-digest
    "$@" composefs-info measure-file 'image\xc3('
    "$@" composefs-info --filter \xe4 dump 'image\xc3('
    "$@" composefs-info missing-objects --basedir=store\xff 'image\xc3('
    "$@" fsverity digest --compact 'image\xc3('
    "$@" fsverity digest tree\xff/f\xfe
    test -d store\xff`;
  const { code, stdout, stderr } = runBytes(command, subject.directory, script);
  assertEquals([code, stderr], [0, ""]);
  const lines = [...stdout].map((byte) => String.fromCharCode(byte)).join("").trimEnd().split("\n");
  const [printed, measured, root, filtered, compact, named, ...rest] = lines;
  assertEquals(measured, printed);
  assert(root!.startsWith("/ ") && filtered!.startsWith("/\\xe4 "), `${root} ${filtered}`);
  assertEquals(compact, printed);
  assert(/^sha256:[0-9a-f]{64} tree\xff\/f\xfe$/.test(named!), named);
  assertEquals(rest, []);
});

testEach("bytes: JSON keeps a path that is not UTF-8", {}, (subject) => {
  new TreeMaker(subject.directory).file("f\xff", "x");
  const { stdout } = runBytes(subject.composefs, subject.directory, '"$@" digest --json f\xff');
  const answer = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(answer.path, "f\\xff");
  assertEquals(Uint8Array.fromBase64(answer.pathBase64), bytesOf("f\xff"));
});

testEach("bytes: a message shows them escaped", {}, (subject) => {
  const script = '"$@" mkcomposefs \xff out';
  const { code, stderr } = runBytes(subject.composefs, subject.directory, script);
  assertEquals(code, 1);
  assert(/^mkcomposefs: [^\n]*\\xff[^\n]*No such file[^\n]*\n$/.test(stderr), stderr);
});

testEach("bytes: U+FFFD itself is a name like others", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("\xef\xbf\xbd");
  const args = ["--print-digest-only", "\ufffd"];
  assertEquals(output(subject.tool("mkcomposefs"), args, { cwd: subject.directory }).length, 65);
});

testEach("bytes: a command line of 40,000 names, for which the executable begins anew", {
  long: true,
}, (
  subject,
) => {
  const make = new TreeMaker(subject.directory);
  make.file("f\xff", "one");
  make.file("a b", "two");
  const script = `export LC_ALL=C EMPTY=
    yes 'f\xff|a b' | head -n 20000 | tr '|\\n' '\\0\\0' |
      xargs -0 -s 1000000 "$@" fsverity digest | sort | uniq -c`;
  const { code, stdout, stderr } = runBytes(subject.composefs, subject.directory, script);
  assertEquals([code, stderr], [0, ""]);
  const lines = [...stdout].map((byte) => String.fromCharCode(byte)).join("").trimEnd().split("\n");
  const digestOf = (text: string) => `sha256:${fsVerityDigest(bytesOf(text)).toHex()}`;
  assertEquals(
    lines.map((line) => line.trim()).sort(),
    [`20000 ${digestOf("one")} f\xff`, `20000 ${digestOf("two")} a b`].sort(),
  );
});

/**
 * Single files of images, and parts of them: `stat`, `ls -l`, `--path`, and `extract` with paths.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";
import { makeImage, makeSmallTree } from "./small_image.ts";

const DUMP = `/ 4096 40755 4 0 0 0 0.0 - - -
/etc 90 40751 2 10 20 0 1704067200.5 - - - user.a=text user.b=\\x01
/etc/link 4 120777 1 0 0 0 0.0 /usr - -
/etc/motd 2 104755 2 0 0 0 -1.0 - hi -
/etc/null 0 20666 1 0 0 259 0.0 - - -
/etc/o\\x0ad 0 100000 1 0 0 0 9223372036854775807.0 - - -
/usr 58 41777 3 0 0 0 0.0 - - -
/usr/bin 59 40755 2 0 0 0 0.0 - - -
/usr/bin/again 0 @120000 - - - - 0.0 /etc/motd - -
/usr/bin/big 100 100644 1 0 0 0 0.0 ab/cd - ${"1".repeat(64)}
/usr/motd 1 100644 1 0 0 0 0.0 - x -
`;

testEach("ls -l: type and mode, links, owner, size or device, time and name", {}, (subject) => {
  const { composefs, path } = subject;
  writeFileSync(path("dump"), DUMP);
  assertEquals(textOutput([...composefs, "ls"], ["-l", path("dump")]).split("\n"), [
    "drwxr-x--x   2 10:20         90 2024-01-01 00:00:00.000000005 +0000 /etc/",
    "lrwxrwxrwx   1 0:0          4 1970-01-01 00:00:00 +0000 /etc/link -> /usr",
    "-rwsr-xr-x   2 0:0          2 1969-12-31 23:59:59 +0000 /etc/motd",
    "crw-rw-rw-   1 0:0        1,3 1970-01-01 00:00:00 +0000 /etc/null",
    "----------   1 0:0          0 @9223372036854775807 /etc/o\\nd",
    "drwxrwxrwt   3 0:0         58 1970-01-01 00:00:00 +0000 /usr/",
    "drwxr-xr-x   2 0:0         59 1970-01-01 00:00:00 +0000 /usr/bin/",
    "-rwsr-xr-x   2 0:0          2 1969-12-31 23:59:59 +0000 /usr/bin/again",
    "-rw-r--r--   1 0:0        100 1970-01-01 00:00:00 +0000 /usr/bin/big",
    "-rw-r--r--   1 0:0          1 1970-01-01 00:00:00 +0000 /usr/motd",
    "",
  ]);
});

testEach("stat: all that an image says of a file, links followed if asked to", {}, (subject) => {
  const { composefs, path } = subject;
  writeFileSync(path("dump"), DUMP);
  const stat = (...args: string[]) =>
    textOutput([...composefs, "stat"], args.toSpliced(-1, 0, path("dump")));
  assertMatch(
    stat("/etc"),
    /^ {2}File: \/etc\n {2}Type: directory\n {2}Size: 90\n {2}Mode: 0751 \(drwxr-x--x\)\n Owner: 10:20\n Mtime: 2024-01-01 00:00:00\.000000005 \+0000\n Links: 2\n Inode: \d+\n Xattr: user\.a="text"\n Xattr: user\.b=0x01\n$/,
  );
  assertMatch(stat("/etc/link"), /File: \/etc\/link -> \/usr\n {2}Type: symbolic link\n/);
  assertMatch(stat("-L", "/etc/link"), /File: \/usr\n {2}Type: directory\n/);
  assertMatch(stat("/etc/link/"), /File: \/usr\n/);
  assertMatch(stat("etc/link/bin/../motd"), /File: \/usr\/motd\n/);
  assertMatch(stat("/"), /File: \/\n {2}Type: directory\n/);
  assertMatch(stat("/etc/null"), /Device: 1,3\n/);
  assertMatch(stat("/usr/bin/big"), /Object: ab\/cd\nDigest: sha256:1{64}\n/);
  const { nid, xattrs, ...fields } = JSON.parse(stat("--json", "/etc"));
  assert(Number.isSafeInteger(nid));
  assertEquals(xattrs, [{ name: "user.a", value: "text" }, { name: "user.b", value: "\x01" }]);
  const listed = JSON.parse(
    textOutput([...composefs, "ls"], ["--json", path("dump")]).split("\n")[0]!,
  );
  assertEquals(fields, listed);
  for (const none of ["/none", "/none/at/all", "/etc/motd/x"]) {
    const { code, stderr } = run([...composefs, "stat"], [path("dump"), none]);
    assertEquals(code, 1);
    assert(stderr.startsWith(`composefs: Cannot find "${none}": `), stderr);
  }
});

testEach(
  "--path: files with all below them, and in dumps the directories on the way",
  {},
  (subject) => {
    const { composefs, path } = subject;
    writeFileSync(path("dump"), DUMP);
    const lines = DUMP.split("\n");
    const ls = (...args: string[]) =>
      textOutput([...composefs, "ls"], [...args, path("dump")]).split("\n").map((line) =>
        line.split(/\t| ->/)[0]
      );
    assertEquals(ls("--path=/usr/bin"), ["/usr/bin/", "/usr/bin/again", "/usr/bin/big", ""]);
    assertEquals(ls("--path=usr/motd", "--path=/etc/link"), ["/etc/link", "/usr/motd", ""]);
    assertEquals(ls("--path=/usr/motd", "--filter=etc").length, 7);
    assertEquals(ls("--path=/"), ls());
    const dump = textOutput([...composefs, "dump"], ["--path=/usr/motd", path("dump")]).split("\n");
    assertEquals(dump, [lines[0], lines[6], lines[10], ""]);
    assertEquals(textOutput([...composefs, "objects"], ["--path=usr", path("dump")]), "ab/cd\n");
    assertEquals(textOutput([...composefs, "objects"], ["--path=etc", path("dump")]), "");
    for (const none of ["/none", "etc/none", "/etc/motd/x", "/etc/link/bin"]) {
      const { code, stderr, stdout } = run([...composefs, "ls"], [`--path=${none}`, path("dump")]);
      assertEquals([code, stdout.length], [1, 0]);
      assertEquals(stderr, `composefs: Cannot find "${none}": no such file or directory\n`);
    }
    const up = run([...composefs, "ls"], ["--path=../etc", path("dump")]);
    assertEquals([up.code, up.stderr.includes("without . and ..")], [2, true]);
    const none = "/usr/none-on-this-host";
    for (const command of ["ls", "dump", "objects", "missing-objects", "verify --store=."]) {
      const args = [...command.split(" "), path("dump"), none];
      const operand = run(composefs, args, { cwd: subject.directory });
      assertEquals(operand.code, 1, command);
      assert(operand.stderr.includes(`; --path=${none} looks for it`), operand.stderr);
    }
  },
);

testEach("verify --path: the objects of one file, or below one directory", {}, (subject) => {
  const { composefs, path } = subject;
  const { image, store } = makeImage(subject, makeSmallTree);
  const verify = (...args: string[]) => {
    const { code, stdout, stderr } = run([...composefs, "verify"], [`--store=${store}`, ...args]);
    return { code, text: new TextDecoder().decode(stdout), stderr };
  };
  const counts = (...args: string[]) => {
    const { code, text } = verify("--json", ...args);
    const { files, objects, findings } = JSON.parse(text.trimEnd().split("\n").at(-1)!);
    return [code, files, objects, findings];
  };
  const all = counts(image);
  assertEquals(counts("--path=/", image), all);
  const listed = textOutput([...composefs, "ls"], ["--json", image]).trimEnd().split("\n")
    .map((line) => JSON.parse(line)).filter((file) => file.object !== undefined);
  const [first, second] = listed.filter(({ object }, i) =>
    listed.findIndex((each) => each.object === object) === i
  );
  assertEquals(counts(`--path=${first.path}`, image), [0, 1, 1, 0]);
  assertEquals(counts(`--path=${first.path}`, `--path=${second.path}`, image), [0, 2, 2, 0]);
  // What is wrong elsewhere is not looked at, but the image is.
  rmSync(`${store}/${second.object}`);
  assertEquals(counts(image)[0], 1);
  assertEquals(counts(`--path=${first.path}`, image), [0, 1, 1, 0]);
  assertEquals(counts(`--path=${second.path}`, image), [1, 1, 1, 1]);
  assertEquals(verify(`--path=${first.path}`, `--digest=${"0".repeat(64)}`, image).code, 1);
  const none = verify("--path=/none", image);
  assertEquals([none.code, none.text], [1, ""]);
  assertEquals(none.stderr, 'composefs: Cannot find "/none": no such file or directory\n');
  const only = run(composefs, ["verify", "--image-only", "--path=/", image]);
  assertEquals(only.code, 2);
  writeFileSync(path("broken"), readFileSync(image).fill(0xff, 1024, 1028));
  assert(verify("--path=/none", path("broken")).text.startsWith("image: "));
});

testEach(
  "extract: paths, with what is below them, and the directories on the way",
  {},
  (subject) => {
    const { composefs, path } = subject;
    const { image, store } = makeImage(subject, makeSmallTree);
    const tree = path("tree");
    const extract = (...args: string[]) =>
      run([...composefs, "extract", `--store=${store}`, "--no-same-owner", "--user-xattrs"], args);
    const out = path("out");
    assertEquals(extract(image, out, "600000", "/sub/twin"), {
      code: 0,
      stdout: new Uint8Array(),
      stderr: "",
    });
    assertEquals(readdirSync(out).sort(), ["600000", "sub"]);
    assertEquals(readdirSync(`${out}/sub`), ["twin"]);
    assertSameBytes(read(`${out}/600000`), read(`${tree}/600000`), "contents");
    assertEquals(statSync(`${out}/sub`).mtimeMs, statSync(`${tree}/sub`).mtimeMs);
    const missing = extract(image, path("none"), "64", "/sub/none");
    assertEquals([missing.code, existsSync(path("none"))], [1, false]);
    const archive = output([...composefs, "extract"], [`--store=${store}`, image, "-", "sub/link"]);
    writeFileSync(path("tar"), archive);
    assertEquals(textOutput(["tar"], ["-tf", path("tar")]), "./\n./sub/\n./sub/link\n");
  },
);

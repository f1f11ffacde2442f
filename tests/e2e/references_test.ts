/**
 * Whatever holds a tree, read by the same commands: images, directories and dumps, in files and streams.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { makeSmallTree } from "./small_image.ts";
import { type Subject, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";

/** A tree, the image and the store made of it with hard links, and the image's dump. */
function makeAll(
  { composefs, path, tool }: Subject,
): Record<"tree" | "image" | "store" | "dump", string> {
  const all = {
    tree: path("tree"),
    image: path("image"),
    store: path("store"),
    dump: path("dump"),
  };
  mkdirSync(all.tree);
  makeSmallTree(all.tree);
  const options = ["--hardlinks", `--digest-store=${all.store}`];
  output(tool("mkcomposefs"), [...options, all.tree, all.image]);
  writeFileSync(all.dump, output([...composefs, "dump"], [all.image]));
  return all;
}

testEach(
  "references: an image, its directory and its dump are the same to who reads them",
  {},
  (subject) => {
    const { composefs } = subject;
    const { tree, image, dump } = makeAll(subject);
    const wanted = read(dump);
    const names = [
      image,
      `image:${image}`,
      tree,
      `dir:${tree}`,
      `dir:${tree}/`,
      dump,
      `dump:${dump}`,
    ];
    for (const name of names) assertSameBytes(output([...composefs, "dump"], [name]), wanted, name);
    const listing = textOutput([...composefs, "ls"], [image]);
    assertEquals(textOutput([...composefs, "ls"], [tree, dump]), listing + listing);
    const objects = textOutput([...composefs, "objects"], [image]);
    assertEquals(textOutput([...composefs, "objects"], [tree, dump, image]), objects);
    assertEquals(textOutput([...composefs, "missing-objects"], [tree]), objects);
  },
);

testEach("references: standard input and pipes are known by what comes in", {}, (subject) => {
  const { composefs } = subject;
  const { image, dump } = makeAll(subject);
  const listing = textOutput([...composefs, "ls"], [image]);
  for (const [name, stdin] of [["-", image], ["-", dump], ["image:-", image], ["dump:-", dump]]) {
    assertEquals(textOutput([...composefs, "ls"], [name!], { stdin: stdin! }), listing);
  }
  const script = 'image=$1; shift; cat "$image" | "$@"';
  const piped = [...composefs, "ls", "/dev/stdin"];
  assertEquals(textOutput(["sh", "-c", script, "sh", image, ...piped], []), listing);
  assertEquals(textOutput(["sh", "-c", script, "sh", dump, ...piped], []), listing);
  const wrong = run([...composefs, "ls"], ["image:-"], { stdin: dump });
  assertEquals(wrong.code, 1);
  assert(wrong.stderr.startsWith("composefs: Cannot load standard input: "), wrong.stderr);
});

testEach("references: digests are those of images that create makes", {}, (subject) => {
  const { composefs } = subject;
  const { tree, image, dump } = makeAll(subject);
  const [ofImage, ofDump] = textOutput([...composefs, "digest"], [image, dump]).split("\n");
  const names = [tree, `dir:${tree}`, `dump:${dump}`, "dump:-", `image:${image}`];
  const found = textOutput([...composefs, "digest"], names, { stdin: dump });
  assertEquals(found, `${ofImage}\n`.repeat(names.length));
  // By its path alone a file is what it is, and so is a stream.
  assertEquals(textOutput([...composefs, "digest"], ["-"], { stdin: dump }), `${ofDump}\n`);
  const json = textOutput([...composefs, "digest", "--json"], [`dump:${dump}`]);
  assertEquals(JSON.parse(json), {
    path: `dump:${dump}`,
    algorithm: "sha256",
    digest: ofImage,
  });
});

testEach("references: contents of a directory come from it, and are verified", {}, (subject) => {
  const { composefs, path } = subject;
  const { tree, image, dump, store } = makeAll(subject);
  assertSameBytes(output([...composefs, "cat"], [tree, "/600000"]), read(`${tree}/600000`), "cat");
  assertEquals(run([...composefs, "cat"], [dump, "/600000"]).code, 1);
  const withStore = output([...composefs, "cat"], [`--basedir=${store}`, dump, "/sub/link"]);
  assertSameBytes(withStore, read(`${tree}/4097`), "cat of a dump");
  const archive = output([...composefs, "extract"], [`--basedir=${store}`, "--tar", image]);
  assertSameBytes(output([...composefs, "extract"], ["--tar", tree]), archive, "tar");
  assertEquals(run([...composefs, "verify"], [tree]).code, 0);
  const bare = run([...composefs, "verify"], [dump]);
  assertEquals([bare.code, bare.stderr.includes("--image-only")], [2, true]);
  const digest = textOutput([...composefs, "digest"], [image]).trim();
  assertEquals(run([...composefs, "cat"], [`--digest=${digest}`, tree, "/64"]).code, 0);
  writeFileSync(`${tree}/64`, "other");
  const changed = run([...composefs, "cat"], [`--digest=${digest}`, tree, "/64"]);
  assertEquals(changed.code, 1);
  assert(changed.stderr.includes(`"${tree}": fs-verity digest`), changed.stderr);
  assertEquals(run([...composefs, "ls"], [path("none")]).code, 1);
});

testEach("references: other prefixes are paths, and C's names know paths only", {}, (subject) => {
  const { composefs, directory, tool } = subject;
  const { image } = makeAll(subject);
  writeFileSync(`${directory}/foo:bar`, read(image));
  writeFileSync(`${directory}/dir:x`, read(image));
  writeFileSync(`${directory}/-`, read(image));
  const listing = textOutput([...composefs, "ls"], [image]);
  const options = { cwd: directory };
  for (const name of ["foo:bar", "./dir:x", "./-"]) {
    assertEquals(textOutput([...composefs, "ls"], [name], options), listing);
  }
  for (const name of ["dir:x", "-"]) {
    const found = output(tool("composefs-info"), ["ls", name], options);
    assertSameBytes(found, output(tool("composefs-info"), ["ls", image]), name);
  }
  const empty = run([...composefs, "ls"], ["dump:"]);
  assertEquals([empty.code, empty.stderr], [
    2,
    'composefs: Cannot use "dump:": expected dump:FILE\n',
  ]);
});

testEach("references: an image made in memory is mounted, if the stores have its objects", {
  root: true,
}, (subject) => {
  const { composefs, path } = subject;
  const { tree, dump, store, image } = makeAll(subject);
  const mountpoint = path("mnt");
  mkdirSync(mountpoint);
  mkdirSync(path("empty"));
  const digest = textOutput([...composefs, "digest"], [image]).trim();
  const lacking = run([...composefs, "mount"], [`--basedir=${path("empty")}`, tree, mountpoint]);
  assertEquals(lacking.code, 1);
  assert(lacking.stderr.includes("objects are in no object store"), lacking.stderr);
  const wrong = run([...composefs, "mount"], [
    `--basedir=${store}`,
    `--digest=${digest.replace(/^./, (first) => first === "0" ? "1" : "0")}`,
    tree,
    mountpoint,
  ]);
  assertEquals(wrong.code, 1);
  for (const name of [tree, `dump:${dump}`]) {
    const { code, stderr } = run([...composefs, "mount"], [`--basedir=${store}`, name, mountpoint]);
    // A container may not let anybody mount.
    if (stderr.includes("EPERM")) return;
    assertEquals([code, stderr], [0, ""]);
    try {
      assertSameBytes(read(`${mountpoint}/600000`), read(`${tree}/600000`), name);
      assert(new TextDecoder().decode(read("/proc/self/mountinfo")).includes(` overlay ${name} `));
    } finally {
      output(["umount"], [mountpoint]);
    }
  }
});

/**
 * Images verified and read without a mount: `verify`, `cat` and `extract`.
 */

import { Digest } from "../../lib/digest/digest.ts";
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectoryLayer } from "../../ffi/objects/data_layer.ts";
import { openKernel } from "../../ffi/sys/open.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { objectChecker } from "../../ffi/threads/object_checker.ts";
import { openImage } from "../../lib/composefs/open.ts";
import { type Finding, verifyImage } from "../../lib/composefs/verify.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { objectPath } from "../../lib/digest/object_path.ts";
import { createRandom } from "../../scripts/random.ts";
import { dumpText } from "../kit/trees.ts";
import { peer, type Subject, testEach } from "./each_program.ts";
import { IS_ROOT, makeOddTree } from "./odd_tree.ts";
import { output, run, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

function read(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}

function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert(Buffer.compare(actual, expected) === 0, `${what}: another image came out`);
}

/** A tree that is soon verified and has one of everything. */
function makeSmallTree(root: string): void {
  const random = createRandom(77);
  const make = new TreeMaker(root);
  for (const size of [0, 64, 65, 4095, 4096, 4097, 150_000, 600_000]) {
    make.file(`${size}`, random.bytes(size));
  }
  make.directory("sub");
  make.file("sub/twin", read(`${root}/65`));
  make.symlink("sub/link", "../4097");
  make.node("sub/fifo", 0o010644);
  make.xattr("65", "user.note", "x".repeat(100));
  if (IS_ROOT) {
    make.node("sub/null", 0o020666, 0x103);
    make.node("sub/gone", 0o020000, 0);
    make.chown("4095", 70_000, 5);
  }
  make.timeAll(1_700_000_000, 5);
  make.time("64", -1, 7);
}

interface Made {
  readonly image: string;
  readonly store: string;
  readonly digest: string;
}

function makeImage({ path, tool }: Subject, make: (root: string) => void): Made {
  const tree = path("tree");
  mkdirSync(tree);
  make(tree);
  const [image, store] = [path("image"), path("store")];
  const args = ["--print-digest", `--digest-store=${store}`, tree, image];
  const digest = textOutput(tool("mkcomposefs"), args).trimEnd();
  return { image, store, digest };
}

/** Paths of all objects below a store. */
function listObjects(store: string): string[] {
  return readdirSync(store).sort().flatMap((two) =>
    readdirSync(join(store, two)).sort().map((rest) => `${two}/${rest}`)
  );
}

async function collect(findings: AsyncIterable<Finding>): Promise<Finding[]> {
  return await Array.fromAsync(findings);
}

/** A copy with one bit turned over. */
function withBit(bytes: Uint8Array<ArrayBuffer>, bit: number): Uint8Array<ArrayBuffer> {
  const at = bit >> 3;
  return bytes.with(at, bytes[at]! ^ 1 << (bit & 7));
}

testEach(
  "verify: every one of 1,000 random single-bit changes in image or objects is found",
  { once: true, long: true },
  async (subject) => {
    const { image, store, digest } = makeImage(subject, makeSmallTree);
    const linux = await openKernel();
    using layer = DirectoryLayer.open(linux, utf8(store));
    const checkObjects = objectChecker(linux, [layer], { threads: 1, module: undefined });
    const expected = { checkObjects, digest: Digest.parse(digest) };
    const sound = read(image);
    const dump = dumpText(openImage(sound).tree());
    assertEquals(await collect(verifyImage(sound, expected)), []);
    assertEquals(await collect(verifyImage(sound, { checkObjects })), []);
    const objects = listObjects(store);
    const random = createRandom(20260401);
    for (let round = 0; round < 1000; round++) {
      if (random.chance(50)) {
        const changed = withBit(sound, random.int(0, 8 * sound.length - 1));
        const [first] = await collect(verifyImage(changed, expected));
        assertEquals(first?.problem, "digest", `round ${round}`);
        // Without the digest, what goes unnoticed is a proper image of another tree.
        if ((await collect(verifyImage(changed, { checkObjects }))).length > 0) continue;
        assert(dumpText(openImage(changed).tree()) !== dump, `round ${round}`);
        continue;
      }
      const object = random.pick(objects);
      const path = join(store, object);
      const contents = read(path);
      const changed = withBit(contents, random.int(0, 8 * contents.length - 1));
      // A new file: the old one may be sealed by fs-verity.
      rmSync(path);
      writeFileSync(path, changed);
      const findings = await collect(verifyImage(sound, { checkObjects }));
      assertEquals(findings.length, contents.length === 65 ? 2 : 1, `round ${round}`);
      for (const finding of findings) {
        assertEquals(finding.problem, "digest", `round ${round}`);
        assertEquals("object" in finding && finding.object, utf8(object));
      }
      writeFileSync(path, contents);
    }
  },
);

testEach("verify: says what is wrong, and exits 1", {}, (subject) => {
  const { image, store, digest } = makeImage(subject, makeSmallTree);
  const verify = (...args: string[]) => {
    const { code, stdout, stderr } = run([...subject.composefs, "verify"], args);
    return { code, lines: new TextDecoder().decode(stdout).split("\n").slice(0, -1), stderr };
  };
  const basedir = `--basedir=${store}`;
  const sound = verify(basedir, `--digest=${digest}`, image);
  const counts = "9 files, 6 objects of 762353 bytes";
  assertEquals(sound, { code: 0, lines: [`Nothing is wrong: ${counts}`], stderr: "" });
  const only = verify("--image-only", image);
  assertEquals(only.lines, ["Nothing is wrong: 9 files, objects not looked at"]);

  const [small, large] = [65, 600_000].map((size) => {
    const hex = fsVerityDigest(read(subject.path(`tree/${size}`))).toHex();
    return `${hex.slice(0, 2)}/${hex.slice(2)}`;
  });
  rmSync(join(store, small!));
  const contents = read(join(store, large!));
  rmSync(join(store, large!));
  writeFileSync(join(store, large!), withBit(contents, 4_000_000));
  const damaged = verify(basedir, `--digest=${"0".repeat(64)}`, image);
  assertEquals(damaged.code, 1);
  const found = fsVerityDigest(withBit(contents, 4_000_000)).toHex();
  assertEquals(damaged.lines, [
    `image: fs-verity digest ${digest}, expected ${"0".repeat(64)}`,
    `/600000: object ${large}: fs-verity digest ${found}, expected ${large!.replace("/", "")}`,
    `/65: object ${small}: not found`,
    `/sub/twin: object ${small}: not found`,
    `4 things are wrong: ${counts}`,
  ]);
  const json = verify(basedir, "--json", image);
  assertEquals(json.code, 1);
  const objects = json.lines.map((line) => JSON.parse(line));
  assertEquals(objects.map(({ type }) => type), ["finding", "finding", "finding", "summary"]);
  assertEquals(objects[1], {
    type: "finding",
    in: "object",
    problem: "missing",
    path: "/65",
    object: small,
    state: "not found",
  });
  assertEquals(objects[3], {
    type: "summary",
    ok: false,
    digest,
    files: 9,
    objects: 6,
    bytes: 762353,
    unverified: 0,
    findings: 3,
  });

  // A second store has what the first lacks; what the first has wrong stays wrong.
  const second = subject.path("second");
  output(subject.tool("mkcomposefs"), [
    "--print-digest-only",
    `--digest-store=${second}`,
    subject.path("tree"),
  ]);
  const both = verify(basedir, `--basedir=${second}`, image);
  assertEquals(both.lines.length, 2);
  assert(both.lines[0]!.startsWith("/600000: "));
  assertEquals(verify(`--basedir=${second}`, basedir, image).code, 0);

  writeFileSync(image, withBit(read(image), 200));
  const changed = verify("--image-only", image);
  assertEquals(changed.lines[0], "image: byte 0x01 at offset 25, expected 0x00");
  assertEquals(verify(image).code, 2);
  assertEquals(verify("--image-only", basedir, image).code, 2);
  assertEquals(verify("--image-only", "--digest=abc", image).code, 2);
});

testEach("cat: prints verified contents, and nothing else", { long: true }, (subject) => {
  const { image, store, digest } = makeImage(subject, makeSmallTree);
  const cat = [...subject.composefs, "cat", `--basedir=${store}`];
  for (const size of [0, 64, 65, 4097, 150_000, 600_000]) {
    const printed = output(cat, [`--digest=${digest}`, image, `/${size}`]);
    assertSame(printed, read(subject.path(`tree/${size}`)), `${size}`);
  }
  const several = output(cat, [image, "sub/link", "64", "/sub/../65"]);
  const expected = ["4097", "64", "65"].map((name) => read(subject.path(`tree/${name}`)));
  assertSame(several, new Uint8Array(Buffer.concat(expected)), "several");

  const refuse = (args: readonly string[], message: string) => {
    const { code, stdout, stderr } = run(cat, args);
    assertEquals([code, stdout.length], [1, 0], stderr);
    assert(stderr.startsWith("composefs: Cannot ") && stderr.includes(message), stderr);
  };
  refuse([image, "/sub"], 'print "/sub": a directory file');
  refuse([image, "/none"], 'find "/none": no such file or directory');
  const wrong = "f".repeat(64);
  refuse([`--digest=${wrong}`, image, "/64"], `fs-verity digest ${digest}, expected ${wrong}`);
  for (const size of [4097, 600_000]) {
    const hex = fsVerityDigest(read(subject.path(`tree/${size}`))).toHex();
    const object = join(store, hex.slice(0, 2), hex.slice(2));
    const contents = read(object);
    rmSync(object);
    refuse([image, `/${size}`], `read "/${size}": Cannot use object "${hex.slice(0, 2)}/`);
    writeFileSync(object, withBit(contents, 8 * size - 1));
    refuse([image, `/${size}`], `expected ${hex}`);
  }
});

/** An image of a tree of three files, each named as a kind of object store names it. */
function makeNamedImage(subject: Subject): { image: string; digest: string } {
  const contents = utf8(
    "contents of more than sixty-four bytes, so that they are kept elsewhere\n",
  );
  const { length } = contents;
  const sha256 = new Uint8Array(createHash("sha256").update(contents).digest());
  const names = {
    podman: objectPath(new Digest("sha256", sha256)),
    verity: objectPath(fsVerityDigest(contents)),
    nothing: "some/name",
  };
  const stat = "100644 1 0 0 0 0.0";
  let dump = "/ 0 40755 2 0 0 0 0.0 - - -\n";
  for (const [name, path] of Object.entries(names).sort()) {
    dump += `/${name} ${length} ${stat} ${path} - -\n`;
    mkdirSync(subject.path(`store/${path.split("/")[0]}`), { recursive: true });
    writeFileSync(subject.path(`store/${path}`), contents);
  }
  const digest = fsVerityDigest(contents, { algorithm: "sha512" });
  dump += `/sha512 ${length} ${stat} some/name - ${digest.toHex()}\n`;
  writeFileSync(subject.path("dump"), dump);
  const args = ["--from-file", "--print-digest", subject.path("dump"), subject.path("image")];
  const printed = textOutput(subject.composefs, ["create", ...args]).trimEnd();
  const printedDump = textOutput(subject.composefs, ["dump", subject.path("image")]);
  assert(printedDump.includes(` some/name - ${digest.toHex()}\n`), printedDump);
  return { image: subject.path("image"), digest: printed };
}

testEach("verify, cat, extract: what can be checked by size only is trusted by nobody", {
  long: true,
  once: true,
}, (subject) => {
  const { image, digest } = makeNamedImage(subject);
  const store = `--basedir=${subject.path("store")}`;
  const composefs = (...args: string[]) => {
    const { code, stdout, stderr } = run(subject.composefs, args);
    return { code, text: new TextDecoder().decode(stdout) + stderr };
  };
  const size = "/nothing: object some/name: only its size can be checked";
  for (const options of [[store], [store, `--digest=${digest}`]]) {
    const { code, text } = composefs("verify", ...options, image);
    assertEquals(code, 1);
    assert(text.startsWith(size) && text.includes("1 thing"), text);
    assertEquals(composefs("verify", ...options, "--allow-undigested", image).code, 0);
  }
  const trusting = [store, `--digest=${digest}`];
  for (const name of ["podman", "verity", "sha512"]) {
    assertEquals(composefs("cat", ...trusting, image, name).code, 0, name);
  }
  const refused = composefs("cat", ...trusting, image, "nothing");
  assertEquals(refused.code, 1);
  assert(refused.text.includes("only its size can be checked"), refused.text);
  assertEquals(composefs("cat", ...trusting, "--allow-undigested", image, "nothing").code, 0);
  assertEquals(composefs("cat", store, image, "nothing").code, 0);
  assertEquals(composefs("extract", ...trusting, "--tar", image).code, 1);
  assertEquals(composefs("extract", ...trusting, "--allow-undigested", "--tar", image).code, 0);

  // Other bytes of the same size, under each name.
  for (const name of ["podman", "verity", "sha512"]) {
    const listing = textOutput(subject.composefs, ["ls", image]);
    const path = new RegExp(`^/${name}\t@ (.*)$`, "m").exec(listing)![1]!;
    const object = subject.path(`store/${path}`);
    const contents = read(object);
    writeFileSync(object, withBit(contents, 9));
    const { text } = composefs("verify", store, "--allow-undigested", image);
    assert(text.includes(`/${name}: object ${path}: `) && text.includes("1 thing"), text);
    for (const options of [[store], trusting]) {
      assertEquals(composefs("cat", ...options, image, name).code, 1, name);
    }
    writeFileSync(object, contents);
  }
});

testEach("missing-objects: what verify would not open is missing, wherever it is", {
  once: true,
}, (subject) => {
  for (const store of ["one", "two"]) mkdirSync(subject.path(`${store}/aa`), { recursive: true });
  const put = (path: string) => writeFileSync(subject.path(path), "x");
  ["outside", "one/aa/first", "two/aa/second", "two/new\nline"].forEach(put);
  Deno.symlinkSync("first", subject.path("one/aa/link"));
  Deno.symlinkSync("aa", subject.path("one/dir"));
  output(["mkfifo"], [subject.path("one/aa/fifo")]);
  const payloads = [
    "../outside",
    "..",
    "aa",
    "aa/",
    "aa/../aa/first",
    "aa/fifo",
    "aa/first",
    "aa/link",
    "aa/none",
    "aa/second",
    "dir/first",
    "new\\nline",
  ];
  const lines = payloads.map((payload, i) => `/f${i} 9 100644 1 0 0 0 0.0 ${payload} - -\n`);
  writeFileSync(subject.path("dump"), "/ 0 40755 2 0 0 0 0.0 - - -\n" + lines.join(""));
  const image = subject.path("image");
  output(subject.composefs, ["create", "--from-file", subject.path("dump"), image]);
  const stores = ["one", "two"].map((store) => `--basedir=${subject.path(store)}`);
  const missing = textOutput(subject.composefs, ["missing-objects", ...stores, image]);
  const present = ["aa/first", "aa/second", "new\\nline"];
  const expected = payloads.filter((payload) => !present.includes(payload));
  assertEquals(missing.trimEnd().split("\n").sort(), expected.sort());
  // Printed as `ls` prints them; the C program's name prints what is there.
  const objects = textOutput(subject.composefs, ["objects", image]);
  assert(objects.includes("new\\nline\n"), objects);
  assert(textOutput(subject.tool("composefs-info"), ["objects", image]).includes("new\nline\n"));
});

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
      assertSame(again, read(image!), options.join(" "));
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
    assertSame(output(peer("mkcomposefs"), [out, "-"]), read(image), "C");
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
      assertSame(again, read(image), options.join(" "));
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

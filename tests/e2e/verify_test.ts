/**
 * Images verified and read without a mount: `verify`, `cat` and `missing-objects`.
 */

import { Digest } from "../../lib/digest/digest.ts";
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
import { type Subject, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";
import { makeImage, makeSmallTree, withBit } from "./small_image.ts";

/** Paths of all objects below a store. */
function listObjects(store: string): string[] {
  return readdirSync(store).sort().flatMap((two) =>
    readdirSync(join(store, two)).sort().map((rest) => `${two}/${rest}`)
  );
}

async function collect(findings: AsyncIterable<Finding>): Promise<Finding[]> {
  return await Array.fromAsync(findings);
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
    assertSameBytes(printed, read(subject.path(`tree/${size}`)), `${size}`);
  }
  const several = output(cat, [image, "sub/link", "64", "/sub/../65"]);
  const expected = ["4097", "64", "65"].map((name) => read(subject.path(`tree/${name}`)));
  assertSameBytes(several, new Uint8Array(Buffer.concat(expected)), "several");

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

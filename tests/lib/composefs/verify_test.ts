import { Digest } from "../../../lib/digest/digest.ts";
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { type CheckedObject, sequentialChecker } from "../../../lib/objects/check.ts";
import type { DataLayer } from "../../../lib/objects/data_layers.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import {
  type Finding,
  verifyImage,
  type VerifyOptions,
  type VerifySummary,
} from "../../../lib/composefs/verify.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { createRandom } from "../../../scripts/random.ts";
import {
  directory,
  dumpText,
  external,
  hardLink,
  inline,
  locate,
  patched,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const SMALL = utf8("an object of some seventy bytes, which is more than an image holds itself");
const LARGE = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 7 + (i >> 10)) & 0xff);

function stored(contents: Uint8Array) {
  const digest = fsVerityDigest(contents);
  return external(contents.length, objectPath(digest), digest);
}

const linked = stored(SMALL);
const TREE = directory({
  "a": stored(LARGE),
  "b": directory({ "again": stored(SMALL), "link": hardLink(linked) }),
  "c": linked,
  "d": inline("inside", { mtime: -5, xattrs: [xattr("user.x", "y")] }),
  "e": symlink("c"),
  "f": special("fifo"),
  "g": special("character", 0),
  "h": external(123_456),
});
const IMAGE = encodeImage(TREE);
const DIGEST = fsVerityDigest(IMAGE);
const SMALL_PATH = objectPath(fsVerityDigest(SMALL));
const LARGE_PATH = objectPath(fsVerityDigest(LARGE));

type Objects = Record<string, Uint8Array | Error>;

function layer(objects: Objects): DataLayer {
  return {
    open(path) {
      const found = objects[new TextDecoder().decode(path)];
      if (found instanceof Error) throw found;
      return found && memoryFile(found);
    },
  };
}

const OBJECTS = { [SMALL_PATH]: SMALL, [LARGE_PATH]: LARGE };

async function verify(
  image: Uint8Array,
  options: VerifyOptions,
): Promise<{ findings: Finding[]; summary: VerifySummary }> {
  const findings: Finding[] = [];
  const running = verifyImage(image, options);
  for (;;) {
    const next = await running.next();
    if (next.done) return { findings, summary: next.value };
    findings.push(next.value);
  }
}

function check(...layers: Objects[]): VerifyOptions {
  return { checkObjects: sequentialChecker(layers.map(layer)) };
}

/** Findings in short: problem, path or offset, and state. */
function lines(findings: readonly Finding[]): string[] {
  return findings.map((finding) => {
    const place = finding.kind === "object" ? new TextDecoder().decode(finding.path) : "image";
    return `${finding.problem} ${place}: ${finding.state}`;
  });
}

Deno.test("a sound image with all its objects has no findings", async () => {
  for (const digest of [undefined, DIGEST]) {
    let read = 0;
    const { findings, summary } = await verify(IMAGE, {
      ...check({}, OBJECTS),
      ...(digest === undefined ? {} : { digest }),
      onRead: (done, total) => {
        assert(done > read && done <= total);
        read = done;
      },
    });
    assertEquals(findings, []);
    const bytes = SMALL.length + LARGE.length;
    assertEquals(read, bytes);
    assertEquals(summary, {
      digest: DIGEST,
      files: 5,
      objects: 2,
      bytes,
      unverified: 0,
      findings: 0,
    });
  }
});

Deno.test("an object that is not there is reported for each file that refers to it", async () => {
  const { findings, summary } = await verify(IMAGE, check({ [LARGE_PATH]: LARGE }));
  assertEquals(lines(findings), ["missing /b/again: not found", "missing /b/link: not found"]);
  assertEquals(summary.findings, 2);
  assert(findings.every((finding) => finding.kind === "object"));
  assertEquals(findings.map((finding) => "object" in finding && finding.object), [
    utf8(SMALL_PATH),
    utf8(SMALL_PATH),
  ]);
});

Deno.test("paths limit the check to the objects of files, whichever name of one is meant", async () => {
  const found = async (...paths: string[]) => {
    const options = { ...check({}), paths: paths.map((path) => utf8(path)) };
    const { findings, summary } = await verify(IMAGE, options);
    return [summary.files, ...lines(findings)];
  };
  assertEquals(await found("/b/link"), [1, "missing /b/link: not found"]);
  assertEquals(await found("c", "/d"), [2, "missing /c: not found"]);
  assertEquals(await found("/e"), [0]);
  // That the image names digests of others counts for what has none.
  const image = encodeImage(directory({ "a": stored(SMALL), "b": external(100, "x/y") }));
  const { findings } = await verify(image, { ...check({}), paths: [utf8("b")] });
  assertEquals(findings.map(({ problem }) => problem), ["no-digest"]);
});

Deno.test("an object of another size, other contents, or that cannot be read is reported", async () => {
  const changed = LARGE.with(2_000_000, 1);
  const { findings } = await verify(
    IMAGE,
    check({ [LARGE_PATH]: changed, [SMALL_PATH]: SMALL.subarray(1) }),
  );
  const [found, expected] = [changed, LARGE].map((bytes) => fsVerityDigest(bytes).toHex());
  assertEquals(lines(findings), [
    `digest /a: fs-verity digest ${found}, expected ${expected}`,
    "size /b/again: 72 bytes, expected 73",
    "size /b/link: 72 bytes, expected 73",
  ]);
  const unreadable = await verify(
    IMAGE,
    check({ ...OBJECTS, [LARGE_PATH]: new Error("Cannot read it: the disk is gone") }),
  );
  assertEquals(lines(unreadable.findings), ["unreadable /a: Cannot read it: the disk is gone"]);
});

Deno.test("an object that grows or shrinks while it is read is reported", async () => {
  for (const [size, state] of [[73, "74 bytes, expected 73"], [73, "70 bytes, expected 73"]]) {
    const length = Number.parseInt(`${state}`);
    const file = { ...memoryFile(new Uint8Array(length)), size: Number(size) };
    const open = (path: Uint8Array) =>
      path.length === SMALL_PATH.length && new TextDecoder().decode(path) === SMALL_PATH
        ? file
        : memoryFile(LARGE);
    const { findings } = await verify(IMAGE, { checkObjects: sequentialChecker([{ open }]) });
    assertEquals(lines(findings)[0], `size /b/again: ${state}`);
  }
});

Deno.test("the first layer that has an object counts", async () => {
  const wrong = { [SMALL_PATH]: SMALL.with(0, 0) };
  assertEquals((await verify(IMAGE, check(OBJECTS, wrong))).findings, []);
  assertEquals((await verify(IMAGE, check(wrong, OBJECTS))).findings.length, 2);
});

Deno.test("an object without a digest has its size checked, and is reported if that is asked for", async () => {
  const image = encodeImage(directory({ "f": external(SMALL.length, "x/y") }));
  const sized = await verify(image, check({ "x/y": SMALL.with(0, 0) }));
  assertEquals(sized.findings, []);
  assertEquals(sized.summary.unverified, 1);
  assertEquals(lines((await verify(image, check({ "x/y": LARGE }))).findings), [
    "size /f: 2500000 bytes, expected 73",
  ]);
  const strict = await verify(image, { ...check({ "x/y": SMALL }), requireDigests: true });
  assertEquals(lines(strict.findings), ["no-digest /f: the image has no digest of it"]);
});

Deno.test("a digest without an object's path is reported as missing", async () => {
  const image = encodeImage(directory({ "f": external(10, undefined, new Uint8Array(32)) }));
  const { findings } = await verify(image, check({}));
  assertEquals(lines(findings), ["missing /f: a digest, and no path of an object"]);
});

Deno.test("another image than expected is reported, and verified all the same", async () => {
  const digest = new Digest("sha256", DIGEST.bytes.map((byte, i) => i === 0 ? byte ^ 1 : byte));
  const { findings } = await verify(IMAGE, { ...check({ [LARGE_PATH]: LARGE }), digest });
  assertEquals(lines(findings), [
    `digest image: fs-verity digest ${DIGEST.toHex()}, expected ${digest.toHex()}`,
    "missing /b/again: not found",
    "missing /b/link: not found",
  ]);
});

Deno.test("a malformed image is reported with the offset", async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(4096), IMAGE.subarray(0, 8192)]) {
    const { findings } = await verify(bytes, check(OBJECTS));
    assertEquals(findings.length, 1);
    assertEquals(findings[0]!.problem, "malformed");
    assert("offset" in findings[0]!);
  }
});

Deno.test("a byte that no writer would write is reported, unless the image is the expected one", async () => {
  const { inode } = locate(IMAGE, "d");
  for (const at of [20, 1023, inode.start + 1]) {
    const image = patched(IMAGE, (_, bytes) => void (bytes[at]! ^= 0x80));
    const { findings } = await verify(image, check(OBJECTS));
    assertEquals(findings.length, 1, `${at}`);
    const [finding] = findings;
    if (finding!.problem === "not-canonical") {
      assert(finding!.kind === "image");
      assertEquals(finding!.offset, at);
    } else assertEquals(finding!.problem, "malformed");
    if (at > 1023) continue;
    const expected = { ...check(OBJECTS), digest: fsVerityDigest(image) };
    assertEquals((await verify(image, expected)).findings, []);
  }
});

Deno.test("an image with something behind its end is reported", async () => {
  const image = new Uint8Array(IMAGE.length + 4096);
  image.set(IMAGE);
  const { findings } = await verify(image, check(OBJECTS));
  assertEquals(findings.map(({ problem }) => problem), ["not-canonical"]);
});

Deno.test("an image of a version that is not written cannot be held against its tree", async () => {
  const image = patched(IMAGE, (view) => view.setUint32(12, 7, true));
  const { findings } = await verify(image, check(OBJECTS));
  assertEquals(findings.map(({ problem }) => problem), ["not-canonical"]);
});

Deno.test("without an expected digest, a changed bit goes unnoticed only where the tree is another", async () => {
  const random = createRandom(31);
  const dump = dumpText(openImage(IMAGE).tree());
  let unnoticed = 0;
  for (let round = 0; round < 1000; round++) {
    const at = random.int(0, IMAGE.length - 1);
    const bit = 1 << random.int(0, 7);
    const image = patched(IMAGE, (_, bytes) => void (bytes[at]! ^= bit));
    const { findings } = await verify(image, {});
    if (findings.length > 0) continue;
    unnoticed++;
    assert(dumpText(openImage(image).tree()) !== dump, `bit ${bit} at ${at}`);
  }
  assert(unnoticed < 1000);
});

Deno.test("without a checker only the image is verified", async () => {
  const { findings, summary } = await verify(IMAGE, {});
  assertEquals(findings, []);
  assertEquals(summary.objects, 2);
});

Deno.test("a checker of one's own gets each object once, and may answer in any order", async () => {
  const asked: string[] = [];
  const { findings } = await verify(IMAGE, {
    async *checkObjects(files): AsyncGenerator<CheckedObject> {
      for (const file of files.toReversed()) {
        await Promise.resolve();
        asked.push(new TextDecoder().decode(file.path));
        yield { file, problem: "unreadable", state: "no" };
      }
    },
  });
  assertEquals(asked, [SMALL_PATH, LARGE_PATH]);
  assertEquals(lines(findings), [
    "unreadable /b/again: no",
    "unreadable /b/link: no",
    "unreadable /a: no",
  ]);
});

Deno.test("a digest by SHA-512 is checked, and a metacopy of no known kind is malformed", async () => {
  const digest = fsVerityDigest(SMALL, { algorithm: "sha512" });
  const image = encodeImage(directory({ f: external(SMALL.length, "x/y", digest) }));
  const check = (contents: Uint8Array) => ({
    checkObjects: sequentialChecker([layer({ "x/y": contents })]),
    digest: fsVerityDigest(image),
  });
  assertEquals((await verify(image, check(SMALL))).findings, []);
  const [finding] = (await verify(image, check(SMALL.map((byte) => byte ^ 1)))).findings;
  assertEquals(finding?.problem, "digest");
  const { xattrStart } = locate(image, "f").inode;
  const changed = patched(image, (_, bytes) => {
    // The algorithm stands behind version, length and flags: no third one is known.
    let at = xattrStart;
    while (bytes[at] !== 0 || bytes[at + 1] !== 68 || bytes[at + 2] !== 0) at++;
    assertEquals(bytes[at + 3], 2);
    bytes[at + 3] = 3;
  });
  const [malformed] = (await verify(changed, check(SMALL))).findings.slice(1);
  assertEquals(malformed?.problem, "malformed");
  assert(malformed!.state.includes('"/f": metacopy of 68 bytes'), malformed!.state);
});

Deno.test("objects of which only the size can be checked are findings where digests count", async () => {
  const files = { named: external(SMALL.length, SMALL_PATH), other: external(SMALL.length, "x/y") };
  const layers = [layer({ [SMALL_PATH]: SMALL, "x/y": SMALL })];
  const checkObjects = sequentialChecker(layers);
  const image = encodeImage(directory(files));
  const digest = fsVerityDigest(image);
  const plain = await verify(image, { checkObjects });
  assertEquals([plain.findings.length, plain.summary.unverified], [0, 1]);
  const paths = async (options: VerifyOptions, bytes = image) =>
    (await verify(bytes, { checkObjects, ...options })).findings.map((finding) =>
      finding.kind === "object" ? new TextDecoder().decode(finding.path) : finding.problem
    );
  assertEquals(await paths({ digest }), ["/other"]);
  assertEquals(await paths({ digest, allowUndigested: true }), []);
  assertEquals(await paths({ digest, requireDigests: true }), ["/named", "/other"]);
  const mixed = encodeImage(directory({ ...files, sure: stored(SMALL) }));
  assertEquals(await paths({}, mixed), ["/other"]);
  const wrong = sequentialChecker([layer({ [SMALL_PATH]: SMALL.toReversed(), "x/y": SMALL })]);
  assertEquals(await paths({ checkObjects: wrong }), ["/named"]);
});

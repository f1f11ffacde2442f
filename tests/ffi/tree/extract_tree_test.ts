import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { extractTree, type ExtractTreeOptions } from "../../../ffi/tree/extract_tree.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { removeTree } from "../../../ffi/files/_remove_tree.ts";
import { openSourceTree } from "../../../ffi/tree/source_tree.ts";
import { O_RDONLY } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { createImage, encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import {
  directory as directoryNode,
  dumpText,
  external,
  type Given,
  type GivenTree,
  hardLink,
  inline,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";
import { needsRoot, openFaulty, pathTo, setXattr, test } from "../harness.ts";
import { acl, NO_ID } from "../../kit/acl.ts";

const OWNER = { uid: process.getuid!(), gid: process.getgid!() };

const objects = new Map<string, Uint8Array>();

function stored(contents: Uint8Array, given: Parameters<typeof external>[3] = {}) {
  const digest = fsVerityDigest(contents);
  objects.set(objectPath(digest), contents);
  return external(contents.length, objectPath(digest), digest, { ...OWNER, ...given });
}

const open: ExtractTreeOptions["open"] = ({ file }) =>
  memoryFile(
    file.kind === "inline" ? file.bytes : objects.get(new TextDecoder().decode(file.path))!,
  );

function tree(entries: Record<string, Given<Content>> = {}, given = {}): GivenTree<Content> {
  return directoryNode<Content>(entries, { ...OWNER, ...given });
}

function extract(
  linux: Linux,
  path: string,
  from: Tree<Content>,
  options: Partial<ExtractTreeOptions> = {},
): void {
  extractTree(linux, utf8(path), from, { open, ...options });
}

/** Makes a directory of a tree, an image of that, and holds it against the image of the tree. */
async function assertRoundTrip(linux: Linux, path: string, from: Tree<Content>): Promise<void> {
  extract(linux, path, from);
  const image = await createImage(openSourceTree(linux, utf8(path)), { hardLinks: true });
  assertEquals(dumpText(openImage(image).tree()), dumpText(openImage(encodeImage(from)).tree()));
  assert(Buffer.compare(image, encodeImage(from)) === 0, "another image");
}

const LARGE = Uint8Array.from({ length: 2_345_678 }, (_, i) => (i * 13 + (i >> 9)) & 0xff);

test("extract: contents, modes, times, links and specials are those of the tree", async ({ linux, directory }) => {
  const file = inline("linked", { ...OWNER, nlink: 3, mtime: -7, mtimeNsec: 999_999_999 });
  const given = { ...OWNER, mtime: 1_700_000_000, mtimeNsec: 5 };
  await assertRoundTrip(
    linux,
    join(directory, "out"),
    tree({
      "a": file,
      "b": tree({ "f": hardLink(file), "large": stored(LARGE, given) }, { mode: 0o1755, mtime: 5 }),
      "c": tree({ "g": hardLink(file) }, { mode: 0, mtimeNsec: 3 }),
      "d": symlink("/nowhere", { ...given, mode: 0o777 }),
      "e": special("fifo", 0, { ...given, mode: 0o640 }),
      "f": special("socket", 0, { ...given, mode: 0o777 }),
      "g": inline("", { ...given, mode: 0o6755 }),
      "h": inline("x", { ...given, xattrs: [xattr("user.a", "b"), xattr("user.empty")] }),
    }, { mtime: 1, mtimeNsec: 2, mode: 0o700 }),
  );
});

test("extract: owners, devices, whiteouts and trusted xattrs", async ({ linux, directory }) => {
  const xattrs = [xattr("trusted.x", "1")];
  await assertRoundTrip(
    linux,
    join(directory, "out"),
    directoryNode({
      "a": inline("x", { uid: 70_000, gid: 3_000_000_000, mode: 0o6755, xattrs }),
      "b": special("block", 0x801, { uid: 5, xattrs }),
      "c": special("character", 0x12367845, { gid: 6 }),
      "d": special("character", 0, { mode: 0 }),
      "e": symlink("x", { mode: 0o777, uid: 1, gid: 2, mtime: 9, xattrs }),
      "f": directoryNode({}, { uid: 1, gid: 2, mode: 0o7777, xattrs }),
    }, { uid: 8, gid: 9, xattrs }),
  );
}, needsRoot());

test("extract: names of any bytes, paths of any length, links between their ends", async ({ linux, directory }) => {
  const file = inline("bottom", { ...OWNER, nlink: 2 });
  let deep = tree({ "f": file });
  for (let depth = 0; depth < 60; depth++) deep = tree({ ["n".repeat(200)]: deep });
  const odd = [[0xff, 0xfe], [0x0a], [0x20], [0x2d, 0x72, 0x66], [0x5c]].sort((a, b) =>
    a[0]! - b[0]!
  )
    .map((name, i) => ({ name: Uint8Array.from(name), node: 1 + i }));
  const { root, leaves } = tree({ "a": deep, "z": hardLink(file) });
  const names = { ...tree().root, entries: odd };
  const [a, z] = root.entries;
  await assertRoundTrip(linux, join(directory, "out"), {
    root: { ...root, entries: [a!, { name: utf8("m"), node: names }, z!] },
    leaves: [...leaves, ...odd.map(() => inline("x", OWNER))],
  });
});

test("extract: many levels need few open files and little memory", ({ linux, directory }) => {
  let deep = tree({});
  for (let depth = 0; depth < 1500; depth++) deep = tree({ ["d".repeat(100)]: deep });
  const path = join(directory, "out");
  extract(linux, path, deep);
  assertEquals(readdirSync(path), ["d".repeat(100)]);
  const refused = tree({ "a": deep, "b": external(5, "no/where") });
  assertThrows(() => extract(linux, join(directory, "again"), refused));
  assertEquals(readdirSync(directory), ["out"]);
  removeDeep(linux, directory, "out");
});

/** Removes a directory of any depth, by the code that removes what was not finished. */
function removeDeep(linux: Linux, directory: string, name: string): void {
  using parent = Fd.open(linux, utf8(directory), { flags: O_RDONLY });
  removeTree(parent, utf8(name), utf8(name));
}

test("extract: zeros become holes", ({ linux, directory }) => {
  const contents = new Uint8Array(5_000_003);
  contents.set(LARGE.subarray(0, 100), 1_500_000);
  contents[3 << 20] = 1;
  const path = join(directory, "out");
  const from = tree({
    "a": stored(contents),
    "b": stored(new Uint8Array(100_001)),
    "c": stored(LARGE),
    "d": external(1_000_000, undefined, undefined, OWNER),
  });
  extract(linux, path, from);
  for (
    const [name, expected] of [["a", contents], ["b", new Uint8Array(100_001)], [
      "c",
      LARGE,
    ]] as const
  ) {
    assert(Buffer.compare(readFileSync(join(path, name)), expected) === 0, name);
  }
  assertEquals(readFileSync(join(path, "d")).length, 1_000_000);
  const blocks = (name: string) => lstatSync(join(path, name)).blocks * 512;
  assert(blocks("a") < 100_000, `${blocks("a")}`);
  assertEquals([blocks("b"), blocks("d")], [0, 0]);
  assert(blocks("c") >= LARGE.length);
});

test("extract: into nothing or an empty directory, and nowhere else", ({ linux, directory }) => {
  const from = tree({ "f": inline("x", OWNER) });
  const refuse = (name: string, state: string) =>
    assertThrows(() => extract(linux, `${directory}/${name}`, from), Error, state);
  mkdirSync(join(directory, "empty"));
  extract(linux, `${directory}/empty//`, from);
  assertEquals(readdirSync(join(directory, "empty")), ["f"]);
  refuse("empty", "the directory is not empty");
  writeFileSync(join(directory, "file"), "x");
  refuse("file", "a regular file is there, expected nothing or a directory");
  symlinkSync("elsewhere", join(directory, "link"));
  refuse("link", "a symlink file is there");
  refuse("no/where", "No such file or directory");
  refuse(".", "expected a name to give to the new directory");
  refuse("empty/..", "expected a name to give to the new directory");
  for (const path of ["", "/", ".", ".."]) {
    assertThrows(() => extract(linux, path, from), RangeError, "expected a name");
  }
  assertEquals(readdirSync(directory).sort(), ["empty", "file", "link"]);
});

function failureOf(work: () => void): SyscallError {
  try {
    work();
  } catch (error) {
    if (error instanceof SyscallError) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

test("extract: whatever fails, nothing is left", async ({ directory }) => {
  const linked = inline("x", OWNER);
  const whole = tree({
    "a": tree({ "b": inline("x", { ...OWNER, xattrs: [xattr("user.a", "b")] }) }, { mode: 0 }),
    "l": symlink("x", OWNER),
    "p": special("fifo", 0, OWNER),
    "s": stored(LARGE),
    "x": linked,
    "y": hardLink(linked),
  });
  const faults = [
    "fchown",
    "fchownat",
    "fchmod",
    "fchmodat",
    "fsetxattr",
    "futimens",
    "utimensat",
    "symlinkat",
    "mknodat",
    "linkat",
    "pwrite",
    "syncfs",
    "renameat",
  ] as const;
  for (const name of faults) {
    const linux = await openFaulty({ [name]: () => ERRNO.ENOSPC });
    const thrown = failureOf(() => extract(linux, join(directory, "out"), whole));
    assertEquals(thrown.code, "ENOSPC", `${name}: ${thrown}`);
    assert(thrown.message.includes(`${directory}/out`), thrown.message);
    assertEquals(readdirSync(directory), [], name);
  }
});

test("extract: contents that cannot be read leave nothing", ({ linux, directory }) => {
  const from = tree({ "a": tree({}), "b": stored(LARGE) });
  const failing = () => ({
    ...memoryFile(LARGE),
    readAt: () => {
      throw new RangeError("Cannot use object: it changed");
    },
  });
  const path = join(directory, "out");
  assertThrows(() => extract(linux, path, from, { open: failing }), RangeError, "it changed");
  const short = () => ({ ...memoryFile(LARGE), size: LARGE.length + 1 });
  assertThrows(
    () => extract(linux, path, from, { open: short }),
    IntegrityError,
    "contents end after",
  );
  assertEquals(readdirSync(directory), []);
});

test("extract: what the options leave out", ({ linux, directory }) => {
  const device = special("block", 5, { uid: 123_456 });
  const from = directoryNode({
    "a": inline("x", { uid: 123_456, gid: 7, mode: 0o6755, mtime: 5 }),
    "b": device,
    "c": hardLink(device),
    "d": inline("x", { xattrs: [xattr("user.a", "b"), xattr("system.strange", "b")] }),
  }, { uid: 123_456, mode: 0o2755 });
  const path = join(directory, "out");
  const now = Date.now();
  extract(linux, path, from, {
    keepOwner: true,
    keepTime: true,
    skipDevices: true,
    xattrs: "user",
  });
  assertEquals(readdirSync(path), ["a", "d"]);
  const { uid, mode, mtimeMs } = lstatSync(join(path, "a"));
  assertEquals([uid, mode & 0o7777], [OWNER.uid, 0o755]);
  assert(mtimeMs > now - 10_000);
  assertEquals(lstatSync(path).mode & 0o7777, 0o755);
});

test("extract: a time is set exactly, or not at all", ({ linux, directory }) => {
  const path = join(directory, "out");
  const from = tree({ "f": inline("x", { ...OWNER, mtime: 2n ** 62n }) });
  try {
    extract(linux, path, from);
  } catch (error) {
    assert(
      error instanceof RangeError && error.message.includes("the file system holds"),
      `${error}`,
    );
    assertEquals(readdirSync(directory), []);
    return;
  }
  assertEquals(lstatSync(join(path, "f"), { bigint: true }).mtimeNs / 1_000_000_000n, 2n ** 62n);
});

test("extract: ACLs of the directory around it are not inherited", async ({ linux, directory }) => {
  const value = acl([1, 7, NO_ID], [2, 4, 1000], [4, 4, NO_ID], [16, 4, NO_ID], [32, 4, NO_ID]);
  setXattr(linux, pathTo(directory), "system.posix_acl_default", value);
  await assertRoundTrip(
    linux,
    join(directory, "out"),
    tree({ "a": tree({ "f": inline("x", OWNER) }) }),
  );
});

test(
  "extract: an owner that is none to the kernel is refused, and nothing is left",
  ({ linux, directory }) => {
    for (const owner of [{ uid: 2 ** 32 - 1 }, { gid: 2 ** 32 - 1 }]) {
      const from = directoryNode({ a: inline("x", { mode: 0o4755, ...owner }) });
      assertThrows(
        () => extract(linux, join(directory, "out"), from),
        RangeError,
        "4294967295 is no owner to the kernel",
      );
      assertEquals(readdirSync(directory), []);
    }
  },
  needsRoot(),
);

test("removeTree: a link in a directory's place leads nowhere", ({ linux, directory }) => {
  mkdirSync(join(directory, "outside"), { mode: 0o500 });
  symlinkSync("../outside", join(directory, "link"));
  const [parent, name] = [Fd.open(linux, utf8(directory), { flags: O_RDONLY }), utf8("link")];
  using _ = parent;
  assertThrows(() => removeTree(parent, name, name), SyscallError);
  assertEquals(lstatSync(join(directory, "outside")).mode & 0o777, 0o500);
});

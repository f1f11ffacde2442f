import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type DumpImage, splitDumps, writeFixedImages, writeRandomImages } from "./dump_images.ts";
import { moduleWorkspace, peer, testEach } from "./each_program.ts";
import { makeOddTree } from "./odd_tree.ts";
import { output, textOutput } from "./process.ts";

const WORKSPACE = moduleWorkspace();
const C = { tools: ["mkcomposefs", "composefs-info"] };

/** Made on first use: a module may be loaded and none of its tests run. */
let made: Images | undefined;

interface Images {
  readonly fixed: readonly DumpImage[];
  readonly random: readonly DumpImage[];
  /** Images of directory trees. */
  readonly trees: readonly string[];
}

function images(): Images {
  return made ??= makeImages();
}

function makeImages(): Images {
  const tree = `${WORKSPACE}/tree`;
  mkdirSync(tree);
  makeOddTree(tree);
  const trees = [["odd"], ["odd-epoch", "--use-epoch"], ["odd-v1", "--min-version=1"]].map(
    ([name, ...options]) => {
      const path = `${WORKSPACE}/${name}`;
      output(peer("mkcomposefs"), [...options, tree, path]);
      return path;
    },
  );
  return { fixed: writeFixedImages(WORKSPACE), random: writeRandomImages(WORKSPACE, 450), trees };
}

function allPaths(): string[] {
  const { fixed, random, trees } = images();
  return [...trees, ...fixed.map(({ path }) => path), ...random.map(({ path }) => path)];
}

/** Bytes that a field of a dump or listing stands for, one character below U+0100 each. */
function unescape(field: string): string {
  const letters: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };
  return field.replace(
    /\\(?:x([0-9a-f]{2})|(.))/g,
    (_, hex, letter) => hex ? String.fromCharCode(parseInt(hex, 16)) : letters[letter]!,
  );
}

/**
 * Tells whether C's text of an object path is ours and up to two bytes that are not part of it: C 1.0.8
 * reads past the end of a redirect whose length is a multiple of four, its first slash included.
 */
function isOverrun(ours: string, theirs: string): boolean {
  const extra = unescape(theirs).length - unescape(ours).length;
  return theirs.startsWith(ours) && unescape(ours).length % 4 === 3 && extra >= 1 && extra <= 2;
}

/** Xattrs without value whose name is only a prefix: an entry of four bytes, which C 1.0.8 misses at the end. */
const FOUR_BYTES = /^(user\.|trusted\.|security\.|system\.posix_acl_(access|default))=$/;

/** Tells whether two lines of a dump differ only by known faults of C. */
function isKnownDumpFault(ours: string, theirs: string): boolean {
  const [a, b] = [ours.split(" "), theirs.split(" ")];
  const rest = a.slice(11);
  if (a.length === b.length + 1) {
    const lost = rest.find((xattr) => !b.slice(11).includes(xattr));
    if (lost === undefined || !FOUR_BYTES.test(lost)) return false;
    a.splice(a.indexOf(lost, 11), 1);
  }
  if (a[8] !== b[8] && isOverrun(a[8]!, b[8]!)) b[8] = a[8]!;
  // A file that had an xattr like a whiteout's in the source: C dumps a whiteout that has contents.
  if (/^@?2[0-7]{4}$/.test(a[2]!) && a[6] === "0") {
    for (const field of [8, 9, 10]) if (a[field] === "-") b[field] = "-";
  }
  return a.join(" ") === b.join(" ");
}

function isKnownListingFault(ours: string, theirs: string): boolean {
  const [a, b] = [ours.split("\t@ "), theirs.split("\t@ ")];
  return a.length === 2 && a[0] === b[0] && isOverrun(a[1]!, b[1] ?? "");
}

/** Compares line by line; gives the lines in which the two differ by a known fault. */
function assertSameLines(
  ours: string,
  theirs: string,
  isKnown: (ours: string, theirs: string) => boolean,
): string[] {
  const [a, b] = [ours.split("\n"), theirs.split("\n")];
  const known: string[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    if (isKnown(a[i] ?? "", b[i] ?? "")) known.push(a[i]!);
    else assertEquals(a[i], b[i], `line ${i + 1}`);
  }
  return known;
}

const answers = new Map<string, string>();

/** What composefs-info of C prints; kept, since every program is held against it. */
function reference(args: readonly string[]): string {
  const key = args.join("\0");
  const known = answers.get(key) ?? textOutput(peer("composefs-info"), args);
  answers.set(key, known);
  return known;
}

/** Images in whose dumps no known fault of C shows. */
function soundPaths(): string[] {
  const paths = allPaths();
  const dumps = splitDumps(reference(["dump", ...paths]));
  assertEquals(dumps.length, paths.length);
  return paths.filter((_, i) => {
    const payloads = dumps[i]!.trimEnd().split("\n").map((line) => line.split(" "));
    // C reads some paths too far (see isOverrun), but none of the length that a digest's path has.
    return payloads.every(({ 2: mode, 8: payload }) =>
      !/^@?10/.test(mode!) || payload === "-" || /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(payload!)
    );
  });
}

testEach("info: dump is C's, but for its known faults", { ...C, long: true }, (subject) => {
  const paths = allPaths();
  assert(paths.length > 250, `${paths.length} images`);
  const ours = textOutput(subject.tool("composefs-info"), ["dump", ...paths]);
  const known = assertSameLines(ours, reference(["dump", ...paths]), isKnownDumpFault);
  // Without any known fault this would not be the version of C that is imitated.
  assert(known.length > 0 && known.length < 500, `${known.length} lines with known faults`);
});

testEach("info: ls is C's, but for redirects that C reads too far", C, (subject) => {
  const paths = allPaths();
  const ours = textOutput(subject.tool("composefs-info"), ["ls", ...paths]);
  assertSameLines(ours, reference(["ls", ...paths]), isKnownListingFault);
});

testEach("info: objects are C's", C, (subject) => {
  const args = ["objects", ...soundPaths()];
  const ours = textOutput(subject.tool("composefs-info"), args);
  assert(ours.split("\n").length > 300);
  assertEquals(ours, reference(args));
});

testEach("info: objects of all images are the payloads of their dumps", C, (subject) => {
  const paths = allPaths();
  const dump = textOutput(subject.tool("composefs-info"), ["dump", ...paths]);
  const expected = new Set<string>();
  for (const line of dump.trimEnd().split("\n")) {
    const [, , mode, , , , , , payload] = line.split(" ");
    if (mode!.startsWith("10") && mode!.length === 6 && payload !== "-") {
      expected.add(unescape(payload!));
    }
  }
  const actual = output(subject.tool("composefs-info"), ["objects", ...paths]);
  const text = [...actual].map((byte) => String.fromCharCode(byte)).join("");
  // One character per byte, so that JavaScript sorts the strings in the order of their bytes.
  assertEquals(text, [...expected].sort().map((path) => path + "\n").join(""));
});

testEach("info: missing-objects are C's, with and without --basedir", C, (subject) => {
  const paths = soundPaths();
  const all = reference(["objects", ...paths]).trimEnd().split("\n");
  all.forEach((object, i) => {
    if (i % 3 !== 0) return;
    const path = subject.path(`base/${object}`);
    mkdirSync(dirname(path), { recursive: true });
    if (i % 2 === 0) writeFileSync(path, "");
    else Deno.symlinkSync("/nowhere", path);
  });
  const args = [`--basedir=${subject.path("base")}`, "missing-objects", ...paths];
  const theirs = textOutput(peer("composefs-info"), args);
  assertEquals(textOutput(subject.tool("composefs-info"), args), theirs);
  assert(theirs.split("\n").length < all.length && theirs !== "");
  const without = ["missing-objects", ...paths];
  assertEquals(
    textOutput(subject.tool("composefs-info"), without),
    reference(["objects", ...paths]),
  );
});

testEach("info: --filter is C's", C, (subject) => {
  const paths = [...images().trees, ...images().fixed.map(({ path }) => path)];
  const filters = ["files", "links", "d", "a", "f0", "00", "xattrs", "nothing-of-that-name"];
  const all = filters.map((name) => `--filter=${name}`);
  for (const options of [["--filter=zfiles"], ["--filter=nothing"], all]) {
    for (const command of ["dump", "ls"]) {
      const args = [...options, command, ...paths];
      const ours = textOutput(subject.tool("composefs-info"), args);
      const isKnown = command === "dump" ? isKnownDumpFault : isKnownListingFault;
      assertSameLines(ours, reference(args), isKnown);
    }
    const args = [...options, "objects", ...images().trees];
    assertEquals(textOutput(subject.tool("composefs-info"), args), reference(args));
  }
});

testEach("info: measure-file is C's, but for the empty file", C, (subject) => {
  const files = [1, 4095, 4096, 4097, 524288, 524289, 3145728].map((size) => {
    const path = subject.path(`${size}`);
    writeFileSync(path, new Uint8Array(size).fill(size));
    return path;
  });
  const args = ["measure-file", ...files, ...images().trees];
  assertEquals(textOutput(subject.tool("composefs-info"), args), reference(args));
  const empty = subject.path("empty");
  writeFileSync(empty, "");
  // The kernel's digest of an empty file; C 1.0.8 prints another.
  assertEquals(
    textOutput(subject.tool("composefs-info"), ["measure-file", empty]),
    "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95\n",
  );
});

testEach("info: C reads our images as its own", C, (subject) => {
  const image = subject.path("image");
  output(subject.tool("mkcomposefs"), [`${WORKSPACE}/tree`, image]);
  assertEquals(readFileSync(image), readFileSync(images().trees[0]!));
  assertEquals(
    textOutput(peer("composefs-info"), ["dump", image]),
    reference(["dump", images().trees[0]!]),
  );
});

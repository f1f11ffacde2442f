import { assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { moduleWorkspace, peer, type Subject, testEach } from "./each_program.ts";
import { IS_ROOT, makeOddTree } from "./odd_tree.ts";
import { output, run } from "./process.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { listFiles, storeFaults } from "./store_listing.ts";

const WORKSPACE = moduleWorkspace();
const C = { tools: ["mkcomposefs"] };

/** Made on first use: a module may be loaded and none of its tests run. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const oddTree = lazily(() => {
  const tree = join(WORKSPACE, "odd");
  mkdirSync(tree);
  makeOddTree(tree);
  return tree;
});

/** A directory of the system with some hundreds of files of all sizes, which nobody writes to. */
const systemTree = lazily(() => {
  const candidates = ["/usr/share/perl", "/usr/lib/python3", "/usr/lib/python3.11"];
  return candidates.find((path) => existsSync(path)) ?? "/etc";
});

/** What mkcomposefs of C makes of arguments that end with the image. Kept: every program is held against it. */
const references = new Map<string, ReturnType<typeof run>>();

function reference(args: readonly string[]): ReturnType<typeof run> {
  const key = args.join("\0");
  const known = references.get(key) ?? run(peer("mkcomposefs"), args);
  references.set(key, known);
  return known;
}

/** Runs both programs with the same arguments and compares image, answer and status. */
function assertLikeC(subject: Subject, args: readonly string[]): void {
  const expected = reference(args);
  assertEquals(expected.code, 0, expected.stderr);
  const actual = run(subject.tool("mkcomposefs"), args);
  assertEquals(actual.stderr, "");
  assertEquals(actual.code, 0);
  assertSameBytes(actual.stdout, expected.stdout, args.join(" "));
}

const storeOf = lazily(() => new Map<string, { store: string; image: string }>());

/** The store and image that C makes of a tree. */
function referenceStore(tree: string): { store: string; image: string } {
  const known = storeOf().get(tree);
  if (known !== undefined) return known;
  const number = storeOf().size;
  const made = {
    store: join(WORKSPACE, `store${number}`),
    image: join(WORKSPACE, `c${number}.cfs`),
  };
  output(peer("mkcomposefs"), [`--digest-store=${made.store}`, tree, made.image]);
  storeOf().set(tree, made);
  return made;
}

function assertSameStore(subject: Subject, tree: string): void {
  const expected = referenceStore(tree);
  const store = subject.path("deep/store");
  const image = subject.path("image");
  output(subject.tool("mkcomposefs"), ["--digest-store", store, tree, image]);
  assertSameBytes(readFileSync(image), readFileSync(expected.image), "image");
  assertEquals(listFiles(store), listFiles(expected.store));
  assertEquals(storeFaults(store), []);
}

testEach(
  "create: image and store of a directory of the system are C's",
  { ...C, long: true },
  (subject) => {
    assertSameStore(subject, systemTree());
  },
);

const kind = IS_ROOT ? "devices, trusted xattrs and all" : "without devices, which need root";

testEach(
  `create: image and store of an odd tree are C's, ${kind}`,
  { ...C, long: true },
  (subject) => {
    assertSameStore(subject, oddTree());
  },
);

const OPTIONS: readonly (readonly string[])[] = [
  ["--use-epoch"],
  ["--skip-devices"],
  ["--skip-xattrs"],
  ["--user-xattrs"],
  ["--use-epoch", "--skip-devices", "--skip-xattrs"],
  ["--use-epoch", "--user-xattrs", "--min-version=1"],
  ["--threads=1"],
  ["--threads", "7"],
  ["--min-version=0"],
  ["--min-version=1"],
  ["--max-version=0"],
  ["--max-version=1"],
  ["--min-version=0", "--max-version=0"],
  ["--min-version=0", "--max-version=1"],
  ["--min-version=1", "--max-version=1"],
  ["--min-version=1", "--max-version=0"],
  ["--max-version", "0", "--skip-devices"],
  // Abbreviations, as getopt_long takes them.
  ["--use-", "--skip-d", "--skip-x"],
  ["--user", "--mi=1", "--ma", "1", "--thr=2"],
];

for (const options of OPTIONS) {
  testEach(`create: ${options.join(" ")} gives C's image`, C, (subject) => {
    assertLikeC(subject, [...options, oddTree(), "-"]);
  });
}

testEach(
  "create: digests printed are C's, beside an image, after one, alone",
  { ...C, long: true },
  (subject) => {
    assertLikeC(subject, ["--print-digest", oddTree(), "-"]);
    assertLikeC(subject, ["--print-digest-only", oddTree()]);
    assertLikeC(subject, ["--print-digest-o", "--use-epoch", oddTree()]);
    const image = subject.path("image");
    const expected = reference(["--print-digest-only", oddTree()]).stdout;
    assertEquals(
      output(subject.tool("mkcomposefs"), ["--print-digest", oddTree(), image]),
      expected,
    );
    assertSameBytes(readFileSync(image), reference([oddTree(), "-"]).stdout, "image");
  },
);

testEach("create: --print-digest-only fills the store as C does", C, (subject) => {
  const store = subject.path("store");
  const args = ["--print-digest-only", `--digest-store=${store}/`, oddTree()];
  const digest = output(subject.tool("mkcomposefs"), args);
  assertEquals(digest, reference(["--print-digest-only", oddTree()]).stdout);
  assertEquals(listFiles(store), listFiles(referenceStore(oddTree()).store));
});

testEach(
  "create: SOURCE with slashes, through a link, relative, after --",
  { ...C, long: true },
  (subject) => {
    symlinkSync(oddTree(), subject.path("link"));
    const expected = reference(["--print-digest-only", oddTree()]).stdout;
    const ways: readonly (readonly [args: readonly string[], cwd: string])[] = [
      [[`${oddTree()}///`], "/"],
      [[subject.path("link/")], "/"],
      [["."], oddTree()],
      [["../odd"], oddTree()],
      [["--", "odd"], WORKSPACE],
    ];
    for (const [args, cwd] of ways) {
      const all = ["--print-digest-only", ...args];
      assertEquals(output(subject.tool("mkcomposefs"), all, { cwd }), expected);
      assertEquals(output(peer("mkcomposefs"), all, { cwd }), expected);
    }
  },
);

testEach("create: options after operands, values that look like options", C, (subject) => {
  const store = "--odd";
  const options = { cwd: subject.directory };
  const args = [oddTree(), "image", "--digest-store", store, "--use-epoch"];
  output(subject.tool("mkcomposefs"), args, options);
  assertSameBytes(
    readFileSync(subject.path("image")),
    reference(["--use-epoch", oddTree(), "-"]).stdout,
    "image",
  );
  assertEquals(listFiles(subject.path(store)), listFiles(referenceStore(oddTree()).store));
});

testEach("create: the verb of composefs is mkcomposefs", C, (subject) => {
  const image = output([...subject.composefs, "create"], ["--use-epoch", oddTree(), "-"]);
  assertSameBytes(image, reference(["--use-epoch", oddTree(), "-"]).stdout, "image");
});

testEach("create: the image has the mode that the umask leaves", C, (subject) => {
  const tree = subject.path("tree");
  mkdirSync(tree);
  for (const umask of ["022", "077", "002"]) {
    const make = ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
    output([...make, ...subject.tool("mkcomposefs")], [tree, subject.path(`ours-${umask}`)]);
    output([...make, ...peer("mkcomposefs")], [tree, subject.path(`c-${umask}`)]);
  }
  const modes = listFiles(subject.directory).map((line) => line.split(" ")[1]);
  assertEquals(modes.slice(0, 3), modes.slice(3, 6));
  assertEquals(modes[0], "100664");
});

testEach(
  "create: a whole /usr gives C's digest, root",
  { ...C, once: true, root: true, long: true },
  (subject) => {
    const args = ["--print-digest-only", "/usr"];
    // A package that is being installed meanwhile changes /usr: such a comparison says nothing.
    for (let attempt = 0; attempt < 3; attempt++) {
      const timeout = 300_000;
      const before = output(peer("mkcomposefs"), args, { timeout });
      const actual = output(subject.tool("mkcomposefs"), args, { timeout });
      const after = output(peer("mkcomposefs"), args, { timeout });
      if (before.toHex() === after.toHex()) return assertEquals(actual, before);
    }
    throw new Error("/usr changed during every attempt");
  },
);

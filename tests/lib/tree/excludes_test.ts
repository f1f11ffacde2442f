import { assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { changeTree } from "../../../lib/tree/change_tree.ts";
import { Excludes, parseExclude } from "../../../lib/tree/excludes.ts";
import { memoryTree } from "../../../lib/tree/memory_tree.ts";
import { PatternError } from "../../../lib/tree/pattern_error.ts";
import { scanTree } from "../../../lib/tree/scan.ts";
import type { Directory, Entry, Tree } from "../../../lib/tree/tree.ts";
import { TreeWalk } from "../../../lib/tree/walk.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { stat } from "../../kit/trees.ts";

function excludesOf(...patterns: readonly string[]): Excludes {
  return new Excludes(patterns.map((pattern) => parseExclude(utf8(pattern))));
}

/** Paths below the root; those of directories end in a slash. */
function pathsOf<File>(tree: Tree<File>): string[] {
  const paths: string[] = [];
  const walk = new TreeWalk(tree);
  while (walk.next()) {
    if (walk.depth > 0) paths.push(latin1(walk.path) + (walk.leaf < 0 ? "/" : ""));
  }
  return paths;
}

const SOURCE = memoryTree({
  "etc": { "motd": "", "passwd": "", "conf.d": { "a.conf": "", "b.conf": "" } },
  "src": { ".git": { "config": "" }, "a.o": "", "lib": { ".git": "", "b.o": "", "motd": {} } },
  "tmp": { "x": { "y": "" }, "z": "" },
});

/** What patterns leave out of a tree, told by the paths of what is left out first. */
function leftOut(...patterns: readonly string[]): string[] {
  const whole = scanTree(SOURCE, () => undefined);
  const options = { excludes: excludesOf(...patterns) };
  const left = new Set(pathsOf(scanTree(SOURCE, () => undefined, options)));
  const changed = pathsOf(changeTree(whole, { excludes: excludesOf(...patterns) }));
  assertEquals([...left], changed);
  const gone = pathsOf(whole).filter((path) => !left.has(path));
  return gone.filter((path) => !gone.some((above) => above !== path && path.startsWith(above)));
}

Deno.test("Excludes: a pattern with a slash in front is a path, one without an end of paths", () => {
  assertEquals(leftOut("/etc/motd"), ["/etc/motd"]);
  assertEquals(leftOut("motd"), ["/etc/motd", "/src/lib/motd/"]);
  assertEquals(leftOut("/motd"), []);
  assertEquals(leftOut("lib/motd"), ["/src/lib/motd/"]);
  assertEquals(leftOut("/lib/motd"), []);
  assertEquals(leftOut("*.o"), ["/src/a.o", "/src/lib/b.o"]);
  assertEquals(leftOut("/src/*.o"), ["/src/a.o"]);
  assertEquals(leftOut("conf.d/[!a]*"), ["/etc/conf.d/b.conf"]);
  assertEquals(leftOut("//etc//motd"), ["/etc/motd"]);
});

Deno.test("Excludes: a slash at the end is for directories only", () => {
  assertEquals(leftOut(".git"), ["/src/.git/", "/src/lib/.git"]);
  assertEquals(leftOut(".git/"), ["/src/.git/"]);
  assertEquals(leftOut("motd/"), ["/src/lib/motd/"]);
  assertEquals(leftOut("/etc/motd/"), []);
});

Deno.test("Excludes: stars stay within a name, two of them stand for any number of names", () => {
  assertEquals(leftOut("/*"), ["/etc/", "/src/", "/tmp/"]);
  assertEquals(leftOut("/tmp/*"), ["/tmp/x/", "/tmp/z"]);
  assertEquals(leftOut("/tmp/**"), ["/tmp/x/", "/tmp/z"]);
  assertEquals(leftOut("/*/motd"), ["/etc/motd"]);
  assertEquals(leftOut("/src/**/motd"), ["/src/lib/motd/"]);
  assertEquals(leftOut("/**/motd"), leftOut("motd"));
  assertEquals(leftOut("**/motd"), leftOut("motd"));
  assertEquals(leftOut("/etc/**/**/*.conf"), ["/etc/conf.d/a.conf", "/etc/conf.d/b.conf"]);
  assertEquals(leftOut("/etc/conf.d/**/a.conf"), ["/etc/conf.d/a.conf"]);
  assertEquals(leftOut("**"), ["/etc/", "/src/", "/tmp/"]);
});

Deno.test("Excludes: says which patterns nothing has matched", () => {
  const excludes = excludesOf("motd", "*otd", "/nothing", "/tmp", "/tmp/z", "passwd/");
  scanTree(SOURCE, () => undefined, { excludes });
  // What is excluded with /tmp is not looked at.
  assertEquals(excludes.unused.map(({ text }) => latin1(text)), ["/nothing", "/tmp/z", "passwd/"]);
});

Deno.test("scanTree() does not list directories that are excluded", () => {
  const listed: string[] = [];
  const source = {
    ...SOURCE,
    root: SOURCE.root.bind(SOURCE),
    list: (...[path, options]: Parameters<typeof SOURCE.list>) => {
      listed.push(latin1(path));
      return SOURCE.list(path, options);
    },
  };
  scanTree(source, () => undefined, { excludes: excludesOf("/tmp", "lib/", "/etc/*") });
  assertEquals(listed, ["", "etc", "src", "src/.git"]);
});

Deno.test("parseExclude() refuses what can match nothing, or all", () => {
  const cases: Record<string, string> = {
    "": "expected a pattern",
    "/": "less than all",
    "//": "less than all",
    "./a": "no . or ..",
    "a/../b": "no . or ..",
    ".": "no . or ..",
    "!a": "no ! in front",
    "a\0": "no NUL",
    "a**/b": "**",
    "a[/]b": "expected ]",
    "a\\/b": "behind \\",
    ["a".repeat(4096)]: "at most 4095",
  };
  for (const [pattern, message] of Object.entries(cases)) {
    assertThrows(() => parseExclude(utf8(pattern)), PatternError, message, pattern);
  }
  assertEquals(parseExclude(utf8("\\!a")).isForDirectories, false);
});

/** The same pattern as an expression for whole paths, written without a look at how it is matched. */
function expressionOf(pattern: string): RegExp {
  const inner = pattern.replace(/^\//, "").replace(/\/$/, "");
  const parts = inner.split("/").map((part, i, { length }) => {
    const slash = i === length - 1 ? "" : "/";
    if (part === "**") return slash === "" ? "(?:[^/]+/)*[^/]+" : "(?:[^/]+/)*";
    return part.replaceAll("*", "[^/]*").replaceAll("?", "[^/]") + slash;
  });
  const start = pattern.startsWith("/") ? "/" : "/(?:[^/]+/)*";
  return new RegExp(`^${start}${parts.join("")}$`);
}

function randomPattern(random: Random): string {
  const part = () => random.pick(["a", "b", "ab", "*", "?", "a*", "*b", "**", "[ab]"]);
  const parts = Array.from({ length: random.int(1, 4) }, part).join("/");
  return (random.chance(40) ? "/" : "") + parts + (random.chance(20) ? "/" : "");
}

function randomDirectory(random: Random, levels: number): Directory {
  const names = ["a", "ab", "b", "ba"].filter(() => random.chance(60));
  const entries: Entry[] = names.map((name) => ({
    name: utf8(name),
    node: levels > 0 && random.chance(70) ? randomDirectory(random, levels - 1) : 0,
  }));
  return { kind: "directory", stat: stat(), entries };
}

Deno.test("Excludes: random patterns leave out of random trees what expressions match", () => {
  let lost = 0;
  for (const seed of seeds(0, 1500)) {
    const random = createRandom(seed);
    const tree: Tree<undefined> = {
      root: randomDirectory(random, 4),
      leaves: [{ kind: "regular", stat: stat(), file: undefined }],
    };
    const patterns = Array.from({ length: random.int(1, 4) }, () => randomPattern(random));
    const isExcluded = (path: string) =>
      patterns.some((pattern) =>
        (path.endsWith("/") || !pattern.endsWith("/")) &&
        expressionOf(pattern).test(path.replace(/\/$/, ""))
      );
    const gone: string[] = [];
    const expected = pathsOf(tree).filter((path) => {
      const isGone = gone.some((above) => above.endsWith("/") && path.startsWith(above)) ||
        isExcluded(path);
      if (isGone) gone.push(path);
      return !isGone;
    });
    lost += gone.length;
    const excludes = excludesOf(...patterns);
    const context = `seed ${seed}: ${patterns.join(" ")}`;
    assertEquals(pathsOf(changeTree(tree, { excludes })), expected, context);
  }
  assertEquals(lost > 0, true);
});

Deno.test("Excludes: a deep tree costs its names, not its paths", () => {
  const levels = 100_000;
  let root: Directory = { kind: "directory", stat: stat(), entries: [] };
  for (let level = 0; level < levels; level++) {
    root = { kind: "directory", stat: stat(), entries: [{ name: utf8("a"), node: root }] };
  }
  const excludes = excludesOf("/a/**/b", "*/*/c", "a/a/a/a/d", "/a/a/b");
  const walk = new TreeWalk(changeTree({ root, leaves: [] }, { excludes }));
  let left = -1;
  while (walk.next()) left++;
  assertEquals(left, levels);
});

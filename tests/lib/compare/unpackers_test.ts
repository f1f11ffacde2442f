/**
 * What unpackers made of a small image, as they were seen to: the rules that are named for it.
 */

import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { explainDifference } from "../../../lib/compare/explain.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";

const ACL = String.raw`\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff`;

/** The image: `umoci raw unpack` 0.4.7 made just this of it. */
const IMAGE = [
  "/ 0 40755 4 0 0 0 0.0 - - -",
  "/dev 0 40755 2 0 0 0 1700000000.0 - - -",
  "/dev/null 0 20666 1 0 0 259 1700000000.0 - - -",
  "/etc 0 40755 2 0 0 0 1700000000.0 - - -",
  `/etc/acl 2 100640 1 0 0 0 1700000000.0 - a\\n - system.posix_acl_access=${ACL}`,
  "/etc/before1970 2 100644 1 0 0 0 -1.0 - b\\n -",
  "/etc/owner 2 100640 1 1000 1001 0 1700000000.0 - o\\n -",
  "/tool 2 100755 2 0 0 0 1700000000.0 - t\\n -",
  "/tool2 2 @100755 2 0 0 0 1700000000.0 /tool - -",
];

function treeOf(lines: readonly string[]): Tree<Content> {
  return parseDumpfile([utf8(lines.join("\n") + "\n")]);
}

/** The image with other lines for some paths. */
function changed(...lines: string[]): Tree<Content> {
  const pathOf = (line: string) => line.split(" ")[0];
  return treeOf(IMAGE.map((line) => lines.find((other) => pathOf(other) === pathOf(line)) ?? line));
}

function rulesFor(tree: Tree<Content>): string[] {
  const { answers: [first], isConfirmed } = explainDifference({ tree: treeOf(IMAGE) }, { tree });
  assertEquals(isConfirmed, true);
  return first!.map(({ name }) => name).sort();
}

Deno.test("explain: what umoci unpack --rootless makes", () => {
  const owner = String.raw`user.rootlesscontainers=\x08\xe8\x07\x10\xe9\x07`;
  const tree = changed(
    "/dev/null 0 100666 1 0 0 0 1700000000.0 - - -",
    `/etc/owner 2 100640 1 0 0 0 1700000000.0 - o\\n - ${owner}`,
  );
  assertEquals(rulesFor(tree), ["rootless-unpack"]);
});

Deno.test("explain: what buildah 1.28 mounts, with the driver vfs", () => {
  const tree = changed(
    "/ 0 40555 4 0 0 0 1795857281.408009765 - - -",
    "/etc/acl 2 100640 1 0 0 0 1700000000.0 - a\\n -",
    "/etc/before1970 2 100644 1 0 0 0 0.0 - b\\n -",
    "/tool 2 100644 2 0 0 0 1700000000.0 - t\\n -",
    "/tool2 2 @100644 2 0 0 0 1700000000.0 /tool - -",
  );
  // With a single ACL many lists of xattrs do the same.
  const [first, ...rest] = rulesFor(tree);
  assertEquals([first, ...rest].filter((name) => !/acls|xattrs|only/.test(name!)), [
    "link-permissions",
    "made-up-root",
    "no-early-times",
  ]);
});

Deno.test("explain: what ostree checkout 2022.7 makes of a commit, whose files have no times", () => {
  const timeless = (lines: readonly string[]) =>
    treeOf(lines.map((line) => line.replace("1700000000.0", "0.0").replace(" -1.0", " 0.0")));
  const commit = [...IMAGE, "/tool3 4 120777 1 0 0 0 1700000000.0 tool - -"];
  const checkout = commit.map((line) =>
    line.startsWith("/tool3") ? line.replace("1700000000.0", "1795858838.795361963") : line
  );
  const { answers, isConfirmed } = explainDifference(
    { tree: treeOf(commit) },
    { tree: timeless(checkout) },
  );
  assertEquals(isConfirmed, true);
  assertEquals(answers[0]!.map(({ name }) => name).sort(), ["link-times", "one-time"]);
});

import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { isPolicyPath, readPolicy } from "../../../lib/selinux/policy.ts";
import { SelinuxPolicyError } from "../../../lib/selinux/policy_error.ts";
import type { Content, Regular } from "../../../lib/tree/tree.ts";
import { directory, type Given, type GivenTree, inline, symlink } from "../../kit/trees.ts";

type Files = Record<string, Given<Content>>;

const RULES = inline("/x rules\n");

function etc(files: Files): GivenTree<Content> {
  return directory({ etc: directory({ selinux: directory(files) }) });
}

function policyDirectory(files: Files): GivenTree<Content> {
  return directory({ contexts: directory({ files: directory(files) }) });
}

const readFile = (file: Regular<Content>["file"]) =>
  file.kind === "inline" ? file.bytes : undefined;

function lookup(tree: GivenTree<Content>, path = "/x"): string | undefined {
  const contexts = readPolicy<Content>(tree, readFile);
  const found = contexts?.lookup(utf8(path), "regular");
  return found === undefined ? undefined : new TextDecoder().decode(found);
}

Deno.test("the policy is the one that the configuration names", () => {
  const config = inline(
    "# SELINUXTYPE=no\nSELINUX=enforcing\n SelinuxType = mine \r\nSELINUXTYPE=no\n",
  );
  const mine = policyDirectory({
    file_contexts: inline("/x rules\n/y rules\n/z rules\n"),
    "file_contexts.homedirs": inline("/y home\n"),
    "file_contexts.local": inline("/y local\n/z local\n"),
    "file_contexts.subs": inline("/sub /none\n/dist /none\n"),
    "file_contexts.subs_dist": inline("/sub /x\n"),
  });
  const tree = etc({ config, mine });
  assertEquals(["/x", "/y", "/z", "/sub", "/dist"].map((path) => lookup(tree, path)), [
    "rules",
    "home",
    "local",
    "rules",
    undefined,
  ]);
  assertEquals(lookup(etc({ config, mine: policyDirectory({ file_contexts: RULES }) })), "rules");
});

Deno.test("a tree without a configuration, or without a type in it, has no policy", () => {
  const none = [
    directory(),
    directory({ etc: directory() }),
    etc({}),
    etc({ config: inline("") }),
    etc({ config: inline("SELINUX=disabled\n#SELINUXTYPE=x\n") }),
  ];
  for (const tree of none) assertEquals(readPolicy<Content>(tree, readFile), undefined);
});

Deno.test("a policy that is not as expected is refused", () => {
  const refuse = (tree: GivenTree<Content>, message: string) => {
    const error = assertThrows(() => readPolicy<Content>(tree, readFile), SelinuxPolicyError);
    assertEquals(error.message, `Cannot read ${message}`);
  };
  const config = inline("SELINUXTYPE=a\n");
  const files = '"/etc/selinux/a/contexts/files';
  refuse(directory({ etc: symlink("usr/etc") }), '"/etc": a symlink, expected a directory');
  refuse(
    directory({ etc: directory({ selinux: inline("") }) }),
    '"/etc/selinux": a regular, expected a directory',
  );
  refuse(
    etc({ config: symlink("x") }),
    '"/etc/selinux/config": a symlink, expected a regular file',
  );
  refuse(
    etc({ config: directory() }),
    '"/etc/selinux/config": a directory, expected a regular file',
  );
  refuse(etc({ config }), '"/etc/selinux/a": no such directory');
  refuse(etc({ a: directory(), config }), '"/etc/selinux/a/contexts": no such directory');
  refuse(
    etc({ a: policyDirectory({}), config }),
    `${files}/file_contexts": no such file, expected the rules of the policy`,
  );
  refuse(
    etc({
      a: policyDirectory({ file_contexts: RULES, "file_contexts.subs": symlink("x") }),
      config,
    }),
    `${files}/file_contexts.subs": a symlink, expected a regular file`,
  );
  refuse(
    etc({ a: policyDirectory({ file_contexts: inline("/x\n") }), config }),
    `${files}/file_contexts", line 1: no context, expected one behind the pattern`,
  );
  for (const type of ["", "..", ".", "a/b"]) {
    refuse(
      etc({ config: inline(`SELINUXTYPE=${type}\n`) }),
      `"/etc/selinux/config": SELINUXTYPE=${type}, expected the name of a directory`,
    );
  }
  assertThrows(
    () => readPolicy<Content>(etc({ config }), () => undefined),
    SelinuxPolicyError,
    'Cannot read "/etc/selinux/config": its contents are not at hand',
  );
});

Deno.test("the paths of files that a policy is read from are known beforehand", () => {
  const yes = [
    "etc/selinux/config",
    "/etc/selinux/config",
    "./etc/x/../selinux//config",
    "etc/selinux/targeted/contexts/files/file_contexts",
    "etc/selinux/a/contexts/files/file_contexts.homedirs",
    "etc/selinux/a/contexts/files/file_contexts.local",
    "etc/selinux/a/contexts/files/file_contexts.subs",
    "etc/selinux/a/contexts/files/file_contexts.subs_dist",
  ];
  const no = [
    "",
    "etc",
    "etc/selinux/x",
    "usr/etc/selinux/config",
    "etc/selinux/config/x",
    "etc/selinux/contexts/files/file_contexts",
    "etc/selinux/a/contexts/files/file_contexts.bin",
    "etc/selinux/a/contexts/x/file_contexts",
    "../../etc/selinux/..",
  ];
  assertEquals(yes.filter((path) => !isPolicyPath(utf8(path))), []);
  assertEquals(no.filter((path) => isPolicyPath(utf8(path))), []);
});

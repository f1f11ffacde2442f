import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { type FileContexts, parseFileContexts } from "../../../lib/selinux/file_contexts.ts";
import { SelinuxPolicyError } from "../../../lib/selinux/policy_error.ts";
import type { FileKind } from "../../../lib/tree/tree.ts";

function policy(rules: string, substitutions = ""): FileContexts {
  return parseFileContexts(
    [{ name: "file_contexts", bytes: utf8(rules) }],
    [{ name: "subs", bytes: utf8(substitutions) }],
  );
}

function context(contexts: FileContexts, path: string, kind: FileKind = "regular"): string {
  const found = contexts.lookup(utf8(path), kind);
  return found === undefined ? "" : new TextDecoder().decode(found);
}

Deno.test("the last rule that matches counts, whatever its file", () => {
  const file = (name: string, text: string) => ({ name, bytes: utf8(text) });
  const contexts = parseFileContexts([
    file("file_contexts", "/.*  any\n/usr(/.*)?\tusr\n\n  # a comment\n/usr/bin(/.*)? bin\r\n"),
    file("file_contexts.local", "/usr/bin/local  local\n"),
    file("file_contexts.homedirs", "/usr/bin/l.*l  home"),
  ]);
  assertEquals(context(contexts, "/"), "any");
  assertEquals(context(contexts, "/etc/x"), "any");
  assertEquals(context(contexts, "/usr"), "usr");
  assertEquals(context(contexts, "/usr/bin/x"), "bin");
  assertEquals(context(contexts, "/usr/bin/local"), "home");
  assertEquals(context(policy("/ root\n/a -d dir\n"), "/b"), "");
});

Deno.test("a rule may be for one kind of file", () => {
  const kinds: [string, FileKind][] = [
    ["--", "regular"],
    ["-b", "block"],
    ["-c", "character"],
    ["-d", "directory"],
    ["-l", "symlink"],
    ["-p", "fifo"],
    ["-s", "socket"],
  ];
  const contexts = policy(
    `/x any\n${kinds.map(([letter]) => `/x ${letter} ${letter}\n`).join("")}`,
  );
  for (const [letter, kind] of kinds) assertEquals(context(contexts, "/x", kind), letter);
  assertEquals(context(policy("/x any\n/x -d dir\n"), "/x", "fifo"), "any");
});

Deno.test("<<none>> takes the context away", () => {
  assertEquals(context(policy("/x any\n/x -- <<none>>\n"), "/x"), "");
  assertEquals(context(policy("/x any\n/x -- <<none>>\n"), "/x", "directory"), "any");
});

Deno.test("bytes of a path are matched as they are", () => {
  const contexts = parseFileContexts([{
    name: "f",
    bytes: concatBytes(utf8("/é any\n/"), Uint8Array.of(0xff), utf8(" raw\n/.\\n two\n")),
  }]);
  assertEquals(context(contexts, "/é"), "any");
  const at = (...bytes: number[]) => contexts.lookup(Uint8Array.of(0x2f, ...bytes), "regular");
  assertEquals(at(0xff), utf8("raw"));
  assertEquals(at(0xc3), undefined);
  assertEquals(at(0xfe, 0x0a), utf8("two"));
});

Deno.test("a substitution has a directory labelled as if it were elsewhere", () => {
  const contexts = policy(
    "/usr/lib(/.*)? lib\n/usr/lib64 never\n/var/run(/.*)? run\n/ root\n/x top\n",
    "# comment\n/usr/lib64 /usr/lib\n/lib /usr/lib64\n/run /var/run\n/a/b /\n/run /var/run\n",
  );
  assertEquals(context(contexts, "/usr/lib64", "directory"), "lib");
  assertEquals(context(contexts, "/usr/lib64/a/b"), "lib");
  assertEquals(context(contexts, "/run/x"), "run");
  assertEquals(context(contexts, "/running"), "");
  // The second path is not looked at again, but what lies below it is.
  assertEquals(context(contexts, "/lib", "directory"), "never");
  assertEquals(context(contexts, "/a/b", "directory"), "root");
  assertEquals(context(contexts, "/a/b/x"), "top");
  assertEquals(context(contexts, "/a/b/run/x"), "run");
  assertEquals(context(policy("/1 one\n/2 two\n", "/x /1\n/x /2\n"), "/x"), "two");
});

Deno.test("errors name the file and the line", () => {
  const refuse = (rules: string, message: string, substitutions = "") => {
    const error = assertThrows(() => policy(rules, substitutions), SelinuxPolicyError);
    assertEquals(error.message, `Cannot read ${message}`);
  };
  refuse("/a x\n\n/b\n", "file_contexts, line 3: no context, expected one behind the pattern");
  refuse("/b --\n", "file_contexts, line 1: no context, expected one behind the pattern");
  refuse("/b -x y\n", 'file_contexts, line 1: "-x", expected a kind of file: -- -b -c -d -l -p -s');
  refuse(
    "/b -- y z\n",
    'file_contexts, line 1: "z" behind the context, expected the end of the line',
  );
  refuse("/b y z\n", 'file_contexts, line 1: "z" behind the context, expected the end of the line');
  refuse("# x\n/(b y\n", 'file_contexts, line 2: "/(b": a group without its closing parenthesis');
  refuse(
    `/${"a".repeat(4096)} x\n`,
    "file_contexts, line 1: a pattern of 4097 bytes, expected at most 4096",
  );
  refuse(
    "/((a{1000}){1000}){1000} x\n",
    'file_contexts, line 1: "/((a{1000}){1000}){1000}": patterns of more than 1048576 places together',
  );
  refuse("", "subs, line 1: no second path, expected one behind the first", "/a\n");
  refuse("", 'subs, line 2: "c" behind the paths, expected the end of the line', "\n/a /b c\n");
  for (const path of ["a", "/a/", "//a", "/a//b"]) {
    const state = `"${path}", expected a path from the root, without a slash at its end`;
    refuse("", `subs, line 1: ${state}`, `${path} /b\n`);
    refuse("", `subs, line 1: ${state}`, `/b ${path}\n`);
  }
  const large = { name: "large", bytes: new Uint8Array((1 << 24) + 1) };
  assertThrows(
    () => parseFileContexts([large]),
    SelinuxPolicyError,
    "Cannot read large: the policy has more than 16777216 bytes up to here",
  );
});

Deno.test("patterns that take too long say so with the file", () => {
  const rules = Array.from({ length: 200 }, (_, i) => `/.*a.{${800 + i}} x\n`).join("");
  const contexts = policy(rules);
  const error = assertThrows(() => {
    for (let seed = 1;; seed++) {
      let state = seed;
      const path = Uint8Array.from({ length: 4000 }, () => {
        state = state * 1103515245 + 12345 & 0x7fffffff;
        return 97 + (state >> 16 & 1);
      });
      contexts.lookup(path, "regular");
    }
  }, SelinuxPolicyError);
  assertEquals(error.message, "Cannot read file_contexts: patterns that take too long to match");
});

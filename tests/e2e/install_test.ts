/**
 * Installs the executable into a prefix, uses what is there, and takes it away again.
 */

import { assert, assertEquals } from "@std/assert";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { MANIFEST } from "../../cli/commands/setup/installation.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { PROGRAM_NAMES } from "../../scripts/test/program_names.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import { type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { listFiles } from "./store_listing.ts";

const executable = PROGRAMS.find(({ name }) => name === PROGRAM_NAMES.bunExecutable)!;
const NEEDS = { once: true, skip: executable.skipReason === "" ? "" : "no executable" } as const;

/** A prefix in which somebody else has installed something. */
function makePrefix(subject: Subject): string {
  const prefix = subject.path("prefix");
  mkdirSync(join(prefix, "bin"), { recursive: true });
  mkdirSync(join(prefix, "share/man/man1"), { recursive: true });
  writeFileSync(join(prefix, "bin/other"), "not ours\n");
  return prefix;
}

function call(verb: "install" | "uninstall", prefix: string, ...args: string[]) {
  return run(executable.command, [verb, `--prefix=${prefix}`, ...args]);
}

function succeed(verb: "install" | "uninstall", prefix: string, ...args: string[]): string {
  return textOutput(executable.command, [verb, `--prefix=${prefix}`, ...args]);
}

testEach(
  "install: puts all in place, uninstall leaves it as it was",
  { ...NEEDS, long: true },
  (subject) => {
    const prefix = makePrefix(subject);
    const before = listFiles(prefix);
    succeed("install", prefix, "--dry-run");
    assertEquals(listFiles(prefix), before);
    succeed("install", prefix);
    const installed = listFiles(prefix);
    for (
      const path of [
        "bin/mkcomposefs",
        "bin/composefs-info",
        "bin/composefs-dump",
        "bin/fsverity",
        "sbin/mount.composefs",
      ]
    ) {
      const version = textOutput([join(prefix, path)], ["--version"]);
      assert(version.startsWith(`${path.split("/")[1]} (composefs-ts) `), version);
    }
    for (
      const path of [
        "share/man/man1/mkcomposefs.1",
        "share/man/man8/mount.composefs.8",
        "share/bash-completion/completions/mkcomposefs",
        "share/zsh/site-functions/_composefs",
        "share/fish/vendor_completions.d/fsverity.fish",
        MANIFEST,
      ]
    ) {
      assert(statSync(join(prefix, path)).size > 0, path);
      assertEquals(statSync(join(prefix, path)).mode & 0o777, 0o644);
    }
    assert(
      readFileSync(join(prefix, "bin/composefs")).equals(readFileSync(executable.command[0]!)),
    );
    // The installed program can install itself over itself.
    textOutput([join(prefix, "bin/composefs")], ["install", `--prefix=${prefix}`]);
    assertEquals(listFiles(prefix), installed);
    textOutput([join(prefix, "bin/composefs")], ["uninstall", `--prefix=${prefix}`]);
    assertEquals(listFiles(prefix), before);
    assertEquals(call("uninstall", prefix).code, 1);
  },
);

testEach("install: makes a prefix that is not there, with open modes", NEEDS, (subject) => {
  const prefix = subject.path("not/there/yet");
  const script = 'umask 077; exec "$@"';
  textOutput(["sh", "-c", script, "sh"], [
    ...executable.command,
    "install",
    `--prefix=${prefix}`,
  ]);
  for (const line of listFiles(prefix)) assert(/ (100[67][45][45]|40755|120777)/.test(line), line);
  assertEquals(statSync(join(prefix, "bin/composefs")).mode & 0o777, 0o755);
  succeed("uninstall", prefix);
  assertEquals(listFiles(prefix), []);
});

testEach("install: what is not ours stays without --force", NEEDS, (subject) => {
  const prefix = makePrefix(subject);
  const target = subject.path("elsewhere");
  writeFileSync(target, "somebody's\n");
  for (
    const make of [
      () => writeFileSync(join(prefix, "bin/mkcomposefs"), "C\n"),
      () => symlinkSync(target, join(prefix, "share/man/man1/composefs.1")),
    ]
  ) {
    make();
    const before = listFiles(prefix);
    const { code, stderr } = call("install", prefix);
    assertEquals(code, 1);
    assert(
      /^composefs: Cannot install "[^"]*": what is there is not ours; --force replaces it\n$/.test(
        stderr,
      ),
      stderr,
    );
    assertEquals(listFiles(prefix), before);
  }
  succeed("install", prefix, "--force");
  assertEquals(readFileSync(target, "utf8"), "somebody's\n");
  succeed("uninstall", prefix);
  assertEquals(readFileSync(join(prefix, "bin/other"), "utf8"), "not ours\n");
});

testEach("install: a directory in the way is not replaced, even with --force", NEEDS, (subject) => {
  const prefix = makePrefix(subject);
  mkdirSync(join(prefix, "bin/fsverity"));
  const before = listFiles(prefix);
  assertEquals(call("install", prefix, "--force").code, 1);
  assertEquals(listFiles(prefix), before);
});

testEach("uninstall: what has changed since stays without --force", NEEDS, (subject) => {
  const prefix = makePrefix(subject);
  const before = listFiles(prefix);
  succeed("install", prefix);
  appendFileSync(join(prefix, "share/man/man1/fsverity.1"), "a note\n");
  const changed = listFiles(prefix);
  for (const verb of ["install", "uninstall"] as const) {
    const { code, stderr } = call(verb, prefix);
    assertEquals(code, 1);
    assert(stderr.includes("fsverity.1"), stderr);
    assertEquals(listFiles(prefix), changed);
  }
  succeed("uninstall", prefix, "--force");
  assertEquals(listFiles(prefix), before);
});

testEach("uninstall: a list that install cannot have made is refused", NEEDS, (subject) => {
  const prefix = makePrefix(subject);
  succeed("install", prefix);
  const manifest = join(prefix, MANIFEST);
  const good = readFileSync(manifest, "utf8");
  const before = listFiles(prefix);
  for (
    const line of [
      "link ../elsewhere x",
      "directory /etc",
      "link bin/../../x y",
      "file bin/x",
      "directory bin\r",
      `link ${MANIFEST} x`,
      "link bin/composefs x",
    ]
  ) {
    writeFileSync(manifest, `${good}${line}\n`);
    const { code, stderr } = call("uninstall", prefix);
    assertEquals(code, 1);
    assert(stderr.includes("Invalid list of installed files"), stderr);
  }
  writeFileSync(manifest, good);
  assertEquals(listFiles(prefix), before);
});

testEach("install: links that stay below the prefix are followed", NEEDS, (subject) => {
  const prefix = makePrefix(subject);
  // Some systems have such links below /usr/local.
  symlinkSync("bin", join(prefix, "sbin"));
  rmSync(join(prefix, "share/man"), { recursive: true });
  mkdirSync(join(prefix, "man"));
  symlinkSync("../man", join(prefix, "share/man"));
  symlinkSync("prefix", subject.path("link"));
  const before = listFiles(prefix);
  succeed("install", subject.path("link"));
  textOutput([join(prefix, "sbin/mount.composefs")], ["--version"]);
  textOutput([join(prefix, "bin/mount.composefs")], ["--version"]);
  assert(statSync(join(prefix, "man/man1/composefs.1")).size > 0);
  succeed("install", prefix);
  succeed("uninstall", prefix);
  assertEquals(listFiles(prefix), before);
});

testEach("install: nothing is changed where a link leads out of the prefix", {
  ...NEEDS,
  long: true,
}, (subject) => {
  const prefix = makePrefix(subject);
  const outside = subject.path("outside");
  mkdirSync(join(outside, "man1"), { recursive: true });
  writeFileSync(join(outside, "victim"), "somebody's\n");
  const digest = fsVerityDigest(readFileSync(join(outside, "victim"))).toHex();
  succeed("install", prefix);
  const manifest = readFileSync(join(prefix, MANIFEST), "utf8");
  const lines = `file sbin/victim sha256:${digest}\ndirectory sbin/man1\n`;
  writeFileSync(join(prefix, MANIFEST), manifest + lines);
  rmSync(join(prefix, "sbin"), { recursive: true });
  for (const target of [outside, "../outside"]) {
    symlinkSync(target, join(prefix, "sbin"));
    const before = [listFiles(prefix), listFiles(outside)];
    for (const verb of ["install", "uninstall"] as const) {
      for (const force of [[], ["--force"]]) {
        const { code, stderr } = call(verb, prefix, ...force);
        assertEquals(code, 1);
        assert(
          /^composefs: Cannot stat "[^"]*\/sbin\/[^"]*": .* leads out of /.test(stderr),
          stderr,
        );
        assertEquals([listFiles(prefix), listFiles(outside)], before);
      }
    }
    rmSync(join(prefix, "sbin"));
  }
});

testEach("install: a list is a small regular file", NEEDS, (subject) => {
  const prefix = makePrefix(subject);
  const manifest = join(prefix, MANIFEST);
  mkdirSync(join(manifest, ".."), { recursive: true });
  const kinds: Record<string, () => void> = {
    fifo: () => textOutput(["mkfifo"], [manifest]),
    "a link to an endless file": () => symlinkSync("/dev/zero", manifest),
    "a large file": () => {
      writeFileSync(manifest, "composefs-ts manifest 1\n");
      truncateSync(manifest, 2 ** 40);
    },
    "a directory": () => mkdirSync(manifest),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    make();
    for (const verb of ["install", "uninstall"] as const) {
      const { code, stderr } = call(verb, prefix);
      assertEquals(code, 1, kind);
      assert(stderr.startsWith(`composefs: Cannot read "${manifest}": `), `${kind}: ${stderr}`);
    }
    rmSync(manifest, { recursive: true });
  }
});

testEach("install: a script is not installed", {}, (subject) => {
  if (subject.composefs.length === 1) return;
  const prefix = makePrefix(subject);
  const before = listFiles(prefix);
  const { code, stderr } = run(subject.composefs, ["install", `--prefix=${prefix}`]);
  assertEquals(code, 1);
  assert(stderr.startsWith("composefs: Cannot install a script"), stderr);
  assertEquals(listFiles(prefix), before);
});

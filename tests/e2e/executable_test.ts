/**
 * What may happen to the executable before it starts: variables that its runtime knows, and tools that
 * write executables anew.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chmodSync, copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { hostileVariables } from "../kit/hostile_variables.ts";
import { PROGRAM_NAMES } from "../../scripts/test/program_names.ts";
import { PROGRAMS } from "../../scripts/test/programs.ts";
import { NEEDS_PROC } from "./container.ts";
import { testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";

const executable = PROGRAMS.find(({ name }) => name === PROGRAM_NAMES.bunExecutable)!;
const NEEDS = { once: true, skip: executable.available ? "" : "no executable" } as const;

testEach("executable: no variable changes what runs", NEEDS, (subject) => {
  writeFileSync(subject.path("file"), "contents");
  const variables = hostileVariables(subject.directory);
  const before = readdirSync(subject.directory);
  const answer = (env: Readonly<Record<string, string>>) =>
    run(executable.command, ["digest", "file"], { cwd: subject.directory, env });
  const expected = answer({});
  assertEquals([expected.code, expected.stderr], [0, ""]);
  for (const env of variables) {
    assertEquals(answer(env), expected, JSON.stringify(env));
    assertEquals(readdirSync(subject.directory), before, JSON.stringify(env));
  }
});

testEach(
  "executable: --debug shows the functions by the names that they have",
  NEEDS,
  (subject) => {
    const { stderr } = run(executable.command, ["ls", "--debug", subject.path("none")]);
    for (const name of ["runLs", "openReference", "readFileStart"]) {
      assert(new RegExp(`^    at (async )?${name} \\(`, "m").test(stderr), stderr);
    }
  },
);

testEach("executable: the variable that it sets itself reaches JavaScriptCore", NEEDS, () => {
  const { code, stderr } = run(executable.command, ["--version"], {
    env: { useFTLJIT: "neither" },
  });
  assertEquals(code === 0, false);
  assertStringIncludes(stderr, "useFTLJIT=neither");
});

testEach("executable: beginning anew for long input changes nothing else", NEEDS, (subject) => {
  const names = Array.from({ length: 8_000 }, (_, i) => `/${"n".repeat(200)}${10_000 + i}`);
  const text = "/ 4096 40755 2 0 0 0 0.0 - - -\n" +
    names.map((name) => `${name} 0 100644 1 0 0 0 0.0 - - -\n`).join("");
  const dump = subject.path("long.dump");
  const image = subject.path("long.cfs");
  writeFileSync(dump, text);
  assertEquals(run(executable.command, ["create", "--from-file", dump, image]).code, 0);
  const { code, stderr, stdout } = run(executable.command, ["dump", image]);
  const dumped = new TextDecoder().decode(stdout);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(dumped.split("\n").length, 8_002);
  assertEquals(dumped.slice(dumped.indexOf("\n")), text.slice(text.indexOf("\n")));
});

/** Commands that write an executable anew; its name follows. */
const REWRITERS = [
  ["strip"],
  ["strip", "--strip-all"],
  ["strip", "--strip-debug"],
  ["strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note"],
  ["objcopy"],
  ["objcopy", "--compress-debug-sections"],
  ["llvm-strip"],
  ["llvm-strip", "--strip-all"],
  ["llvm-strip", "--strip-sections"],
  ["patchelf", "--set-rpath", "/a/directory/with/a/name/that/needs/more/room"],
] as const;

for (const command of REWRITERS) {
  const needs = { ...NEEDS, tools: [command[0]] };
  testEach(`executable: works after ${command.join(" ")}`, needs, (subject) => {
    const path = subject.path("composefs");
    copyFileSync(executable.command[0]!, path);
    chmodSync(path, 0o755);
    run(command, [path]);
    writeFileSync(subject.path("file"), "contents");
    const options = { cwd: subject.directory };
    const args = ["digest", "file"];
    assertEquals(
      textOutput([path], args, options),
      textOutput(executable.command, args, options),
    );
  });
}

/** In a mount namespace of its own, where an empty directory is on `/proc`. */
const WITHOUT_PROC = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"];
const STRIPPED = { ...NEEDS, root: true, tools: ["strip", "unshare"] } as const;

testEach("executable: works after strip where there is no /proc", {
  long: true,
  ...STRIPPED,
  skip: NEEDS.skip || NEEDS_PROC,
}, (subject) => {
  const path = subject.path("composefs");
  copyFileSync(executable.command[0]!, path);
  chmodSync(path, 0o755);
  run(["strip"], [path]);
  const version = textOutput(executable.command, ["--version"]);
  assertEquals(textOutput(WITHOUT_PROC, [path, "--version"]), version);
});

/** Goes to a current directory that has no path, makes a file in it where that can be, and calls a command. */
const STRANGE_DIRECTORIES = {
  "that is gone": 'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
  "with a path that is too long":
    '{ n=$(printf "d%.0s" $(seq 250)); for i in $(seq 20); do mkdir $n; cd $n; done; } 2>/dev/null; cp "$FILE" file && exec "$@"',
  "in a detached mount":
    'mkdir m && mount -t tmpfs m m && cd m && cp "$FILE" file && umount -l ../m && exec "$@"',
} as const;

for (const [which, script] of Object.entries(STRANGE_DIRECTORIES)) {
  const isMount = script.includes("mount");
  const needs = isMount
    ? { ...NEEDS, root: true, tools: ["unshare", "bash"] } as const
    : { ...NEEDS, tools: ["bash"] };
  testEach(`executable: works in a current directory ${which}`, needs, (subject) => {
    const path = subject.path("file");
    writeFileSync(path, "contents");
    const enter = [...(isMount ? ["unshare", "-m"] : []), "bash", "-c", script, "bash"];
    const options = { cwd: subject.directory, env: { FILE: path } };
    const expected = textOutput(executable.command, ["digest", path]);
    const digest = (file: string) =>
      run([...enter, ...executable.command], ["digest", file], options);
    const absolute = digest(path);
    assertEquals([absolute.code, absolute.stderr], [0, ""]);
    assertEquals(new TextDecoder().decode(absolute.stdout), expected);
    // Deno cannot remove what has too long a path.
    const remove = () => output(["rm"], ["-rf", subject.path("m"), subject.path("d".repeat(250))]);
    remove();
    // Names are still those of the directory itself.
    const relative = digest("file");
    if (which === "that is gone") {
      assertEquals(
        relative.stderr,
        'composefs: Cannot open "file": No such file or directory (ENOENT)\n',
      );
    } else {
      assertEquals(new TextDecoder().decode(relative.stdout), expected);
    }
    remove();
  });
}

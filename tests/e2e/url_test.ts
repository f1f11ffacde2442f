/**
 * Runs the program from a web server, with the permissions that README names and nothing else: what
 * another command needs fails here first.
 */

import { assert, assertEquals } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { repositoryPath } from "../../scripts/build.ts";
import { PERMISSIONS } from "../../scripts/compile.ts";
import { findBundle } from "../../scripts/test/bundle.ts";
import { moduleWorkspace } from "./each_program.ts";
import { output, which } from "./process.ts";
import { makeKey } from "./signing_keys.ts";
import { TreeMaker } from "./tree_maker.ts";

const DIGEST = "0aecf5f76d6f28293a10a6d8e76f83796e6c165c734424c7175247f5bbfc059c";

const FLAGS = "--allow-ffi";
const FLAGS_FROM_FILE = "--allow-ffi --allow-env=CFS_PARSE_STRICT";
const FLAGS_DATE = "--allow-ffi --allow-env=SOURCE_DATE_EPOCH";
const FLAGS_LAYERS = "--allow-ffi --allow-env=TMPDIR";
const FLAGS_SIGN_COMMAND = "--allow-ffi --allow-env --allow-run=/bin/sh";

/** Every command with arguments that make it do something, and the flags for them. */
const COMMANDS: readonly (readonly [string, string])[] = [
  ["create --store=objects --print-digest rootfs rootfs.cfs", FLAGS],
  ["mkcomposefs --print-digest-only rootfs", FLAGS],
  ["ls rootfs.cfs", FLAGS],
  ["dump rootfs.cfs", FLAGS],
  ["objects rootfs.cfs", FLAGS],
  ["missing-objects --basedir=objects rootfs.cfs", FLAGS],
  ["digest rootfs.cfs", FLAGS],
  ["verify --basedir=objects rootfs.cfs", FLAGS],
  ["cat --basedir=objects rootfs.cfs /foo.txt", FLAGS],
  ["extract --basedir=objects rootfs.cfs extracted", FLAGS],
  ["rewrite rootfs.cfs again.cfs", FLAGS],
  ["composefs-dump rootfs.cfs again.cfs", FLAGS],
  ["composefs-info dump rootfs.cfs", FLAGS],
  ["composefs-info measure-file rootfs.cfs", FLAGS],
  ["fsverity digest rootfs.cfs", FLAGS],
  ["mkcomposefs --from-file --print-digest-only rootfs.dump", FLAGS_FROM_FILE],
  ["create --from-file rootfs.dump rootfs.cfs", FLAGS_FROM_FILE],
  ["create dump:rootfs.dump dumped.cfs", FLAGS_FROM_FILE],
  ["create --mtime=source-date-epoch rootfs dated.cfs", FLAGS_DATE],
  ["stat rootfs.cfs /foo.txt", FLAGS],
  ["ls rootfs", FLAGS],
  ["digest rootfs", FLAGS],
  ["ls dump:rootfs.dump", FLAGS],
  ["explain rootfs.cfs again.cfs", FLAGS],
  ["completions bash", FLAGS],
  ["create --store=objects tar:rootfs.tar layer.cfs", FLAGS],
  ["ls rootfs.tar", FLAGS],
  ["verify --store=objects rootfs.tar", FLAGS],
  ["verify rootfs.tar", FLAGS_LAYERS],
  ["cat rootfs.tar /foo.txt", FLAGS_LAYERS],
  ["extract rootfs.tar unpacked", FLAGS_LAYERS],
  ["extract --dry-run rootfs.tar planned", FLAGS],
];

/** The same where there is openssl, to make keys and to sign. */
const SIGNING: typeof COMMANDS = which("openssl") === undefined ? [] : [
  ["fsverity sign rootfs.cfs rootfs.sig --key=key.pem --cert=key.crt", FLAGS],
  ["fsverity sign rootfs.cfs rootfs.sig --cert=key.crt --sign-command=./sign", FLAGS_SIGN_COMMAND],
];

const directory = moduleWorkspace();

function makeTree(): void {
  const make = new TreeMaker(directory);
  make.directory("rootfs");
  make.file("rootfs/foo.txt", "foo.txt" + "_".repeat(60) + "\n");
  make.directory("rootfs/subdir");
  make.file("rootfs/subdir/bar.txt", "bar.txt" + "_".repeat(60) + "\n");
  make.file("rootfs/testfile", "abcde\n");
  make.timeAll(1_700_000_000);
  output(["tar"], ["-cf", "rootfs.tar", "-C", "rootfs", "."], { cwd: directory });
  if (SIGNING.length === 0) return;
  makeKey(directory, "key", "rsa:2048");
  const script = "#!/bin/sh\nexec openssl dgst -sha256 -sign key.pem\n";
  writeFileSync(`${directory}/sign`, script, { mode: 0o755 });
}

/** Serves the program as one module while a test runs; `body` gets its URL. */
async function serve(body: (url: string) => Promise<void>): Promise<void> {
  const module = readFileSync(findBundle());
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ url }) =>
      new URL(url).pathname === "/composefs.js"
        ? new Response(module, { headers: { "content-type": "text/javascript" } })
        : new Response(null, { status: 404 }),
  );
  try {
    await body(`http://127.0.0.1:${server.addr.port}/composefs.js`);
  } finally {
    await server.shutdown();
  }
}

/** Runs the program as somebody does who has never run it before. Asynchronous, for the server's sake. */
async function deno(flags: string, url: string, args: string) {
  const given = flags === "" ? [] : flags.split(" ");
  const { code, stdout, stderr } = await new Deno.Command(process.execPath, {
    args: ["run", "--quiet", "--no-prompt", ...given, url, ...args.split(" ")],
    cwd: directory,
    env: { DENO_DIR: `${directory}/deno`, LC_ALL: "C", NO_COLOR: "1", SOURCE_DATE_EPOCH: "5" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const isRoot = Deno.uid() === 0;

/** What is no error where temporary files have no fs-verity. */
const NO_VERITY = /^composefs: note: objects in "objects" have no fs-verity[^\n]*\n$/;

Deno.test({
  name: `url: each command needs its flags and no others, root${
    isRoot ? "" : " (skipped: not root)"
  }`,
  ignore: !isRoot,
  fn: () =>
    serve(async (url) => {
      makeTree();
      for (const [command, flags] of [...COMMANDS, ...SIGNING]) {
        if (flags !== FLAGS) {
          const { code, stderr } = await deno(FLAGS, url, command);
          const [, variable] = /--allow-env=(\S+)/.exec(flags) ?? [];
          const expected = variable === undefined
            ? "Requires env access"
            : `access to "${variable}"`;
          assert(code === 1 && stderr.includes(expected), stderr);
        }
        const { code, stdout, stderr } = await deno(flags, url, command);
        assertEquals([code, stderr.replace(NO_VERITY, "")], [0, ""], command);
        if (command.includes("digest rootfs") && command.startsWith("create")) {
          assertEquals(stdout, `${DIGEST}\n`);
        }
        if (command === "composefs-info dump rootfs.cfs") {
          await Deno.writeTextFile(`${directory}/rootfs.dump`, stdout);
        }
        if (command.endsWith("measure-file rootfs.cfs") || command.includes("digest-only rootfs")) {
          assertEquals(stdout, `${DIGEST}\n`, command);
        }
      }
    }),
});

Deno.test("url: without a flag it says which one is needed", () =>
  serve(async (url) => {
    const none = await deno("", url, "ls rootfs.cfs");
    assertEquals(none.code, 1);
    assert(none.stderr.includes("--allow-ffi"), none.stderr);
  }));

Deno.test("url: README names the flags, Deno's executable has them", () => {
  const readme = readFileSync(repositoryPath("README.md"), "utf8");
  for (const flags of new Set(COMMANDS.map(([, flags]) => flags)).add(FLAGS_SIGN_COMMAND)) {
    assert(readme.includes(`\`${flags}\``), `README.md does not name "${flags}"`);
  }
  assertEquals(PERMISSIONS.join(" "), `--no-prompt ${FLAGS_SIGN_COMMAND}`);
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { needsRoot, scriptCommand, test } from "../harness.ts";

const COMMAND = scriptCommand("tests/ffi/objects/fill_store.ts");

/** Starts a process that fills a store; `started` settles once it is at it, `ended` with its code. */
function startFilling(...args: string[]): {
  readonly started: Promise<void>;
  readonly ended: Promise<number | string>;
  kill(): void;
} {
  const child = spawn(COMMAND[0], [...COMMAND.slice(1), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    started: new Promise((resolve) => child.stdout.once("data", () => resolve())),
    ended: new Promise((resolve) =>
      child.on("close", (code, signal) => resolve(code ?? signal ?? -1))
    ),
    kill: () => child.kill("SIGKILL"),
  };
}

/** Digests all objects; returns how many there are and fails if one is not what its name says. */
function countSound(store: string): number {
  let count = 0;
  for (const entry of readdirSync(store, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    const contents = new Uint8Array(readFileSync(path));
    assertEquals(path.slice(store.length + 1), objectPath(fsVerityDigest(contents)));
    count++;
  }
  return count;
}

test("object store: processes fill one store at once", async ({ directory }) => {
  const store = `${directory}/store`;
  const all = ["0", "0", "50"].map((seed) => startFilling(store, seed, "100", "3000"));
  assertEquals(await Promise.all(all.map(({ ended }) => ended)), [0, 0, 0]);
  // Contents differ in length and byte, so the third process has none in common with the first two.
  assertEquals(countSound(store), 200);
});

test("object store: a killed process leaves whole objects only", async ({ directory }) => {
  for (let round = 0; round < 5; round++) {
    const store = `${directory}/store-${round}`;
    const filling = startFilling(store, "1", "100000", "100000");
    await filling.started;
    await new Promise((resolve) => setTimeout(resolve, 40 * round + 7));
    filling.kill();
    assertEquals(await filling.ended, "SIGKILL");
    assert(countSound(store) < 100_000);
  }
});

test(
  "object store: a full disk is an error and leaves nothing of what waited for it (needs root)",
  ({ directory }) => {
    const script = 'store=$0; mount -t tmpfs -o size=300k,mode=755 tmpfs "$store" || exit 9; ' +
      '"$@" "$store" 1 100 20000; code=$?; ' +
      'find "$store" -type f -printf "%P %s\\n"; exit $code';
    const done = spawnSync("unshare", ["-m", "sh", "-c", script, directory, ...COMMAND], {
      encoding: "utf8",
    });
    assertEquals(done.status, 1, done.stdout + done.stderr);
    assertStringIncludes(done.stdout, "No space left on device (ENOSPC)");
    assertEquals(done.stdout.split("\n").filter((line) => /^\S+ \d+$/.test(line)), []);
  },
  needsRoot(),
);

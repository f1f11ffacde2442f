/**
 * Cases that set the clock, which only a machine of one's own is good for.
 *
 * @module
 */

import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Disk, type Guest, missingPrograms, succeed, type VmCase } from "./case.ts";

const CONTENTS = "some contents of a file ".repeat(20);

/** The cases on one disk. */
export function clockCases(disk: Disk): VmCase[] {
  const named = (name: string, run: (guest: Guest, clock: Clock) => Promise<void>): VmCase => ({
    name: `clock: ${name}`,
    skip: missingPrograms("date"),
    async run(guest) {
      const clock = new Clock(guest);
      try {
        await run(guest, clock);
      } finally {
        await clock.set(0);
      }
    },
  });
  return [
    named("a cache from the future is not believed", async (guest, clock) => {
      const { rewrite, digest } = makeTree(guest, disk);
      await clock.set(100);
      const before = await digest();
      await clock.set(0);
      rewrite();
      const { stderr, digest: after } = await digest();
      assertStringIncludes(stderr, "it was written later than now");
      assertNotEquals(after, before.digest);
      assertEquals(after, (await digest({ cache: false })).digest);
    }),
    named("a file changed in a past that was set does not pass for the old one", async (
      guest,
      clock,
    ) => {
      const { rewrite, digest } = makeTree(guest, disk);
      await clock.set(100);
      const before = await digest();
      // As near to when the file was made as can be: size, inode and modification time are the same.
      await clock.set(0);
      rewrite();
      await clock.set(200);
      const after = await digest();
      assertEquals(after.stderr, "");
      assertNotEquals(after.digest, before.digest);
      assertEquals(after.digest, (await digest({ cache: false })).digest);
    }),
  ];
}

/** A tree of one file whose digest may be in a cache. */
function makeTree(guest: Guest, disk: Disk) {
  const directory = guest.directory(disk);
  const tree = join(directory, "tree");
  const file = join(tree, "file");
  const write = (contents: string) => {
    writeFileSync(file, contents);
    utimesSync(file, 1_000_000_000, 1_000_000_000);
  };
  mkdirSync(tree);
  utimesSync(tree, 1_000_000_000, 1_000_000_000);
  write(CONTENTS);
  return {
    rewrite: () => write(CONTENTS.toUpperCase()),
    async digest({ cache = true } = {}) {
      const options = cache ? [`--cache=${join(directory, "cache")}`] : [];
      const args = [...options, "--print-digest-only", tree];
      const { status, stdout, stderr } = await guest.ours("mkcomposefs", args);
      assertEquals(status, 0, stderr);
      return { digest: stdout.trim(), stderr };
    },
  };
}

/** The machine's clock, against the time that it would show if nobody had set it. */
class Clock {
  readonly #guest: Guest;
  readonly #start = Date.now() / 1000 - performance.now() / 1000;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** Sets it to some seconds after the right time. */
  async set(ahead: number): Promise<void> {
    const seconds = this.#start + performance.now() / 1000 + ahead;
    await succeed(this.#guest.peer, "date", ["--set", `@${seconds.toFixed(3)}`]);
  }
}

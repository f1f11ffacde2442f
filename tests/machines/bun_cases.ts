/**
 * Cases in which our program is Bun's executable: the way from a tree to a mount that is verified.
 *
 * Fewer than within this process, as each start takes half a second under emulation.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Executable } from "../../scripts/test/executables.ts";
import { type Disk, succeed, type VmCase } from "./case.ts";
import { FOO_DIGEST, IMAGE_DIGEST, makeExample } from "./example.ts";
import { casesOf, onBun } from "./mount_bench.ts";
import { CHECKS, PROCESS_CHECKS } from "./mount_cases.ts";

/** The cases on one disk. */
export function bunCases(disk: Disk, bun: Executable): VmCase[] {
  const maker = onBun(bun);
  const named = (name: string, run: VmCase["run"]): VmCase => ({
    name: `on Bun: ${name}`,
    skip: maker.skip,
    run,
  });
  return [
    named("objects have fs-verity, and the image once it is enabled", async (guest) => {
      const { image, foo } = await makeExample(guest.directory(disk), guest.bun);
      assertEquals(guest.measure(foo), FOO_DIGEST);
      assertEquals(await succeed(guest.bun, "fsverity", ["enable", image]), "");
      const measured = await succeed(guest.bun, "fsverity", ["measure", image]);
      assertEquals(measured, `sha256:${IMAGE_DIGEST} ${image}\n`);
    }),
    named("doctor finds fs-verity", async (guest) => {
      const directory = guest.directory(disk);
      const { verdict } = JSON.parse(await succeed(guest.bun, "doctor", ["--json", directory]));
      assertEquals([verdict.works, verdict.verity], [true, true]);
    }),
    ...casesOf(maker, disk, { ...SELECTED, ...PROCESS_CHECKS }),
  ];
}

const SELECTED = pick(
  CHECKS,
  "a plain mount shows the tree",
  "verity reads objects that are right",
  "with verity a changed object reads EIO, and the others well",
  "the right digest mounts, in small letters and capitals",
  "a wrong digest is refused",
  "an image without fs-verity is refused, be it a copy of a right one",
);

function pick<T, K extends keyof T>(from: T, ...keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}

/**
 * Runs that read layers into a store and are killed at any moment of theirs: what they leave under the names of objects
 * are these objects, and another run makes of it what it would have made by itself.
 */

import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createRandom } from "../../scripts/random.ts";
import { seeds } from "../../scripts/test/effort.ts";
import { layoutOf, place, tarOf } from "./container_layouts.ts";
import { testEach } from "./each_program.ts";
import { output, textOutput } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

/** How often a run that has come to its end before its moment is begun again. */
const ATTEMPTS = 20;

/** From this thousandth part of a run on objects get names, or a little later: half of the kills come then. */
const NAMING = 700;

/** From so many runs on, some of them are killed while objects get their names. */
const ENOUGH = 50;

/** What a process that was to be killed came to. */
interface Killed {
  /** Whether the signal has ended it: it has been running then. */
  readonly isHit: boolean;
  /** Milliseconds from its start to its end. */
  readonly milliseconds: number;
}

/** Starts a program, and kills it after some milliseconds if it is still there. */
async function killAfter(command: readonly string[], milliseconds: number): Promise<Killed> {
  const [program, ...args] = command;
  const start = performance.now();
  const child = spawn(program!, args, { stdio: "ignore" });
  const ended = new Promise<string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (code === null || code === 0) resolve(signal);
      else reject(new Error(`Cannot run "${command.join(" ")}": exit ${code}`));
    });
  });
  const timer = new AbortController();
  const moment = setTimeout(milliseconds, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([moment, ended]);
  timer.abort();
  child.kill("SIGKILL");
  const signal = await ended;
  return { isHit: signal === "SIGKILL", milliseconds: performance.now() - start };
}

/** What a killed run may leave besides objects: files that have no name of an object yet. */
const UNFINISHED = /^\.tmp[^/]* 100600 \d+$/;

/** Three layers of many small files: objects get names while others are still being made. */
function makeLayers(path: (name: string) => string): string {
  const tars = ["one", "two", "three"].map((name) => {
    mkdirSync(path(name));
    const make = new TreeMaker(path(name));
    for (let i = 0; i < 800; i++) make.file(`${name}-${i}`, `${name} ${i} `.repeat(100));
    return tarOf(path(name));
  });
  return place(layoutOf(tars, "+gzip"), path("layout"));
}

/** Memory as a file system, where a run does not spend most of its time waiting for a disk. */
const MEMORY = "/dev/shm";

/** Makes a place for stores and images that is removed with it. */
class Place implements Disposable {
  readonly #directory: string;
  readonly store: string;
  readonly out: string;
  readonly image: string;
  /** Milliseconds that a run takes here that finds nothing, as the last one did. */
  span = 0;

  constructor(parent: string) {
    this.#directory = mkdtempSync(join(parent, "composefs-killed-"));
    this.store = join(this.#directory, "store");
    this.out = join(this.#directory, "out");
    this.image = join(this.out, "image");
  }

  clear(): void {
    for (const path of [this.store, this.out]) rmSync(path, { recursive: true, force: true });
    mkdirSync(this.out);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

const DIGEST_ONLY = ["create", "--print-digest-only"];

testEach(
  "killed layers: only whole objects are left, and the next run completes them",
  { long: true, once: true },
  async ({ composefs, path, directory }) => {
    const reference = makeLayers(path);
    using disk = new Place(directory);
    using memory = new Place(existsSync(MEMORY) ? MEMORY : directory);
    const argsOf = ({ store, image }: Place) => [
      "create",
      "--quiet",
      `--store=${store}`,
      reference,
      image,
    ];
    const complete = (at: Place) => {
      const start = performance.now();
      output(composefs, argsOf(at));
      return performance.now() - start;
    };
    const digestAt = ({ image }: Place) => textOutput(composefs, ["digest", image]);
    const digest = textOutput(composefs, [...DIGEST_ONLY, reference]);
    const moments = { none: 0, some: 0, all: 0 };
    for (const seed of seeds(1, 5)) {
      const random = createRandom(seed);
      const at = seed % 10 === 0 ? disk : memory;
      if (at.span === 0) {
        at.clear();
        at.span = complete(at);
      }
      const isLate = random.chance(50);
      for (let attempt = 0;; attempt++) {
        assert(attempt < ATTEMPTS, `no run is killed in time, seed ${seed}`);
        at.clear();
        const moment = at.span * random.int(isLate ? NAMING : 0, 1000) / 1000;
        const { isHit, milliseconds } = await killAfter([...composefs, ...argsOf(at)], moment);
        if (isHit) break;
        // It was faster than the last one.
        at.span = Math.min(at.span, milliseconds);
      }
      const left = existsSync(at.store) ? listFiles(at.store) : [];
      const faults = left.length > 0 ? storeFaults(at.store) : [];
      assertEquals(faults.filter((line) => !UNFINISHED.test(line)), [], `seed ${seed}`);
      // The last thing that is made, and there whole or not at all.
      const isMade = existsSync(at.image);
      if (isMade) assertEquals(digestAt(at), digest);
      moments[isMade ? "all" : left.length > 0 ? "some" : "none"]++;
      const milliseconds = complete(at);
      if (left.length === 0) at.span = milliseconds;
      assertEquals(digestAt(at), digest);
      assertEquals(storeFaults(at.store), [], `seed ${seed}`);
      assertEquals(readdirSync(at.out), ["image"]);
    }
    const { none, some, all } = moments;
    const found = `${none} killed with no object named yet, ${some} with some, ${all} with all`;
    if (none + some + all >= ENOUGH) assert(none > 0 && some > 0, found);
  },
);

/**
 * The part of the kernel tests that mounts: a program to be run in a mount namespace of its own.
 *
 * `bare GROUP WORK` mounts the images of a group of dumps. `composed COMMAND SOURCE WORK` makes an image
 * of a directory with one of our commands and mounts it over its store; for the source `sample` it
 * makes the directory first. `pairs WORK` mounts pairs of images at random and holds what is different
 * in the mounts against what our comparison says. All write a {@linkcode SessionReport} as JSON.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { openKernel } from "../../../ffi/sys/open.ts";
import { concatBytes } from "../../../lib/bytes/text.ts";
import { openImage, writeDumpfile } from "../../../mod.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { composedFacts, withoutDirectorySizes } from "./composed_rules.ts";
import { dumpCases, type DumpGroup } from "./dump_cases.ts";
import { imageTree } from "./dump_model.ts";
import { differences, type FactTree } from "./facts.ts";
import { imagePair, kernelVerdict, ownVerdict } from "./image_pairs.ts";
import { expectedFacts, hasSoundAcls, isSealed } from "./kernel_rules.ts";
import { mountedTree } from "./mounted_tree.ts";
import { Mount } from "./mounts.ts";
import { makeSampleTree } from "./sample_tree.ts";

/** What came of mounting. */
export interface SessionReport {
  /** How many mounts were compared. */
  mounts: number;
  /** How many files were compared, over all mounts. */
  files: number;
  /** How many images were left out, because nobody may look into their root directories. */
  sealed: number;
  /** The first differences, one a line. */
  failures: string[];
}

const MAX_FAILURES = 30;
const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

class Session {
  readonly report: SessionReport = { mounts: 0, files: 0, sealed: 0, failures: [] };
  readonly #linux: Linux;
  readonly #work: string;

  constructor(linux: Linux, work: string) {
    this.#linux = linux;
    this.#work = work;
  }

  bare(group: DumpGroup): void {
    const path = join(this.#work, "image");
    for (const { name, dump, versions, image } of dumpCases(group)) {
      writeFileSync(path, image);
      this.#mountBare(name, path, dump, versions);
    }
  }

  /** Mounts an image without ACLs and, if it has such as the kernel can read, with them. */
  #mountBare(name: string, image: string, dump: Uint8Array, versions = {}): void {
    const tree = imageTree(dump, versions);
    if (isSealed(tree)) {
      this.report.sealed++;
      return;
    }
    const directory = this.#directory("bare");
    for (const acl of hasSoundAcls(tree) ? [false, true] : [false]) {
      using _mount = Mount.erofs(image, directory, { acl });
      this.#compare(name, expectedFacts(tree, { acl }), mountedTree(this.#linux, directory));
    }
  }

  composed(command: string, source: string): void {
    const options = { hardLinks: command.includes("--hardlinks") };
    const image = join(this.#work, "image");
    const store = this.#directory("objects");
    if (source === "sample") makeSampleTree(this.#linux, source = this.#directory("sample"));
    run(command.split(" "), [`--digest-store=${store}`, source, image]);
    const expected = composedFacts(mountedTree(this.#linux, source), options);
    const opened = openImage(readFileSync(image));
    this.#mountComposed(expected, { image, store, acl: opened.hasAcl });
    // After the other is gone: mount(8) gives a second mount of one image the options of the first.
    const dump = Array.from(writeDumpfile(opened.tree()), (chunk) => chunk.slice());
    this.#mountBare("bare", image, concatBytes(...dump));
  }

  pairs(): void {
    const directory = this.#directory("bare");
    const path = join(this.#work, "image");
    for (const seed of seeds(1, 30)) {
      const pair = imagePair(seed);
      const [before, after] = pair.map((image) => {
        writeFileSync(path, image);
        using _mount = Mount.erofs(path, directory, { acl: false });
        return mountedTree(this.#linux, directory);
      });
      const asFacts = (verdict: ReadonlyMap<string, string>): FactTree =>
        new Map([...verdict].map(([path, words]) => [path, new Map([["difference", words]])]));
      const expected = kernelVerdict(before!, after!);
      this.#compare(`seed ${seed}`, asFacts(expected), asFacts(ownVerdict(pair)));
    }
  }

  #mountComposed(
    expected: FactTree,
    { image, store, acl }: { image: string; store: string; acl: boolean },
  ): void {
    const [lower, directory] = [this.#directory("lower"), this.#directory("composed")];
    using _lower = Mount.erofs(image, lower, { acl });
    using _composed = Mount.overlay(lower, store, directory);
    const found = mountedTree(this.#linux, directory);
    this.#compare("composed", expected, withoutDirectorySizes(found));
  }

  #compare(name: string, expected: FactTree, found: FactTree): void {
    this.report.mounts++;
    this.report.files += found.size;
    for (const line of differences(expected, found)) {
      if (this.report.failures.length < MAX_FAILURES) this.report.failures.push(`${name}: ${line}`);
    }
  }

  #directory(name: string): string {
    const path = join(this.#work, name);
    mkdirSync(path, { recursive: true });
    return path;
  }
}

/** Runs one of our commands. */
function run(command: readonly string[], args: readonly string[]): void {
  const done = spawnSync(process.execPath, ["run", "-A", MAIN, ...command, ...args]);
  if (done.status === 0) return;
  throw new Error(`Cannot run "${command.join(" ")}": ${new TextDecoder().decode(done.stderr)}`);
}

if (import.meta.main) {
  const [kind, what, ...rest] = process.argv.slice(2) as [string, string, ...string[]];
  const session = new Session(await openKernel(), rest.at(-1) ?? what);
  if (kind === "bare") session.bare(what as DumpGroup);
  else if (kind === "pairs") session.pairs();
  else session.composed(what, rest[0]!);
  process.stdout.write(JSON.stringify(session.report));
}

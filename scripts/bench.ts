/**
 * Measures `mkcomposefs` in all its forms, the C one included, on trees of different shape.
 *
 *     deno task bench [ROUNDS]
 *
 * The forms take turns, so that a busy moment of the machine hits them alike; the first turn only fills
 * the caches. Prints medians in milliseconds and, where the C program is on PATH, how often its time
 * each takes.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findPeer } from "../tests/support/oracle.ts";
import { PROGRAMS } from "../tests/support/programs.ts";

const ROUNDS = 5;

/** A tree that a measurement is about. */
interface Shape {
  readonly name: string;
  /** Fills an empty directory. */
  make(directory: string): void;
}

/** Something that is measured: the start of a command, to which a directory and an image are added. */
interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
}

/** Bytes that differ from file to file and do not repeat within a block. */
function contents(size: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let word = seed + 1;
  for (let i = 0; i < words.length; i++) {
    word = Math.imul(word, 1664525) + 1013904223 | 0;
    words[i] = word;
  }
  return new Uint8Array(words.buffer, 0, size);
}

const SHAPES: readonly Shape[] = [
  {
    name: "an empty directory",
    make() {},
  },
  {
    name: "10,000 files of 40 bytes",
    make: (directory) => makeFiles(directory, 10_000, 40),
  },
  {
    name: "10,000 files of 6,000 bytes",
    make: (directory) => makeFiles(directory, 10_000, 6_000),
  },
  {
    name: "one file of 256 MiB",
    make: (directory) => makeFiles(directory, 1, 2 ** 28),
  },
];

function makeFiles(directory: string, count: number, size: number): void {
  for (let i = 0; i < count; i++) {
    const parent = join(directory, `d${i % 100}`);
    mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, `file-${i}`), contents(size, i));
  }
}

function contestants(): Contestant[] {
  const ours = PROGRAMS
    .filter(({ available }) => available)
    .map(({ name, command }) => ({ name, command: [...command, "mkcomposefs"] }));
  const peer = findPeer("mkcomposefs");
  return peer === undefined ? ours : [...ours, { name: "mkcomposefs in C", command: [peer] }];
}

/**
 * Runs a program once.
 *
 * @returns Milliseconds from its start to its end.
 */
function time({ name, command }: Contestant, directory: string, image: string): number {
  const [program, ...args] = [...command, directory, image];
  const start = performance.now();
  const { status, stderr } = spawnSync(program!, args, { stdio: ["ignore", "ignore", "pipe"] });
  const milliseconds = performance.now() - start;
  if (status !== 0) throw new Error(`Cannot measure "${name}": status ${status}\n${stderr}`);
  return milliseconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function measure(shape: Shape, all: readonly Contestant[], rounds: number): void {
  // Not in a file system in memory, as /tmp may be.
  const workspace = mkdtempSync("/var/tmp/composefs-bench-");
  try {
    const directory = join(workspace, "tree");
    mkdirSync(directory);
    shape.make(directory);
    const image = join(workspace, "image");
    const times = all.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      all.forEach((contestant, i) => {
        const milliseconds = time(contestant, directory, image);
        if (round > 0) times[i]!.push(milliseconds);
      });
    }
    print(shape, all, times.map(median));
  } finally {
    rmSync(workspace, { recursive: true });
  }
}

function print(shape: Shape, all: readonly Contestant[], medians: readonly number[]): void {
  const reference = all.findIndex(({ name }) => name === "mkcomposefs in C");
  let table = `${shape.name}\n`;
  all.forEach(({ name }, i) => {
    const milliseconds = medians[i]!.toFixed(1).padStart(10);
    const ratio = reference < 0 ? "" : `${(medians[i]! / medians[reference]!).toFixed(2)} ×`;
    table += `  ${name.padEnd(34)}${milliseconds} ms${ratio.padStart(12)}\n`;
  });
  process.stdout.write(`${table}\n`);
}

function main(): void {
  const rounds = Number(process.argv[2] ?? ROUNDS);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError(`Cannot measure "${process.argv[2]}" rounds: expected a positive integer`);
  }
  const all = contestants();
  for (const shape of SHAPES) measure(shape, all, rounds);
}

main();

/**
 * The trees and dumps that are measured, made once and kept below one directory.
 *
 * Each is made under another name and renamed when it is complete, so that what is there is whole.
 *
 * @module
 */

import {
  chmodSync,
  closeSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { createRandom } from "../random.ts";
import { writeContents } from "./contents.ts";
import { dumpLines, smallFileLines } from "./dump.ts";
import { type PlannedFile, planRootfs } from "./rootfs.ts";

/** Part of the name of the directory: another one if the trees are made in another way. */
const GENERATION = "trees-1";

/** Every file's, so that images are the same whenever the tree was made; in seconds. */
const MTIME = 1_700_000_000;

/** Something that is measured. */
export interface Subject {
  /** Name below the directory. */
  readonly name: string;
  /** What it takes on the disk, in bytes and in files, roughly. */
  readonly bytes: number;
  readonly files: number;
  /** Makes it at a path where there is nothing. */
  make(path: string): void;
}

const BIG_SIZE = 2 ** 30;

/** Like the root file system of a Debian desktop. */
export const R: Subject = {
  name: "R",
  bytes: 1.05e9,
  files: 33_000,
  make: makeRootfs,
};

/** 100 directories of 1,000 files of 16 to 255 bytes. */
export const T: Subject = {
  name: "T",
  bytes: 0.45e9,
  files: 100_000,
  make: makeTiny,
};

/** A directory with one file of 1 GiB. */
export const BIG: Subject = {
  name: "big",
  bytes: BIG_SIZE,
  files: 1,
  make(path) {
    mkdirSync(path);
    writeContents(join(path, "file"), BIG_SIZE, 1, "wx");
  },
};

const OBJECT_SIZE = 4e8;

/** A directory with one file of 400 MB, of which an object is made as well. */
export const OBJECT: Subject = {
  name: "object",
  bytes: 2 * OBJECT_SIZE,
  files: 5,
  make(path) {
    mkdirSync(path);
    writeContents(join(path, "file"), OBJECT_SIZE, 3, "wx");
  },
};

/** Dumps of 100,000 and 1,000,000 entries. */
export const DUMPS: readonly Subject[] = [100_000, 1_000_000].map((entries) => ({
  name: `${entries}.dump`,
  bytes: entries * 220,
  files: 1,
  make: (path) => writeLines(path, dumpLines(entries)),
}));

/** A dump of 200,001 entries, nearly all of them files of 5 bytes. */
export const SMALL: Subject = {
  name: "small.dump",
  bytes: 40e6,
  files: 2,
  make: (path) => writeLines(path, smallFileLines()),
};

function setTime(path: string): void {
  utimesSync(path, MTIME, MTIME);
}

function makeRootfs(path: string): void {
  const plan = planRootfs();
  mkdirSync(path);
  for (const directory of plan.directories) mkdirSync(join(path, directory));
  for (const file of plan.files) {
    writeContents(join(path, file.path), file.size, file.seed, "wx");
    chmodSync(join(path, file.path), file.mode);
    setTime(join(path, file.path));
  }
  for (const link of plan.symlinks) {
    symlinkSync(link.target, join(path, link.path));
    lutimesSync(join(path, link.path), MTIME, MTIME);
  }
  for (const directory of ["", ...plan.directories]) setTime(join(path, directory));
}

function makeTiny(path: string): void {
  const random = createRandom(2);
  mkdirSync(path);
  for (let i = 0; i < 100; i++) {
    const directory = join(path, `d${String(i).padStart(2, "0")}`);
    mkdirSync(directory);
    for (let j = 0; j < 1_000; j++) {
      const file = join(directory, `f${String(j).padStart(4, "0")}`);
      writeContents(file, random.int(16, 255), i * 1_000 + j, "wx");
      setTime(file);
    }
    setTime(directory);
  }
  setTime(path);
}

function writeLines(path: string, lines: Iterable<string>): void {
  const descriptor = openSync(path, "wx");
  try {
    let text = "";
    for (const line of lines) {
      text += line;
      if (text.length < 2 ** 20) continue;
      writeSync(descriptor, text);
      text = "";
    }
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Path of a subject, or of a file that belongs to the subjects, whether it is there or not. */
export function subjectPath(directory: string, name: string): string {
  return join(directory, GENERATION, name);
}

/**
 * Makes what is not there yet.
 *
 * @param make Makes it at a path where there is nothing, in a directory of its own.
 * @returns Its path.
 */
export function makeOnce(path: string, make: (path: string) => void): string {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const draft = mkdtempSync(join(dirname(path), ".new-"));
  try {
    make(join(draft, basename(path)));
    renameSync(join(draft, basename(path)), path);
  } finally {
    rmSync(draft, { recursive: true });
  }
  return path;
}

/** Gives files of R other contents of the same size, or for turn 0 their own again. */
export function rewriteFiles(root: string, files: readonly PlannedFile[], turn: number): void {
  for (const { path, size, seed } of files) {
    // Seeds of the plan are below 2^16.
    writeContents(join(root, path), size, turn * 2 ** 16 + seed, "r+");
    if (turn === 0) setTime(join(root, path));
  }
}

#!/usr/bin/env node
/**
 * Starts the executable of composefs-ts for this machine. npm installs one of several packages for it, by what
 * they say of system, processor and C library.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { basename } from "node:path";
import process from "node:process";

const PACKAGE = "composefs-ts-cli";

/** The executable of a package, undefined if it is not installed. */
function executableOf(target) {
  try {
    return createRequire(import.meta.url).resolve(`${PACKAGE}-${target}/composefs`);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    return undefined;
  }
}

/** Node knows the version of the C library it runs with where that is glibc. */
function hasGlibc() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

/** Old npm looks at no C library, and installs both. */
function findExecutable() {
  const machine = `${process.platform}-${process.arch}`;
  const glibc = executableOf(machine);
  const musl = executableOf(`${machine}-musl`);
  const found = glibc !== undefined && musl !== undefined
    ? hasGlibc() ? glibc : musl
    : glibc ?? musl;
  if (found !== undefined) return found;
  throw new Error(
    `Cannot find ${PACKAGE}-${machine}: not installed, or there is none for this machine`,
  );
}

/** The program's name is the name it was called by: it is several programs. */
function programName() {
  const name = basename(process.argv[1]);
  return name === PACKAGE || name.endsWith(".js") ? "composefs" : name;
}

function run(path) {
  const child = spawn(path, process.argv.slice(2), { stdio: "inherit", argv0: programName() });
  // What is sent to this process alone is for the other; what a terminal sends, both get.
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  for (const signal of ["SIGINT", "SIGQUIT"]) process.on(signal, () => {});
  child.on("error", fail);
  child.on("close", (status, signal) => {
    process.exitCode = signal === null ? status : 128 + constants.signals[signal];
  });
}

function fail(error) {
  process.stderr.write(`composefs: ${error.message}\n`);
  process.exitCode = 1;
}

try {
  run(findExecutable());
} catch (error) {
  fail(error);
}

/**
 * An image to mount, mount namespaces to mount it in, and what is seen of the mount.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { mkdirSync, readFileSync } from "node:fs";
import type { Subject } from "./each_program.ts";
import { type Finished, output, run, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Whether the kernel can mount images at all. */
export const HAS_EROFS = readFileSync("/proc/filesystems", "utf8").includes("\terofs\n");

/** What every mount takes. */
export const NEEDS = {
  root: true,
  tools: ["unshare", "umount", "sha256sum"],
  ...(HAS_EROFS ? {} : { skip: "a kernel without EROFS" }),
} as const;

/** Runs a script in a mount namespace of its own; its arguments are `$1` and so on. */
export function inNamespace(subject: Subject, script: string, args: readonly string[]): Finished {
  const unshare = ["unshare", "-m", "--propagation", "private", "sh", "-e", "-c"];
  return run(unshare, [script, "sh", ...args], { cwd: subject.directory });
}

/** What a program printed that had to succeed without a word on standard error. */
export function succeed({ code, stdout, stderr }: Finished): string {
  assertEquals([code, stderr], [0, ""]);
  return new TextDecoder().decode(stdout);
}

/** An image `x.cfs` of `tree`, its store `objects`, and directories to mount with. Gives its digest. */
export function prepare(subject: Subject): string {
  const { directory, path, tool } = subject;
  const make = new TreeMaker(directory);
  make.directory("tree");
  make.directory("tree/sub");
  make.file("tree/large", "kept in the store ".repeat(1000));
  make.file("tree/sub/other", "kept there as well ".repeat(20));
  make.file("tree/small", "kept in the image");
  make.file("tree/empty", "");
  for (const name of ["m", "empty", "other", "up", "wk"]) mkdirSync(path(name));
  output(["ln"], ["-s", "sub/other", path("tree/link")]);
  output(["mkfifo"], [path("tree/pipe")]);
  output(["chown"], ["12:34", path("tree/sub/other")]);
  const args = ["--print-digest", "--digest-store=objects", "tree", "x.cfs"];
  return textOutput(tool("mkcomposefs"), args, { cwd: directory }).trim();
}

/**
 * Leaves out what is named anew for every mount, the image's temporary name, and what differs by design: the
 * source, which the C program does not tell.
 */
export function unnamed(text: string): string {
  const temporary = /lowerdir\+=(\/(?:run|tmp)\/\.composefs\.\w{6}|\/proc\/self\/fd\/\d+),/g;
  return text.replace(temporary, "lowerdir+=*,").replace(
    / - overlay \S*x\.cfs /g,
    " - overlay composefs ",
  );
}

/** The line of mountinfo that a mount with these options has, from the flags on. */
export function mountLine(subject: Subject, options: string): string {
  const script = `"$@" x.cfs m; grep " $PWD/m " /proc/self/mountinfo | cut -d' ' -f6-; umount m`;
  const args = [...subject.tool("mount.composefs"), "-o", `basedir=objects,${options}`];
  return unnamed(succeed(inNamespace(subject, script, args))).trim();
}

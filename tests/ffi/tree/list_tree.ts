/**
 * Lists a directory's files, a line each (name, kind, owner, device number, xattrs): a program that tests start. With
 * `without-proc` as second argument it unmounts `/proc` first, which Deno cannot start without.
 *
 * @module
 */

import process from "node:process";
import { openKernel } from "../../../ffi/sys/open.ts";
import { openSourceTree } from "../../../ffi/tree/source_tree.ts";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";

const MNT_DETACH = 2;

const linux = await openKernel();
if (process.argv[3] === "without-proc") linux.libc.umount2(utf8("/proc\0"), MNT_DETACH);
const tree = openSourceTree(linux, utf8(process.argv[2]!));
const lines = tree.list(new Uint8Array(), { xattrs: "all" }).map(({ name, kind, rdev, stat }) => {
  const xattrs = stat.xattrs.map(({ name, value }) => ` ${latin1(name)}=${latin1(value)}`);
  return `${latin1(name)} ${kind} ${stat.uid} ${rdev}${xattrs.join("")}\n`;
});
process.stdout.write(`${linux.hasProc ? "with" : "without"} /proc\n${lines.sort().join("")}`);

/**
 * A tree with everything in it that a file system can hold and an image builder can get wrong.
 *
 * Needs root for its devices, owners and `trusted.*` and `security.*` xattrs; without root the rest is
 * made.
 *
 * @module
 */

import { latin1 } from "../../lib/bytes/text.ts";
import { createRandom } from "../../scripts/random.ts";
import { acl, NO_ID } from "../kit/acl.ts";
import { TreeMaker } from "./tree_maker.ts";

const FIFO = 0o010000;
const CHARACTER = 0o020000;
const BLOCK = 0o060000;
const SOCKET = 0o140000;

/** Whether the tests run as root. */
export const IS_ROOT = Deno.uid() === 0;

/** Around the inline threshold, the block and the size of one hash block's reach. */
const SIZES = [0, 1, 63, 64, 65, 4095, 4096, 4097, 524288, 524289, 3 * 2 ** 20];

/** Makes the tree in an existing empty directory. The same contents every time. */
export function makeOddTree(root: string): void {
  const make = new TreeMaker(root);
  makeFiles(make);
  makeNames(make);
  makeSymlinks(make);
  makeDirectories(make);
  makeXattrs(make);
  makeSpecials(make);
  makeTimes(make);
}

function makeFiles(make: TreeMaker): void {
  const random = createRandom(20260101);
  make.directory("files");
  for (const size of SIZES) make.file(`files/${size}`, random.bytes(size));
  make.file("files/twin", "the same contents in two files, longer than what an image holds itself");
  make.file(
    "files/twin2",
    "the same contents in two files, longer than what an image holds itself",
  );
  make.sparse("files/sparse-small", 40);
  make.sparse("files/sparse", 1234567);
  make.file("files/modes", "x".repeat(100), 0o7755);
  make.file("files/none", "y".repeat(100), 0);
  make.file(
    "files/linked",
    "one file, three names, more bytes than fit into the image itself......",
  );
  make.hardLink("files/another", "files/linked");
  make.directory("zfiles");
  make.hardLink("zfiles/third", "files/linked");
  if (IS_ROOT) make.chown("files/twin", 70000, 3_000_000_000);
}

function makeNames(make: TreeMaker): void {
  make.directory("names");
  const names = [
    "\xff\xfe",
    "tab\there",
    "new\nline",
    "space in",
    "back\\slash",
    "eq=ual",
    "-",
    "@",
  ];
  for (const name of [...names, "\x7f", "\x01", "\xc3\xa4", "-- --", "#", ".hidden", "..."]) {
    make.file(`names/${name}`, name);
  }
  make.file("names/" + "n".repeat(255), "long");
  make.directory("names/" + "\xe9".repeat(255));
  make.file("names/" + "\xe9".repeat(255) + "/inside", "deeper".repeat(20));
  // The overlay's own whiteouts go by these names in an image's root.
  make.file("00", "not a whiteout");
  make.directory("ff");
  make.file("ff/x", "");
}

function makeSymlinks(make: TreeMaker): void {
  make.directory("links");
  for (const length of [1, 59, 60, 1000, 3000, 4031, 4032, 4063, 4064, 4095]) {
    make.symlink(`links/${length}`, "t".repeat(length));
  }
  make.symlink("links/odd", "\xff/\n \\ target");
  make.symlink("links/dangling", "/nowhere/at/all");
}

function makeDirectories(make: TreeMaker): void {
  make.directory("empty", 0o1777);
  let deep = "deep";
  make.directory(deep);
  for (let i = 0; i < 60; i++) make.directory(deep += `/level-${i}`);
  make.file(`${deep}/bottom`, "found");
  make.directory("wide");
  for (let i = 0; i < 3000; i++) {
    make.file(`wide/entry-${i}`, i % 10 === 0 ? `contents ${i} `.repeat(8) : `${i}`);
  }
}

const ACL = latin1(acl(
  [1, 6, NO_ID],
  [2, 4, 1000],
  [4, 4, NO_ID],
  [16, 6, NO_ID],
  [32, 4, NO_ID],
));

function makeXattrs(make: TreeMaker): void {
  make.directory("xattrs");
  // 3,000 pairs: some shared by all files, some by a few, some by none.
  for (let i = 0; i < 300; i++) {
    const path = `xattrs/f${i}`;
    make.file(path, "");
    for (let k = 0; k < 4; k++) make.xattr(path, `user.shared${k}`, "same");
    for (let k = 0; k < 3; k++) make.xattr(path, `user.group${k}`, `${i % 7}`);
    for (let k = 0; k < 3; k++) make.xattr(path, `user.own${k}.${i}`, "v".repeat((i + k) % 23));
  }
  make.file("xattrs/bytes", "x".repeat(65));
  make.xattr("xattrs/bytes", "user.\xff \n=\\", "\0\x01\xff = \n");
  make.xattr("xattrs/bytes", "user.empty", "");
  make.xattr("xattrs/bytes", "user." + "k".repeat(250), "long name");
  make.file("xattrs/big", "");
  make.xattr("xattrs/big", "user.big", "b".repeat(3000));
  make.directory("xattrs/acl");
  make.file("xattrs/acl/file", "", 0o664);
  make.xattr("xattrs/acl/file", "system.posix_acl_access", ACL);
  make.xattr("xattrs/acl", "system.posix_acl_default", ACL);
  if (!IS_ROOT) return;
  make.file("xattrs/ping", "p".repeat(99), 0o755);
  make.xattr(
    "xattrs/ping",
    "security.capability",
    "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
  );
  make.xattr("xattrs/ping", "trusted.secret", "s");
  make.xattr("xattrs/ping", "trusted.overlay.opaque", "y");
  make.xattr("xattrs/ping", "trusted.overlay.redirect", "/elsewhere");
  make.symlink("xattrs/link", "ping");
  make.xattr("xattrs/link", "trusted.on-a-link", "yes");
}

function makeSpecials(make: TreeMaker): void {
  make.directory("special");
  make.node("special/fifo", FIFO | 0o640);
  make.node("special/socket", SOCKET | 0o755);
  if (!IS_ROOT) return;
  make.node("special/null", CHARACTER | 0o666, (1 << 8) | 3);
  make.node("special/sda1", BLOCK | 0o660, (8 << 8) | 1);
  // Minor 0x12345 in the kernel's encoding: low byte, then the rest above the major.
  make.node("special/minor", CHARACTER | 0o600, 0x45 | (0x678 << 8) | (0x123 << 20));
  make.xattr("special/fifo", "trusted.fifo", "1");
  make.directory("whiteouts");
  make.node("whiteouts/gone", CHARACTER | 0o000, 0);
  make.file("whiteouts/stays", "s".repeat(80));
}

function makeTimes(make: TreeMaker): void {
  make.directory("times");
  const times = [[-1, 999_999_999], [-2_000_000_000, 1], [0, 0], [0, 1], [2 ** 32 + 5, 7], [
    1,
    5e8,
  ]];
  times.forEach((_, i) => make.file(`times/${i}`, ""));
  make.timeAll(1_700_000_000, 123_456_789);
  times.forEach(([seconds, nanoseconds], i) => make.time(`times/${i}`, seconds!, nanoseconds));
}

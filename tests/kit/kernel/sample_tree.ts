/**
 * A directory tree with one of everything that a file system can hold.
 *
 * @module
 */

import type { Linux } from "../../../ffi/sys/linux.ts";
import { latin1 } from "../../../lib/bytes/text.ts";
import { acl, NO_ID } from "../acl.ts";
import { rawBytes, RawFiles } from "./raw_files.ts";
import { createRandom } from "../../../scripts/random.ts";

const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFSOCK = 0o140000;

const ACCESS = latin1(
  acl([1, 6, NO_ID], [2, 4, 1000], [4, 4, NO_ID], [16, 6, NO_ID], [32, 0, NO_ID]),
);
const DEFAULT = latin1(
  acl([1, 7, NO_ID], [4, 5, NO_ID], [8, 7, 70000], [16, 7, NO_ID], [32, 1, NO_ID]),
);
/** `struct vfs_cap_data` of revision 2: effective, `cap_net_bind_service`. */
const CAPABILITY = "\x01\0\0\x02\0\x04\0\0" + "\0".repeat(12);

/** Makes the tree below an empty directory. */
export function makeSampleTree(linux: Linux, root: string): void {
  const files = new RawFiles(linux, root);
  makeRegularFiles(files);
  makeNames(files);
  makeOtherKinds(files);
  makeAttributes(files);
  makeTimes(files);
  makeShapes(files);
  files.finish();
}

function makeRegularFiles(files: RawFiles): void {
  const random = createRandom(1);
  files.directory("/sizes");
  for (const size of [0, 1, 63, 64, 65, 2048, 4095, 4096, 4097, 5000, 524288, 524289, 1048577]) {
    files.file(`/sizes/${size}`, [[0, random.bytes(size)]]);
  }
  files.directory("/holes");
  files.file("/holes/middle", [[0, rawBytes("start")], [20_000_000, rawBytes("end")]]);
  files.file("/holes/only", [[3_000_000, rawBytes("\0")]]);
  const contents = rawBytes("twice ".repeat(100));
  files.file("/twice-a", [[0, contents]]);
  files.file("/twice-b", [[0, contents]], { mode: 0o600, uid: 1000 });
  files.directory("/links");
  files.file("/links/one", [[0, contents]]);
  files.link("/links/two", "/links/one");
  files.link("/a-third-name", "/links/one");
  files.symlink("/links/symlink", "x");
  files.link("/links/symlink-too", "/links/symlink");
}

function makeNames(files: RawFiles): void {
  const all = [
    "!",
    "-",
    "...",
    ".a",
    "a b",
    "a\nb",
    "\\",
    "=",
    "\x7f",
    "\xff\xfe",
    "\xc3\xa9",
    "\xc3",
  ];
  files.directory("/names");
  for (const name of [...all, "n".repeat(255), "\x80".repeat(255)]) {
    files.file(`/names/${name}`, [[0, rawBytes(name)]]);
  }
  files.directory("/\xf0\x28");
  files.symlink("/\xf0\x28/\xa0", "\xff/\xfe");
  // Names that the object store has, too.
  files.directory("/00");
  files.file("/00/file", [[0, rawBytes("not an object".repeat(10))]]);
  files.file("/ff", [[0, rawBytes("neither")]]);
}

function makeOtherKinds(files: RawFiles): void {
  files.node("/console", S_IFCHR | 0o600, 0x501n);
  files.node("/disk", S_IFBLK | 0o660, 0x10072cn, { gid: 6 });
  files.node("/fifo", S_IFIFO | 0o622, 0n);
  files.node("/socket", S_IFSOCK | 0o777, 0n);
  files.directory("/covered");
  files.node("/covered/whiteout", S_IFCHR | 0o640, 0n, { uid: 7 });
  files.file("/covered/file", []);
  for (const length of [1, 59, 60, 1000, 4031, 4032, 4063, 4064, 4095]) {
    files.symlink(`/symlink-${length}`, "t".repeat(length), { uid: length, seconds: length });
  }
}

function makeAttributes(files: RawFiles): void {
  const big = rawBytes("attributes ".repeat(20));
  files.file("/acl", [[0, big]], {
    mode: 0o640,
    xattrs: { "system.posix_acl_access": ACCESS },
  });
  files.directory("/acl-default", {
    xattrs: { "system.posix_acl_default": DEFAULT, "user.with": "acl" },
  });
  files.file("/capable", [[0, big]], {
    mode: 0o755,
    xattrs: { "security.capability": CAPABILITY },
  });
  files.directory("/nested", {
    xattrs: { "trusted.overlay.opaque": "y", "trusted.overlay.overlay.origin": "\0\xfb" },
  });
  files.file("/nested/file", [[0, big]], {
    xattrs: { "trusted.overlay.redirect": "/etc/passwd", "user.overlay.redirect": "q" },
  });
  const many = Array.from({ length: 40 }, (_, i) => [`user.k${i}`, i % 3 === 0 ? "" : "v"]);
  files.file("/many", [], { xattrs: Object.fromEntries(many) });
  files.file("/values", [], {
    xattrs: { "user.nul": "a\0b", "user.empty": "", "security.any": "s", "trusted.t": "\xff" },
  });
  files.file("/owner", [[0, big]], { uid: 70000, gid: 2 ** 32 - 2, mode: 0o6751 });
  files.directory("/sticky", { mode: 0o1777, uid: 65536, gid: 65535 });
  files.file("/locked", [[0, big]], { mode: 0 });
}

function makeTimes(files: RawFiles): void {
  files.directory("/times", { seconds: -86400, nanoseconds: 5 });
  const times = [[0, 0], [-1, 999_999_999], [-2_000_000_000, 1], [2 ** 31, 7], [
    2 ** 33,
    123456789,
  ]];
  times.forEach(([seconds = 0, nanoseconds = 0], i) => {
    files.file(`/times/${i}`, [[0, rawBytes("time".repeat(30))]], { seconds, nanoseconds });
    files.symlink(`/times/link-${i}`, String(i), { seconds, nanoseconds });
  });
}

function makeShapes(files: RawFiles): void {
  files.directory("/wide");
  for (let i = 0; i < 500; i++) files.file(`/wide/file-${i}`, [], { seconds: i % 7 });
  let path = "/deep";
  files.directory(path);
  for (let level = 0; level < 60; level++) files.directory(path += `/${level}`);
  files.file(`${path}/bottom`, [[0, rawBytes("here".repeat(50))]]);
}

/**
 * Mounts on this kernel: what is seen through them is the source tree, and the kernel's account of them
 * is that of mounts by the C program. Everything happens in mount namespaces that end with the test.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { peer, type Subject, testEach } from "./each_program.ts";
import { type Finished, output, run, textOutput, which } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

const HAS_EROFS = readFileSync("/proc/filesystems", "utf8").includes("\terofs\n");
const NEEDS = {
  root: true,
  tools: ["unshare", "umount", "sha256sum"],
  ...(HAS_EROFS ? {} : { skip: "a kernel without EROFS" }),
} as const;
const WITH_PEER = { ...NEEDS, tools: [...NEEDS.tools, "mount.composefs"] };

/** Lists a tree: kinds, modes, owners, sizes, times, targets, contents. Link counts are not kept. */
const LIST = `
  list() (
    cd "$1"
    find . -type d -printf '%P %y %m %U %G - %T@\\n' -o -printf '%P %y %m %U %G %s %T@ %l\\n' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  )
  seen() { grep " $PWD/m " /proc/self/mountinfo | cut -d' ' -f4-; list m; umount m; }`;

/** Runs a script in a mount namespace of its own; its arguments are `$1` and so on. */
function inNamespace(subject: Subject, script: string, args: readonly string[]): Finished {
  const unshare = ["unshare", "-m", "--propagation", "private", "sh", "-e", "-c"];
  return run(unshare, [`${LIST}\n${script}`, "sh", ...args], { cwd: subject.directory });
}

function succeed({ code, stdout, stderr }: Finished): string {
  assertEquals([code, stderr], [0, ""]);
  return new TextDecoder().decode(stdout);
}

/** An image `x.cfs` of `tree`, its store `objects`, and directories to mount with. Gives its digest. */
function prepare(subject: Subject): string {
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
function unnamed(text: string): string {
  const temporary = /lowerdir\+=(\/(?:run|tmp)\/\.composefs\.\w{6}|\/proc\/self\/fd\/\d+),/g;
  return text.replace(temporary, "lowerdir+=*,").replace(
    / - overlay \S*x\.cfs /g,
    " - overlay composefs ",
  );
}

/** Options that both programs take; a set has one of each line. */
const CHOICES = [
  ["basedir=objects", "basedir=empty:objects", "basedir=empty:other:objects"],
  ["", ",ro", ",rw", ",ro,rw"],
  ["", ",upperdir=up,workdir=wk"],
  ["", ",idmap=/proc/HOLDER/ns/user"],
];

function combinations([first = [], ...rest]: readonly (readonly string[])[]): string[] {
  const ends = rest.length === 0 ? [""] : combinations(rest);
  return first.flatMap((start) => ends.map((end) => start + end));
}

/** Arguments: sets of options, one a line; the command. */
const MOUNT_EACH = `
  unshare -U sleep 300 &
  holder=$!
  trap 'kill $holder' EXIT
  while [ "$(readlink /proc/$holder/ns/user)" = "$(readlink /proc/$$/ns/user)" ]; do :; done
  echo "0 100000 65536" >/proc/$holder/uid_map
  echo "0 100000 65536" >/proc/$holder/gid_map
  sets=$1; shift
  for set in $sets; do
    rm -rf up wk; mkdir up wk; touch -d @1 up
    "$@" -o "$(echo "$set" | sed "s/HOLDER/$holder/")" x.cfs m
    echo "== $set"
    seen
  done`;

testEach(
  "mount: every combination of options is as by the C program, as root",
  { ...WITH_PEER, long: true },
  (subject) => {
    prepare(subject);
    const sets = combinations(CHOICES);
    const seen = (command: readonly string[]) =>
      unnamed(succeed(inNamespace(subject, MOUNT_EACH, [sets.join("\n"), ...command])));
    const ours = seen(subject.tool("mount.composefs"));
    assertEquals(ours, seen(peer("mount.composefs")));
    assertEquals(ours.match(/ - overlay composefs /g)?.length, sets.length);
  },
);

/** Arguments: the command. Prints the source tree and what the mount shows. */
const MOUNT_ON = (make: string) => `
  mkdir where
  ${make}
  cp -a x.cfs objects where/
  list tree
  echo ==
  "$@" mount.composefs -o basedir=where/objects where/x.cfs m
  list m
  umount m; umount where`;

const FILE_SYSTEMS = {
  "the directory's own file system": "mount --bind where where",
  tmpfs: "mount -t tmpfs none where",
  overlayfs: `mount -t tmpfs none empty; mkdir empty/u empty/w
    mount -t overlay -o lowerdir=where,upperdir=empty/u,workdir=empty/w none where`,
  btrfs: "truncate -s 256M disk; mkfs.btrfs -q disk; mount -t btrfs -o loop disk where",
};

for (const [name, make] of Object.entries(FILE_SYSTEMS)) {
  const needs = name === "btrfs" ? { ...NEEDS, tools: [...NEEDS.tools, "mkfs.btrfs"] } : NEEDS;
  testEach(`mount: from ${name}, it holds the source tree, as root`, needs, (subject) => {
    prepare(subject);
    const text = succeed(inNamespace(subject, MOUNT_ON(make), subject.composefs));
    const [source, mounted] = text.split("==\n");
    assertEquals(mounted, source);
    assertStringIncludes(mounted!, "sub/other f 644 12 34 380");
  });
}

/** The line of mountinfo that a mount with these options has, from the flags on. */
function mountLine(subject: Subject, options: string): string {
  const script = `"$@" x.cfs m; grep " $PWD/m " /proc/self/mountinfo | cut -d' ' -f6-; umount m`;
  const args = [...subject.tool("mount.composefs"), "-o", `basedir=objects,${options}`];
  return unnamed(succeed(inNamespace(subject, script, args))).trim();
}

testEach("mount: words of all file systems are honoured, as root", NEEDS, (subject) => {
  prepare(subject);
  const flags = (options: string) => mountLine(subject, options).split(" ")[0];
  assertEquals(flags("nosuid,nodev,noexec"), "rw,nosuid,nodev,noexec,relatime");
  assertEquals(flags("ro,noatime,nodiratime"), "ro,noatime,nodiratime");
  assertEquals(flags("strictatime,x-systemd.automount,_netdev"), "rw");
  assertEquals(flags("user,exec"), "rw,nosuid,nodev,relatime");
  assertMatch(mountLine(subject, "sync,dirsync,lazytime"), / ro,(?=.*sync)(?=.*dirsync)/);
});

/** Whether the directory's file system can have fs-verity is asked of the one program that says so. */
const NO_VERITY = which("fsverity") !== undefined &&
  run(["fsverity"], ["measure", repositoryFile()]).stderr.includes("not supported");

function repositoryFile(): string {
  return new URL("./mount_test.ts", import.meta.url).pathname;
}

const WITHOUT_VERITY = NO_VERITY
  ? NEEDS
  : { ...NEEDS, skip: "no fsverity, or a kernel with fs-verity" };

testEach(
  "mount: without fs-verity, verity is refused and tryverity falls back, as root",
  WITHOUT_VERITY,
  (subject) => {
    const digest = prepare(subject);
    assertEquals(mountLine(subject, "tryverity"), mountLine(subject, "rw"));
    const refused = (options: string) => {
      const args = [...subject.tool("mount.composefs"), "-o", `basedir=objects,${options}`];
      const script =
        `"$@" x.cfs m && exit 9; grep -c " $PWD/m " /proc/self/mountinfo >&2 || exit 1`;
      const { code, stderr } = inNamespace(subject, script, args);
      assertEquals([code, stderr.split("\n").slice(1)], [1, ["0", ""]]);
      return stderr;
    };
    assertStringIncludes(refused("verity"), "CONFIG_FS_VERITY");
    assertStringIncludes(refused(`digest=${digest}`), "Image has no fs-verity");
    assertStringIncludes(refused("digest="), "expected 64 or 128 hexadecimal digits");
    assertStringIncludes(refused(`digest=${digest},userverity,verity`), "tryverity");
    const wrong = "a".repeat(64);
    assertStringIncludes(refused(`digest=${wrong},userverity`), `found ${digest}`);
    assertEquals(mountLine(subject, `digest=${digest},userverity`), mountLine(subject, "rw"));
    const image = readFileSync(subject.path("x.cfs"));
    image[image.length - 1]! ^= 1;
    writeFileSync(subject.path("x.cfs"), image);
    assertStringIncludes(refused(`digest=${digest},userverity`), "Image has wrong fs-verity");
  },
);

interface Refusal {
  readonly args: readonly string[];
  readonly message: string;
}

const BASEDIR = ["-o", "basedir=objects"];

const REFUSALS: readonly Refusal[] = [
  { args: [...BASEDIR, "nosuch.cfs", "m"], message: 'image "nosuch.cfs": No such file' },
  { args: [...BASEDIR, "short.cfs", "m"], message: 'image "short.cfs": truncated: ' },
  { args: [...BASEDIR, "fifo", "m"], message: '"fifo": a fifo, expected a regular file' },
  { args: [...BASEDIR, "/dev/zero", "m"], message: "a character device" },
  { args: [...BASEDIR, "tree/large", "m"], message: "not a composefs image" },
  { args: [...BASEDIR, "tree/empty", "m"], message: "truncated: 0 bytes, expected at least 4096" },
  { args: [...BASEDIR, "x.cfs", "nosuch"], message: 'mount point "nosuch": No such file' },
  { args: [...BASEDIR, "x.cfs", "tree/small"], message: "Not a directory" },
  { args: ["-o", "basedir=nosuch", "x.cfs", "m"], message: 'object directory "nosuch"' },
  { args: ["-o", "basedir=x.cfs", "x.cfs", "m"], message: "Not a directory" },
  { args: [...BASEDIR, "-o", "sorry", "x.cfs", "m"], message: "Unsupported option sorry" },
  { args: [...BASEDIR, "-t", "ext4", "x.cfs", "m"], message: "Unsupported fs type 'ext4'" },
  { args: ["x.cfs", "m"], message: "No object dirs specified" },
  { args: [...BASEDIR, "x.cfs"], message: "No mount path specified" },
  { args: BASEDIR, message: "No source path specified" },
  {
    args: ["-o", "basedir=objects,upperdir=tree,workdir=tree/sub", "x.cfs", "m"],
    message: "upperdir and workdir must be apart",
  },
  { args: ["-o", "basedir=objects,idmap=/proc/self/ns/mnt", "x.cfs", "m"], message: "/ns/user" },
];

testEach(
  "mount: what cannot work is refused in a line that says why, as root",
  NEEDS,
  (subject) => {
    prepare(subject);
    writeFileSync(subject.path("short.cfs"), readFileSync(subject.path("x.cfs")));
    truncateSync(subject.path("short.cfs"), 4096);
    run(["mkfifo"], [subject.path("fifo")]);
    for (const { args, message } of REFUSALS) {
      const script = `"$@" && exit 9; ! grep " $PWD/m " /proc/self/mountinfo && exit 1`;
      const done = inNamespace(subject, script, [...subject.tool("mount.composefs"), ...args]);
      assertEquals(done.code, 1);
      assertStringIncludes(done.stderr.split("\n")[0]!, message);
      assert(done.stderr.startsWith("mount.composefs: "), done.stderr);
    }
  },
);

testEach(
  "mount: without privilege it is refused, and says what works, as root",
  NEEDS,
  (subject) => {
    prepare(subject);
    const script = `exec unshare -Urm "$@" x.cfs m`;
    const args = [...subject.tool("mount.composefs"), ...BASEDIR];
    const { code, stderr } = inNamespace(subject, script, args);
    assertEquals(code, 1);
    assertMatch(stderr, /run as root; "composefs ls", .* work without privilege \(EPERM\)\n$/);
  },
);

const AS_HELPER = `
  mount -t tmpfs none empty; mkdir empty/u empty/w
  sbin=$(readlink -f /sbin)
  mount -t overlay -o "lowerdir=$sbin,upperdir=empty/u,workdir=empty/w" none "$sbin"
  { printf '#!/bin/sh\nexec'; printf " '%s'" "$@"; printf ' "$@"\n'; } >"$sbin/mount.composefs"
  chmod 755 "$sbin/mount.composefs"
  mount -t composefs -o basedir=objects,nosuid,noexec x.cfs m
  grep " $PWD/m " /proc/self/mountinfo | cut -d' ' -f6-
  umount m
  mount -t composefs -r -n -v -o basedir=objects x.cfs m
  list m >/dev/null
  umount m
  mount -f -t composefs -o basedir=objects x.cfs m
  grep " $PWD/m " /proc/self/mountinfo && exit 1
  mount -s -t composefs -o basedir=objects,sorry x.cfs m
  cat m/small`;

/** Prints where the image is mounted, and what from. */
const SHOWN =
  `shown() { grep " $PWD/$1 " /proc/self/mountinfo | sed "s/.* - //" | cut -d" " -f1-2; }`;

testEach("mount: an image on a device larger than itself, with its digest too, as root", {
  ...NEEDS,
  once: true,
}, (subject) => {
  const digest = prepare(subject);
  const script = `${SHOWN}
    cp x.cfs disk; truncate -s 3M disk; device=$(losetup -f --show -r disk)
    trap 'losetup -d $device' EXIT
    "$@" mount --basedir=objects $device m; cat m/small; echo; umount m
    "$@" mount --basedir=objects --digest=${digest} --userverity $device m; cat m/sub/other >/dev/null
    umount m
    "$@" verify --basedir=objects $device >/dev/null
    "$@" fsverity digest --compact $device; "$@" fsverity digest --compact disk
    "$@" mount --basedir=objects --digest=${"0".repeat(64)} --userverity $device m`;
  const { code, stdout, stderr } = inNamespace(subject, script, subject.composefs);
  const [small, device, file] = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assertEquals([code, small, device], [1, "kept in the image", file]);
  assertMatch(stderr, /^composefs: Cannot mount image ".*": Image has wrong fs-verity/);
});

testEach("mount: over a link, from any source, and with backslashes, as root", {
  ...NEEDS,
  once: true,
}, (subject) => {
  prepare(subject);
  const script = `${SHOWN}
    ln -s m link
    "$@" mount --basedir=objects x.cfs link; shown m; umount m
    "$@" mount --basedir=objects -o source=word "$PWD/x.cfs" m; shown m; umount m
    mkdir 'u\p,:' 'w\k,:' 'o\b'; mv objects 'o\b/'
    "$@" mount --basedir='o\b/objects' --upperdir='u\p,:' --workdir='w\k,:' x.cfs m
    cat m/sub/other >/dev/null; touch m/new; ls -A 'u\p,:'; umount m`;
  const text = succeed(inNamespace(subject, script, subject.composefs));
  assertEquals(text.split("\n"), ["overlay x.cfs", "overlay word", "new", ""]);
});

testEach("mount: a closed upper directory gets a note, and /proc is named if it lacks, as root", {
  ...NEEDS,
  once: true,
}, (subject) => {
  prepare(subject);
  const closed =
    `chmod 700 up; "$@" mount --basedir=objects --upperdir=up --workdir=wk x.cfs m; umount m`;
  const { code, stderr } = inNamespace(subject, closed, subject.composefs);
  assertEquals(code, 0);
  assertMatch(stderr, /^composefs: note: upper directory "up" has mode 0700, /);
  const bare = `mount -t tmpfs none /proc; exec "$@" mount --basedir=objects x.cfs m`;
  const refused = inNamespace(subject, bare, subject.composefs);
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr, /"x\.cfs": \/proc is not mounted/);
});

const REMOUNT = `
  mount -t tmpfs none empty; mkdir empty/u empty/w
  sbin=$(readlink -f /sbin)
  mount -t overlay -o "lowerdir=$sbin,upperdir=empty/u,workdir=empty/w" none "$sbin"
  { printf '#!/bin/sh\nexec'; printf " '%s'" "$@"; printf ' "$@"\n'; } >"$sbin/mount.composefs"
  chmod 755 "$sbin/mount.composefs"
  echo "$PWD/x.cfs $PWD/m composefs basedir=$PWD/objects,upperdir=$PWD/up,workdir=$PWD/wk 0 0" >fstab
  mount -T fstab -a; mount -T fstab -a
  grep -c " $PWD/m " /proc/self/mountinfo
  touch m/one
  mount -T fstab -o remount,ro "$PWD/m"
  touch m/two 2>/dev/null || echo read-only
  mount -T fstab -o remount,rw,noexec "$PWD/m"
  touch m/two
  grep " $PWD/m " /proc/self/mountinfo | cut -d' ' -f6`;

testEach("mount -a mounts an entry of fstab once, and changes it, as root", {
  ...NEEDS,
  once: true,
}, (subject) => {
  prepare(subject);
  const text = succeed(inNamespace(subject, REMOUNT, subject.tool("mount.composefs")));
  assertEquals(text.split("\n"), ["1", "read-only", "rw,noexec,relatime", ""]);
});

testEach("mount -t composefs finds its helper, as root", NEEDS, (subject) => {
  prepare(subject);
  const { code, stdout, stderr } = inNamespace(
    subject,
    AS_HELPER,
    subject.tool("mount.composefs"),
  );
  assertEquals([code, stderr.split("\n").length], [0, 2], stderr);
  const text = unnamed(new TextDecoder().decode(stdout));
  assertStringIncludes(text, "rw,nosuid,noexec,relatime - overlay composefs ro,lowerdir+=*,");
  assert(text.endsWith("kept in the image"), text);
});

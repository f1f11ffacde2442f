/**
 * Mounts on this kernel: what is seen through them is the source tree, and the kernel's account of them
 * is that of mounts by the C program. Everything happens in mount namespaces that end with the test.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { peer, testEach } from "./each_program.ts";
import { inNamespace, mountLine, NEEDS, prepare, succeed, unnamed } from "./mount_namespace.ts";

const WITH_PEER = { ...NEEDS, tools: [...NEEDS.tools, "mount.composefs"] };

/** Lists a tree: kinds, modes, owners, sizes, times, targets, contents. Link counts are not kept. */
const LIST = `
  list() (
    cd "$1"
    find . -type d -printf '%P %y %m %U %G - %T@\\n' -o -printf '%P %y %m %U %G %s %T@ %l\\n' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  )`;

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
const MOUNT_EACH = `${LIST}
  seen() { grep " $PWD/m " /proc/self/mountinfo | cut -d' ' -f4-; list m; umount m; }
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
const MOUNT_ON = (make: string) =>
  `${LIST}
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

testEach("mount: words of all file systems are honoured, as root", NEEDS, (subject) => {
  prepare(subject);
  const flags = (options: string) => mountLine(subject, options).split(" ")[0];
  assertEquals(flags("nosuid,nodev,noexec"), "rw,nosuid,nodev,noexec,relatime");
  assertEquals(flags("ro,noatime,nodiratime"), "ro,noatime,nodiratime");
  assertEquals(flags("strictatime,x-systemd.automount,_netdev"), "rw");
  assertEquals(flags("user,exec"), "rw,nosuid,nodev,relatime");
  assertMatch(mountLine(subject, "sync,dirsync,lazytime"), / ro,(?=.*sync)(?=.*dirsync)/);
});

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

/** Has mount(8) find the command in the arguments as its helper; what it writes ends with the namespace. */
const INSTALL_HELPER = `
  mount -t tmpfs none empty; mkdir empty/u empty/w
  sbin=$(readlink -f /sbin)
  mount -t overlay -o "lowerdir=$sbin,upperdir=empty/u,workdir=empty/w" none "$sbin"
  { printf '#!/bin/sh\nexec'; printf " '%s'" "$@"; printf ' "$@"\n'; } >"$sbin/mount.composefs"
  chmod 755 "$sbin/mount.composefs"`;

const REMOUNT = `${INSTALL_HELPER}
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

const AS_HELPER = `${INSTALL_HELPER}
${LIST}
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

/**
 * Mounts that this kernel, the image, or the command line does not allow, and what is said of them.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { inNamespace, mountLine, NEEDS, prepare } from "./mount_namespace.ts";
import { run, which } from "./process.ts";

/** Whether the directory's file system can have fs-verity is asked of the one program that says so. */
const NO_VERITY = which("fsverity") !== undefined &&
  run(["fsverity"], ["measure", new URL(import.meta.url).pathname]).stderr.includes(
    "not supported",
  );

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
      const [message, ...rest] = stderr.split("\n");
      // Below an error about an option stands which there are.
      const list = rest.filter((line) => /^(?:Mount options:$| {2})/.test(line));
      assertEquals([code, rest.slice(list.length)], [1, ["0", ""]]);
      return message!;
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

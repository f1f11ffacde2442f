import { assert, assertEquals, assertThrows } from "@std/assert";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import type { Libc } from "../../../ffi/sys/_libc.ts";
import { probeMachine } from "../../../ffi/probe/probe.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { cText } from "../../kit/faults.ts";
import { openAnswering } from "../answering.ts";
import { IS_ROOT, needsRoot, openFaulty, pathTo, test } from "../harness.ts";

const GUARANTEED = ["yes", "no", "unknown"];

test("probe: every question has an answer, and nothing of asking stays", ({ linux, directory }) => {
  const before = [openFiles(), readFileSync("/proc/self/mountinfo", "utf8")];
  const { kernel, place, answers } = probeMachine(linux, utf8(directory));
  assertEquals([openFiles(), readFileSync("/proc/self/mountinfo", "utf8")], before);
  assertEquals(readdirSync(directory), []);
  assertEquals(kernel, readFileSync("/proc/sys/kernel/osrelease", "utf8").trim());
  assertEquals(place.directory, utf8(directory));
  for (const { answer } of Object.values(answers)) assert(GUARANTEED.includes(answer));
  assertEquals(answers.root.answer === "yes" && !IS_ROOT, false);
  assertEquals(answers.writable, { answer: "yes" });
});

test("probe: a file stands for its directory", ({ linux, directory }) => {
  writeFileSync(`${directory}/image`, "");
  const { place } = probeMachine(linux, pathTo(directory, "image"));
  assertEquals(place.directory, utf8(directory));
});

test("probe: a path that is not there is an error", ({ linux, directory }) => {
  const error = assertThrows(() => probeMachine(linux, pathTo(directory, "absent")), SyscallError);
  assertEquals((error as SyscallError).code, "ENOENT");
});

test("probe: the mount is the one that the directory is on", ({ linux }) => {
  const { place } = probeMachine(linux, utf8("/proc"));
  assertEquals([place.type, place.mountPoint], ["proc", "/proc"]);
});

test("probe: in memory, images need a loop device", ({ linux }) => {
  const { answers, place } = probeMachine(linux, utf8("/dev/shm"));
  assertEquals(place.type, "tmpfs");
  assertEquals(answers.placeVerity.answer, "no");
  if (answers.composefs.answer !== "yes") return;
  assert(answers.composefs.reason?.startsWith("from "));
}, needsRoot());

const FAULTY: readonly (keyof Libc)[] = [
  "fsopen",
  "fsconfig",
  "fsmount",
  "ioctl",
  "ioctl_int",
  "memfd_create",
  "fcntl",
  "pwrite",
  "write",
  "read",
  "pread",
];

test("probe: no call that fails makes it fail", async ({ linux, directory }) => {
  const path = utf8(directory);
  const { answers: usual } = probeMachine(linux, path);
  const before = openFiles();
  for (const name of FAULTY) {
    for (const errno of [ERRNO.EPERM, ERRNO.ENOSYS, ERRNO.EIO, ERRNO.EINVAL]) {
      const faulty = await openFaulty({ [name]: () => errno });
      const { answers } = probeMachine(faulty, path);
      assertEquals(Object.keys(answers), Object.keys(usual));
      assertEquals(readdirSync(directory), []);
    }
  }
  assertEquals(openFiles(), before);
});

test("probe: nor does a file that cannot be opened", async ({ directory }) => {
  mkdirSync(`${directory}/place`);
  const place = `${directory}/place`;
  for (const errno of [ERRNO.EACCES, ERRNO.ENOENT, ERRNO.EROFS, ERRNO.EMFILE]) {
    const faulty = await openFaulty({
      openat: (_, path) => cText(path) === place ? undefined : errno,
    });
    const { kernel, answers } = probeMachine(faulty, utf8(place));
    assertEquals(kernel, undefined);
    assertEquals(answers.root.answer, "unknown");
    assertEquals(answers.writable.answer, "no");
    assert(answers.composefs.answer !== "yes");
  }
});

test("probe: without privilege, what only root can ask is unknown or looked up", async ({ directory }) => {
  const faulty = await openFaulty({ fsopen: () => ERRNO.EPERM });
  const { answers } = probeMachine(faulty, utf8(directory));
  for (const question of ["dataLayers", "layerParameters", "overlayVerity", "composefs"] as const) {
    assertEquals(answers[question], { answer: "unknown", reason: "EPERM, needs root" }, question);
  }
});

test("probe: the parameters tell old kernels from new ones", async ({ directory }) => {
  const probe = async (known: (key: string) => number | undefined) => {
    const kernel = await openAnswering({
      fsopen: () => 999,
      fsconfig: (_, __, ___, key) => known(cText(key)),
      close: (number) => number === 999 ? 0 : undefined,
      read: (number) => number === 999 ? -ERRNO.ENODATA : undefined,
      fsmount: () => -ERRNO.EPERM,
    });
    const { answers } = probeMachine(kernel, utf8(directory));
    const { dataLayers, layerParameters, overlayVerity, userXattrs } = answers;
    return [dataLayers, layerParameters, overlayVerity, userXattrs].map(({ answer }) => answer);
  };
  const takes = (...keys: string[]) => (key: string) =>
    keys.includes(key) ? key === "datadir+" ? -ERRNO.ENOENT : 0 : -ERRNO.EINVAL;
  assertEquals(await probe(() => 0), ["no", "no", "no", "unknown"]);
  assertEquals(await probe(takes("userxattr")), ["yes", "no", "no", "yes"]);
  assertEquals(await probe(takes("userxattr", "verity")), ["yes", "no", "yes", "yes"]);
  assertEquals(await probe(takes("userxattr", "verity", "datadir+")), ["yes", "yes", "yes", "yes"]);
});

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").sort();
}

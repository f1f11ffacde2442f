import { assertEquals, assertThrows } from "@std/assert";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { writeFileAtomically } from "../../../ffi/files/output_file.ts";
import { O_CREAT } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  type Faults,
  makeSticky,
  needsRoot,
  openFaulty,
  pathTo,
  scriptCommand,
  STRANGER,
  test,
} from "../harness.ts";

/** Writes chunks that, like those of a generator, come only once. */
function write(linux: Linux, path: string, ...chunks: string[]): void {
  writeFileAtomically(linux, utf8(path), chunks.values().map(utf8));
}

const noUnnamed: Faults = {
  openat: (_dirfd, _path, flags) => (flags as number) & 0o20000000 ? ERRNO.EISDIR : undefined,
};

test("output file: what a killed process has left beside one that is replaced goes", ({ linux, directory }) => {
  write(linux, `${directory}/out`, "old");
  writeFileSync(`${directory}/.tmp-composefs-0123456789abcdef`, "half of it");
  write(linux, `${directory}/out`, "new");
  assertEquals(readdirSync(directory), ["out"]);
  assertEquals(readFileSync(`${directory}/out`, "utf8"), "new");
});

test("output file: a new one has no other name before its own", async ({ directory }) => {
  const names: string[] = [];
  const linux = await openFaulty({
    linkat: (_from, _path, _to, name) => void names.push(`${name}`),
    renameat: () => ERRNO.EIO,
  });
  write(linux, `${directory}/out`, "new");
  assertEquals([names.length, readdirSync(directory)], [1, ["out"]]);
});

for (const [way, faults] of Object.entries({ "without a name": {}, "with a name": noUnnamed })) {
  test(`output file: a new one has the umask's mode, drafted ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    const umask = process.umask(0o027);
    try {
      write(linux, `${directory}/out`, "ab", "", "cd");
    } finally {
      process.umask(umask);
    }
    assertEquals(readFileSync(`${directory}/out`, "utf8"), "abcd");
    assertEquals(lstatSync(`${directory}/out`).mode & 0o7777, 0o640);
    assertEquals(readdirSync(directory), ["out"]);
  });

  test(`output file: one that is there is replaced, drafted ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    writeFileSync(`${directory}/out`, "a longer text than the next");
    chmodSync(`${directory}/out`, 0o600);
    const { ino } = lstatSync(`${directory}/out`);
    write(linux, `${directory}/out`, "short");
    assertEquals(readFileSync(`${directory}/out`, "utf8"), "short");
    assertEquals(lstatSync(`${directory}/out`).mode & 0o7777, 0o600);
    assertEquals(lstatSync(`${directory}/out`).ino === ino, false);
    assertEquals(readdirSync(directory), ["out"]);
  });

  test(`output file: an error leaves what was there, drafted ${way}`, async ({ directory }) => {
    writeFileSync(`${directory}/out`, "before");
    for (const name of ["pwrite", "fsync", "renameat"] as const) {
      const fail = () => ERRNO.ENOSPC;
      const linux = await openFaulty({ ...faults, [name]: fail });
      assertThrows(() => write(linux, `${directory}/out`, "after"), SyscallError, "ENOSPC");
      // What has no name at all is not renamed to a name that is free.
      const unlinking = await openFaulty({ ...faults, [name]: fail, linkat: fail });
      assertThrows(() => write(unlinking, `${directory}/new`, "after"), SyscallError, "ENOSPC");
      assertEquals(readFileSync(`${directory}/out`, "utf8"), "before");
      assertEquals(readdirSync(directory), ["out"]);
    }
    const failing = function* () {
      yield utf8("begun");
      throw new RangeError("no more");
    };
    const linux = await openFaulty(faults);
    const path = pathTo(directory, "out");
    assertThrows(() => writeFileAtomically(linux, path, failing()), RangeError, "no more");
    assertEquals(readFileSync(`${directory}/out`, "utf8"), "before");
    assertEquals(readdirSync(directory), ["out"]);
  });
}

test("output file: a link stays and its target is written", ({ linux, directory }) => {
  mkdirSync(`${directory}/dir`);
  writeFileSync(`${directory}/dir/target`, "before");
  symlinkSync("dir/middle", `${directory}/link`);
  symlinkSync("target", `${directory}/dir/middle`);
  symlinkSync("dir/new", `${directory}/dangling`);
  write(linux, `${directory}/link`, "after");
  write(linux, `${directory}/dangling`, "new");
  assertEquals(readlinkSync(`${directory}/link`), "dir/middle");
  assertEquals(readFileSync(`${directory}/dir/target`, "utf8"), "after");
  assertEquals(readFileSync(`${directory}/dir/new`, "utf8"), "new");
  assertEquals(readdirSync(`${directory}/dir`).sort(), ["middle", "new", "target"]);
});

test("output file: links in a circle are an error", ({ linux, directory }) => {
  symlinkSync("b", `${directory}/a`);
  symlinkSync("a", `${directory}/b`);
  assertThrows(() => write(linux, `${directory}/a`, "x"), SyscallError, "ELOOP");
});

test("output file: a fifo and a device are written to", async ({ linux, directory }) => {
  execFileSync("mkfifo", [`${directory}/fifo`]);
  const script = 'cat "$0/fifo" > "$0/got"';
  const reader = spawn("sh", ["-c", script, directory]);
  const closed = new Promise((resolve) => reader.on("close", resolve));
  write(linux, `${directory}/fifo`, "through ", "the fifo");
  await closed;
  assertEquals(readFileSync(`${directory}/got`, "utf8"), "through the fifo");
  assertEquals(lstatSync(`${directory}/fifo`).isFIFO(), true);
  write(linux, "/dev/null", "nothing");
  assertEquals(lstatSync("/dev/null").isCharacterDevice(), true);
});

test("output file: /dev/stdout is the stream, be it a file or a pipe", ({ directory }) => {
  const script = '"$@" /dev/stdout hello > "$0/file" && "$@" /dev/fd/1 hello | cat > "$0/pipe"';
  const command = scriptCommand("tests/ffi/files/write_file.ts");
  const done = spawnSync("sh", ["-c", script, directory, ...command], { encoding: "utf8" });
  assertEquals(done.stderr, "");
  assertEquals(readFileSync(`${directory}/file`, "utf8"), "hello");
  assertEquals(readFileSync(`${directory}/pipe`, "utf8"), "hello");
});

test("output file: one that is a mount point is written in place", async ({ directory }) => {
  writeFileSync(`${directory}/out`, "a longer text than the next");
  const busy = await openFaulty({ renameat: () => ERRNO.EBUSY });
  write(busy, `${directory}/out`, "in ", "place");
  assertEquals(readFileSync(`${directory}/out`, "utf8"), "in place");
  assertEquals(readdirSync(directory), ["out"]);
});

test("output file: a file is written in a directory that is not ours", async ({ directory }) => {
  writeFileSync(`${directory}/out`, "a longer text than the next");
  const creating = 0o20000000 | O_CREAT;
  for (const errno of [ERRNO.EACCES, ERRNO.EPERM, ERRNO.EROFS]) {
    const linux = await openFaulty({
      openat: (_dirfd, _path, flags) => (flags as number) & creating ? errno : undefined,
    });
    write(linux, `${directory}/out`, "te", `xt ${errno}`);
    assertEquals(readFileSync(`${directory}/out`, "utf8"), `text ${errno}`);
    assertThrows(
      () => write(linux, `${directory}/new`, "x"),
      SyscallError,
      `Cannot create "${directory}/new": `,
    );
  }
});

test("output file: a directory is none", ({ linux, directory }) => {
  mkdirSync(`${directory}/dir`);
  assertThrows(() => write(linux, `${directory}/dir`, "x"), SyscallError, "EISDIR");
  assertThrows(() => write(linux, `${directory}/none/out`, "x"), SyscallError, "ENOENT");
});

test("output file: what strangers have planted stays as it is", ({ linux, directory }) => {
  const sticky = makeSticky(directory);
  writeFileSync(`${directory}/own`, "own");
  symlinkSync("../own", `${sticky}/link`);
  writeFileSync(`${sticky}/file`, "theirs");
  execFileSync("mkfifo", [`${sticky}/fifo`]);
  execFileSync("mknod", [`${sticky}/device`, "c", "1", "3"]);
  for (const name of ["link", "file", "fifo", "device"]) {
    lchownSync(`${sticky}/${name}`, STRANGER, STRANGER);
    assertThrows(
      () => write(linux, `${sticky}/${name}`, "root's"),
      SyscallError,
      `Cannot write "${sticky}/${name}": `,
    );
  }
  assertEquals(readFileSync(`${directory}/own`, "utf8"), "own");
  assertEquals(readFileSync(`${sticky}/file`, "utf8"), "theirs");
  assertEquals(readdirSync(sticky).sort(), ["device", "fifo", "file", "link"]);
  // In a directory without the sticky bit, links and files of others are used like our own.
  chmodSync(sticky, 0o777);
  write(linux, `${sticky}/link`, "by the link");
  write(linux, `${sticky}/file`, "in its place");
  assertEquals(readFileSync(`${directory}/own`, "utf8"), "by the link");
  assertEquals(readFileSync(`${sticky}/file`, "utf8"), "in its place");
}, needsRoot());

test("output file: nor where they are put in the last moment", async ({ directory }) => {
  const sticky = makeSticky(directory);
  writeFileSync(`${directory}/own`, "own");
  const path = `${sticky}/null`;
  const plants = {
    link: () => symlinkSync("../own", path),
    file: () => writeFileSync(path, "theirs"),
  };
  for (const plant of Object.values(plants)) {
    rmSync(path, { force: true });
    execFileSync("mknod", [path, "c", "1", "3"]);
    const linux = await openFaulty({
      openat: (_dirfd, _path, flags) => {
        if (((flags as number) & 3) === 0) return undefined;
        rmSync(path);
        plant();
        lchownSync(path, STRANGER, STRANGER);
        return undefined;
      },
    });
    assertThrows(() => write(linux, path, "root's"), SyscallError);
    assertEquals(readFileSync(`${directory}/own`, "utf8"), "own");
  }
  assertEquals(readFileSync(path, "utf8"), "theirs");
}, needsRoot());

test("output file: permissions come from a file of our own only", ({ linux, directory }) => {
  const umask = process.umask(0o027);
  try {
    for (
      const [owner, before, after] of [
        [STRANGER, 0o666, 0o640],
        [STRANGER, 0o4777, 0o640],
        [process.getuid!(), 0o6755, 0o755],
        [process.getuid!(), 0o1604, 0o604],
      ] as const
    ) {
      writeFileSync(`${directory}/out`, "before");
      lchownSync(`${directory}/out`, owner, owner);
      chmodSync(`${directory}/out`, before);
      write(linux, `${directory}/out`, "after");
      const { mode, uid } = lstatSync(`${directory}/out`);
      assertEquals([mode & 0o7777, uid], [after, process.getuid!()]);
    }
  } finally {
    process.umask(umask);
  }
}, needsRoot());

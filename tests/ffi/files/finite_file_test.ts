import { assertEquals, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { DigestTask } from "../../../ffi/threads/_digest_task.ts";
import { digestFiles } from "../../../ffi/threads/file_digests.ts";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { openFiniteFile } from "../../../ffi/files/finite_file.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { test } from "../harness.ts";

const ORDER = { algorithm: "sha256", blockSize: 4096, measure: true } as const;

function makeFifo(directory: string): string {
  const path = `${directory}/fifo`;
  spawnSync("mkfifo", [path]);
  return path;
}

test("finite file: what may have no end is refused without waiting", ({ linux, directory }) => {
  const fifo = makeFifo(directory);
  for (const [path, what] of [[fifo, "a fifo"], ["/dev/zero", "a character device"]] as const) {
    for (const options of [{}, { also: "pipe" }, { also: "null" }] as const) {
      assertThrows(
        () => openFiniteFile(linux, utf8(path), options),
        Error,
        `Cannot open "${path}": ${what}, expected a regular file or a block device`,
      );
    }
  }
  assertThrows(() => openFiniteFile(linux, utf8("/dev/null")), Error, "a character device");
  openFiniteFile(linux, utf8("/dev/null"), { also: "null" }).close();
});

test("finite file: a directory and what is not there fail in the kernel's words", (context) => {
  const { linux, directory } = context;
  using file = openFiniteFile(linux, utf8(directory));
  assertThrows(() => file.readAll(), SyscallError, "Is a directory");
  const absent = utf8(`${directory}/absent`);
  assertThrows(() => openFiniteFile(linux, absent), SyscallError, "No such file");
});

test("finite file: a pipe that is open already may be meant", ({ linux, directory }) => {
  // Opened for reading and writing, since opening a fifo for one of them waits for the other side.
  const number = openSync(makeFifo(directory), "r+");
  try {
    const path = utf8(`/proc/self/fd/${number}`);
    openFiniteFile(linux, path, { also: "pipe" }).close();
    assertThrows(() => openFiniteFile(linux, path), Error, "a fifo, expected");
  } finally {
    closeSync(number);
  }
});

test("finite file: digests end at the first file that has no end", ({ linux, directory }) => {
  writeFileSync(`${directory}/file`, "hello");
  const paths = [`${directory}/file`, "/dev/null", makeFifo(directory), `${directory}/file`];
  const digests = digestFiles(linux, paths.map(utf8), { ...ORDER, threads: 1, module: undefined });
  assertEquals(digests.next().value, fsVerityDigest(utf8("hello")));
  assertEquals(digests.next().value, fsVerityDigest(new Uint8Array()));
  assertThrows(() => digests.next(), Error, "a fifo, expected a regular file");
  // A fifo that has taken a file's place since its size was asked for is refused, not waited for.
  assertThrows(() => new DigestTask(linux, ORDER).read(utf8(paths[2]!), 5), SyscallError);
});

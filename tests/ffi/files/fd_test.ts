import { assertEquals, assertThrows } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { pathTo, test } from "../harness.ts";

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

test("Fd: reads at a position, in chunks and whole", ({ linux, directory }) => {
  const contents = pattern(200_000);
  writeFileSync(`${directory}/f`, contents);
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(file.size, contents.length);
  const middle = new Uint8Array(1000);
  assertEquals(file.readAt(middle, 150_000), 1000);
  assertEquals(middle, contents.slice(150_000, 151_000));
  assertEquals(file.readAt(middle, 199_990), 10);
  assertEquals(file.readAt(middle, 200_000), 0);
  let position = 0;
  for (const chunk of file.chunks(new Uint8Array(4099))) {
    assertEquals(chunk, contents.slice(position, position + chunk.length));
    position += chunk.length;
  }
  assertEquals(position, contents.length);
  using again = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(again.readAll(), contents);
  using limited = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(limited.readAll(199_999), undefined);
});

test("Fd: reads beyond 4 GiB", ({ linux, directory }) => {
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDWR | O_CREAT, mode: 0o600 });
  file.writeAt(utf8("far"), 5_000_000_000);
  const into = new Uint8Array(5);
  assertEquals(file.readAt(into, 4_999_999_999), 4);
  assertEquals(into, utf8("\0far\0"));
  assertEquals(file.stat().size, 5_000_000_003);
});

test("Fd: writes on, and a part at a position", ({ linux, directory }) => {
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_WRONLY | O_CREAT, mode: 0o640 });
  file.write(utf8("abc"));
  file.write(utf8("def"));
  file.writeAt(utf8("XYZ"), 1, 2);
  file.chmod(0o604);
  file.sync();
  file.close();
  assertEquals(readFileSync(`${directory}/f`, "utf8"), "aXYdef");
  assertEquals(statSync(`${directory}/f`).mode & 0o7777, 0o604);
});

test("Fd: a closed one is closed for good", ({ linux, directory }) => {
  writeFileSync(`${directory}/f`, "x");
  const file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  file.close();
  file.close();
  assertThrows(() => file.read(new Uint8Array(1)), TypeError, `Cannot use "${directory}/f"`);
});

test("Fd: says what cannot be opened and why", ({ linux, directory }) => {
  const error = assertThrows(
    () => Fd.open(linux, pathTo(directory, "none"), { flags: O_RDONLY }),
    SyscallError,
  );
  assertEquals(
    error.message,
    `Cannot open "${directory}/none": No such file or directory (ENOENT)`,
  );
});

test("Fd: waits where a stream has no data yet", ({ linux, directory }) => {
  spawnSync("mkfifo", [`${directory}/fifo`]);
  using fifo = Fd.open(linux, pathTo(directory, "fifo"), { flags: O_RDWR | O_NONBLOCK });
  const writer = spawn("sh", ["-c", `sleep 0.2; echo late > ${directory}/fifo`]);
  const into = new Uint8Array(10);
  const count = fifo.read(into);
  assertEquals(new TextDecoder().decode(into.subarray(0, count)), "late\n");
  return new Promise((resolve) => writer.on("close", () => resolve()));
});

test("Fd: waits where a stream takes no more", async ({ linux, directory }) => {
  spawnSync("mkfifo", [`${directory}/fifo`]);
  const flags = O_RDWR | O_NONBLOCK;
  const contents = pattern(1_000_000);
  const script = 'exec < "$0/fifo"; touch "$0/ready"; sleep 0.1; head -c 1000000 > "$0/out"';
  using fifo = Fd.open(linux, pathTo(directory, "fifo"), { flags });
  const reader = spawn("sh", ["-c", script, directory]);
  const closed = new Promise((resolve) => reader.on("close", resolve));
  fifo.write(contents);
  await closed;
  assertEquals(new Uint8Array(readFileSync(`${directory}/out`)), contents);
});

test("Fd: a stream that nobody reads is EPIPE", ({ linux, directory }) => {
  spawnSync("mkfifo", [`${directory}/fifo`]);
  const path = pathTo(directory, "fifo");
  const reader = Fd.open(linux, path, { flags: O_RDONLY | O_NONBLOCK });
  using writer = Fd.open(linux, path, { flags: O_WRONLY });
  reader.close();
  const error = assertThrows(() => writer.write(utf8("x")), SyscallError);
  assertEquals(error.code, "EPIPE");
});

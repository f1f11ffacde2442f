import { assertEquals, assertRejects } from "@std/assert";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { openObjectStore } from "../../../ffi/objects/object_store.ts";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { PooledSink } from "../../../ffi/threads/pooled_sink.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { checkSink, checkStreams, givenFiles } from "../../kit/sink_contract.ts";
import { type Faults, openFaulty, repositoryPath, test } from "../harness.ts";

/** Two threads more by a module of their own; in the bundle for Bun there is no such module. */
const THREADED = "Bun" in globalThis
  ? { threads: 1, module: undefined }
  : { threads: 3, module: `file://${repositoryPath("tests/ffi/threads/worker.ts")}` };
const WAYS = { alone: { threads: 1, module: undefined }, "by threads": THREADED };

for (const [way, threads] of Object.entries(WAYS)) {
  test(`sink: digests what comes, ${way}`, async ({ linux }) => {
    const algorithms = ["sha256", "sha512"] as const;
    let last = 0;
    const onRead = (done: number) => last = done;
    using sink = new PooledSink(linux, { ...threads, algorithms, streams: 2, onRead });
    await checkSink(sink, 3);
    assertEquals(last, givenFiles(3).reduce((sum, { contents }) => sum + contents.length, 0));
  });

  test(`sink: takes any number of sequences, ${way}`, async ({ linux }) => {
    using sink = new PooledSink(linux, { ...threads, streams: 1 });
    await checkStreams(sink);
  });

  test(`sink: stores what comes, ${way}, and again`, async ({ linux, directory }) => {
    for (let round = 0; round < 2; round++) {
      using store = openObjectStore(linux, utf8(`${directory}/store`));
      using sink = new PooledSink(linux, { ...threads, store, streams: 2 });
      await checkSink(sink, 4);
    }
    for (const { contents } of givenFiles(4)) {
      if (contents.length <= 64) continue;
      const path = `${directory}/store/${objectPath(fsVerityDigest(contents))}`;
      assertEquals(new Uint8Array(readFileSync(path)), contents);
      assertEquals(statSync(path).mode & 0o7777, 0o644);
    }
  });
}

test("sink: a store that cannot be written serves if it has all", async ({ linux, directory }) => {
  const alone = { threads: 1, module: undefined, streams: 2 };
  const path = utf8(`${directory}/store`);
  {
    using store = openObjectStore(linux, path);
    using sink = new PooledSink(linux, { ...alone, store });
    await checkSink(sink, 4);
  }
  const faulty = await openFaulty({ openat: refuseNew });
  using store = openObjectStore(faulty, path);
  {
    using sink = new PooledSink(faulty, { ...alone, store });
    await checkSink(sink, 4);
  }
  using sink = new PooledSink(faulty, { ...alone, store });
  await assertRejects(() => checkSink(sink, 5), SyscallError, "EROFS");
});

/** Both architectures' bits of O_TMPFILE and O_CREAT. */
function refuseNew(_dirfd: unknown, _path: unknown, flags: unknown): number | undefined {
  return (flags as number) & 0o20000100 ? ERRNO.EROFS : undefined;
}

const FAULTS: Record<string, Faults> = {
  "a full disk": { pwrite: after(20, ERRNO.ENOSPC) },
  "a directory that takes no files": { openat: after(60, ERRNO.EACCES) },
};

function after(calls: number, errno: number): () => number | undefined {
  let left = calls;
  return () => left-- > 0 ? undefined : errno;
}

for (const [name, faults] of Object.entries(FAULTS)) {
  test(`sink: ${name} is an error, and no draft is left`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    using store = openObjectStore(linux, utf8(`${directory}/store`));
    using sink = new PooledSink(linux, { threads: 1, module: undefined, store, streams: 2 });
    await assertRejects(() => checkSink(sink, 5));
    sink[Symbol.dispose]();
    const strange = readdirSync(`${directory}/store`).filter((entry) =>
      !/^[0-9a-f]{2}$/.test(entry)
    );
    assertEquals(strange, []);
  });
}

import { assertEquals, assertThrows } from "@std/assert";
import { writeFileSync } from "node:fs";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { enableVerity, measureVerity, requireVerity } from "../../../ffi/files/fsverity.ts";
import { FSVERITY_DIGEST, FSVERITY_ENABLE_ARG, O_RDONLY } from "../../../ffi/sys/uapi.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { openAnswering } from "../answering.ts";
import { openFaulty, pathTo, test } from "../harness.ts";

test("fs-verity: the kernel's digest is ours, or it says why there is none", ({ linux, directory }) => {
  writeFileSync(`${directory}/f`, "contents");
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(measureVerity(file), undefined);
  try {
    enableVerity(file);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    assertEquals(
      error.message,
      `Cannot enable fs-verity on "${directory}/f": file system does not support it (${error.code})`,
    );
    return;
  }
  const digest = fsVerityDigest(utf8("contents"));
  assertEquals(measureVerity(file), digest);
  const again = assertThrows(() => enableVerity(file), SyscallError, "it is enabled already");
  assertEquals(again.code, "EEXIST");
});

test("fs-verity: salt and signature are where the kernel is told", async ({ linux, directory }) => {
  writeFileSync(`${directory}/f`, "");
  const salts = [0, 1, 32].map((size) => crypto.getRandomValues(new Uint8Array(size)));
  const signatures = [0, 1, 400, 16128].map((size) => crypto.getRandomValues(new Uint8Array(size)));
  for (const salt of salts) {
    for (const signature of signatures) {
      let calls = 0;
      const fake = await openAnswering({
        ioctl(_, __, argument) {
          const view = new DataView((argument as Uint8Array<ArrayBuffer>).buffer);
          const { saltSize, saltPtr, sigSize, sigPtr, ...rest } = FSVERITY_ENABLE_ARG.read(view, 0);
          assertEquals(rest, { version: 1, hashAlgorithm: 2, blockSize: 1024 });
          using memory = Fd.open(linux, utf8("/proc/self/mem"), { flags: O_RDONLY });
          const read = (size: number, address: number) => {
            if (size === 0) assertEquals(address, 0);
            const bytes = new Uint8Array(size);
            memory.readAt(bytes, address);
            return bytes;
          };
          assertEquals(read(saltSize, saltPtr), salt);
          assertEquals(read(sigSize, sigPtr), signature);
          calls++;
          return 0;
        },
      });
      using file = Fd.open(fake, pathTo(directory, "f"), { flags: O_RDONLY });
      enableVerity(file, { algorithm: "sha512", blockSize: 1024, salt, signature });
      assertEquals(calls, 1);
    }
  }
});

test("fs-verity: the kernel's reasons in words", async ({ directory }) => {
  writeFileSync(`${directory}/f`, "");
  const options = { salt: new Uint8Array(3), signature: new Uint8Array(5) };
  const expected: readonly (readonly [number, string])[] = [
    [ERRNO.EOPNOTSUPP, "file system does not support it (EOPNOTSUPP)"],
    [ERRNO.ETXTBSY, "file is open for writing (ETXTBSY)"],
    [ERRNO.EISDIR, "a directory, expected a regular file (EISDIR)"],
    [
      ERRNO.EINVAL,
      "expected a regular file, and a kernel that takes sha256 with blocks of 4096 bytes (EINVAL)",
    ],
    [
      ERRNO.EMSGSIZE,
      "salt of 3 bytes, signature of 5: expected at most 32 and 16128 (EMSGSIZE)",
    ],
    [ERRNO.ENOKEY, "the kernel's keyring .fs-verity has no certificate for the signature (ENOKEY)"],
    [ERRNO.EIO, "Input/output error (EIO)"],
  ];
  for (const [errno, state] of expected) {
    const linux = await openFaulty({ ioctl: () => errno });
    using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
    const error = assertThrows(() => enableVerity(file, options), SyscallError) as Error;
    assertEquals(error.message, `Cannot enable fs-verity on "${directory}/f": ${state}`);
  }
});

test("fs-verity: a digest by an unknown algorithm keeps its number", async ({ directory }) => {
  writeFileSync(`${directory}/f`, "");
  const linux = await openAnswering({
    ioctl(_, __, argument) {
      const bytes = argument as Uint8Array<ArrayBuffer>;
      bytes.fill(7);
      const record = { digestAlgorithm: 9, digestSize: 20 };
      FSVERITY_DIGEST.write(new DataView(bytes.buffer), 0, record);
      return 0;
    },
  });
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(requireVerity(file), { algorithm: 9, bytes: new Uint8Array(20).fill(7) });
});

test("fs-verity: a file that must have a digest and has none is an error", async ({ directory }) => {
  writeFileSync(`${directory}/f`, "");
  const linux = await openFaulty({ ioctl: () => ERRNO.ENODATA });
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  assertEquals(measureVerity(file), undefined);
  const error = assertThrows(() => requireVerity(file), SyscallError) as Error;
  assertEquals(
    error.message,
    `Cannot measure fs-verity of "${directory}/f": fs-verity is not enabled on it (ENODATA)`,
  );
});

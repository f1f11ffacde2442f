import { assertEquals, assertThrows } from "@std/assert";
import { writeFileSync } from "node:fs";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { readVerityMetadata, type VerityMetadataType } from "../../../ffi/files/verity_metadata.ts";
import {
  FS_IOC_READ_VERITY_METADATA,
  FSVERITY_READ_METADATA_ARG,
  O_RDONLY,
  O_RDWR,
} from "../../../ffi/sys/uapi.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { openAnswering } from "../answering.ts";
import { openFaulty, pathTo, test } from "../harness.ts";

const TREE = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

/** A kernel that has a Merkle tree, and writes it to wherever the record points. */
async function openWithTree(real: Linux, asked: number[]): Promise<Linux> {
  return await openAnswering({
    ioctl(_, request, argument) {
      if (request !== FS_IOC_READ_VERITY_METADATA) return undefined;
      const view = new DataView((argument as Uint8Array<ArrayBuffer>).buffer);
      const { metadataType, offset, length, bufPtr } = FSVERITY_READ_METADATA_ARG.read(view, 0);
      if (metadataType !== 1) return -ERRNO.EINVAL;
      asked.push(length);
      const part = TREE.slice(offset, offset + length);
      using memory = Fd.open(real, utf8("/proc/self/mem"), { flags: O_RDWR });
      if (part.length > 0) memory.writeAt(part, bufPtr);
      return part.length;
    },
  });
}

function read(linux: Linux, directory: string, range?: { offset: number; length: number }) {
  writeFileSync(`${directory}/f`, "");
  using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
  const chunks = [];
  for (const chunk of readVerityMetadata(file, "merkle_tree", range)) chunks.push(chunk.slice());
  return concatBytes(...chunks);
}

test("verity metadata: all of it comes in pieces, through the pointer", async ({ linux, directory }) => {
  const asked: number[] = [];
  const fake = await openWithTree(linux, asked);
  assertEquals(read(fake, directory), TREE);
  assertEquals(asked.length, 5);
});

test("verity metadata: a range has what there is of it", async ({ linux, directory }) => {
  const asked: number[] = [];
  const fake = await openWithTree(linux, asked);
  const part = (offset: number, length: number) => read(fake, directory, { offset, length });
  assertEquals(part(10, 100), TREE.subarray(10, 110));
  assertEquals(part(0, 0), new Uint8Array());
  assertEquals(asked, [100]);
  assertEquals(part(70_000, 100_000), TREE.subarray(70_000, 170_000));
  assertEquals(part(199_999, 2 ** 52), TREE.subarray(199_999));
  assertEquals(part(2 ** 52, 1), new Uint8Array());
});

test("verity metadata: the error names what was asked for", async ({ directory }) => {
  writeFileSync(`${directory}/f`, "");
  const message = async (type: VerityMetadataType, errno: number) => {
    const linux = await openFaulty({ ioctl: () => errno });
    using file = Fd.open(linux, pathTo(directory, "f"), { flags: O_RDONLY });
    const error = assertThrows(() => [...readVerityMetadata(file, type)], SyscallError);
    return (error as Error).message.replace(directory, "");
  };
  assertEquals(
    await message("descriptor", ERRNO.ENODATA),
    'Cannot read fs-verity descriptor of "/f": fs-verity is not enabled on it (ENODATA)',
  );
  assertEquals(
    await message("signature", ERRNO.ENODATA),
    'Cannot read fs-verity signature of "/f": fs-verity is not enabled on it, or without a signature (ENODATA)',
  );
  assertEquals(
    await message("merkle_tree", ERRNO.ENOTTY),
    'Cannot read fs-verity merkle tree of "/f": only ext4 and f2fs hand it out, since Linux 5.12',
  );
  assertEquals(
    await message("merkle_tree", ERRNO.EIO),
    'Cannot read fs-verity merkle tree of "/f": Input/output error (EIO)',
  );
});

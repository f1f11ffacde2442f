import { assertEquals } from "@std/assert";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { hashFile } from "../../../lib/digest/hash_file.ts";
import { type File, memoryFile } from "../../../lib/file/file.ts";
import { createRandom } from "../../../scripts/random.ts";

const MEBIBYTE = 1 << 20;
const CONTENTS = createRandom(11).bytes(2 * MEBIBYTE + 5000);

Deno.test("a file has the digest of its contents, by any buffer and algorithm", () => {
  const files = [0, 1, 4096, 4097, MEBIBYTE, CONTENTS.length];
  for (const size of files) {
    const contents = CONTENTS.subarray(0, size);
    for (const algorithm of ["sha256", "sha512"] as const) {
      for (const buffer of [new Uint8Array(1000), new Uint8Array(1 << 16), undefined]) {
        const options = { algorithm, ...(buffer === undefined ? {} : { buffer }) };
        const hasher = hashFile(memoryFile(contents), options);
        assertEquals(hasher.size, size);
        assertEquals(hasher.digest(), fsVerityDigest(contents, { algorithm }));
      }
    }
  }
});

Deno.test("no more than the limit is read, by which a file that grows is noticed", () => {
  for (const limit of [0, 1, 5000, MEBIBYTE, MEBIBYTE + 1]) {
    const hasher = hashFile(memoryFile(CONTENTS), { limit });
    assertEquals(hasher.size, limit);
    assertEquals(hasher.digest(), fsVerityDigest(CONTENTS.subarray(0, limit)));
  }
  assertEquals(hashFile(memoryFile(CONTENTS), { limit: 2 ** 40 }).size, CONTENTS.length);
});

Deno.test("holes are not read, and their place among the pieces is told", () => {
  const contents = CONTENTS.slice();
  contents.fill(0, 100_000, MEBIBYTE);
  const file: File = {
    ...memoryFile(contents),
    readAt(into, position) {
      assertEquals(position < 100_000 || position >= MEBIBYTE, true);
      return memoryFile(contents).readAt(into, position);
    },
    nextData(position) {
      return position < 100_000
        ? { start: position, end: 100_000 }
        : { start: Math.max(position, MEBIBYTE), end: contents.length };
    },
  };
  const holes: number[] = [];
  let read = 0;
  const hasher = hashFile(file, {
    onPiece({ position, length, bytes }) {
      assertEquals(position, read);
      read += length;
      if (bytes === undefined) holes.push(position, length);
      else assertEquals(bytes.slice(), contents.slice(position, position + length));
    },
  });
  assertEquals(hasher.digest(), fsVerityDigest(contents));
  assertEquals(holes, [100_000, MEBIBYTE - 100_000]);
  assertEquals(read, contents.length);
});

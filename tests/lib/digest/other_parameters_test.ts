import { assertEquals, assertThrows } from "@std/assert";
import { decodeBlockParameters, encodeFsVerityDescriptor } from "../../../lib/digest/descriptor.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { hasDigestByOther } from "../../../lib/digest/other_parameters.ts";
import { SEQUENTIAL_TREES } from "../../../lib/digest/tree_source.ts";
import { openVerified } from "../../../lib/digest/verified_file.ts";
import { type File, memoryFile, readWhole } from "../../../lib/file/file.ts";
import { sequentialChecker } from "../../../lib/objects/check.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

const OTHERS = [{ blockSize: 1024 }, { blockSize: 4096, salt: utf8("salt") }, {
  blockSize: 65536,
  salt: new Uint8Array(32).fill(7),
}];
const SIZES = [1, 5000, 2 ** 20 + 4097];

function contentsOf(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i * 31 + (i >> 12));
}

Deno.test("a file is what its digest by other parameters says, if these are known", () => {
  for (const size of SIZES) {
    const contents = contentsOf(size);
    for (const algorithm of ["sha256", "sha512"] as const) {
      for (const parameters of OTHERS) {
        const digest = fsVerityDigest(contents, { algorithm, ...parameters });
        assertThrows(() => openVerified(memoryFile(contents), { digest, size }), IntegrityError);
        const trees = { ...SEQUENTIAL_TREES, otherParameters: () => OTHERS };
        using file = openVerified(memoryFile(contents), { digest, size, trees });
        assertEquals(readWhole(file), contents);
        const others = OTHERS.filter((each) => each !== parameters);
        const wrong = { ...SEQUENTIAL_TREES, otherParameters: () => others };
        assertThrows(
          () => openVerified(memoryFile(contents), { digest, size, trees: wrong }),
          IntegrityError,
        );
        assertEquals(hasDigestByOther(memoryFile(contents), digest, others), false);
      }
    }
  }
});

Deno.test("a file that changes while it is hashed by other parameters is not handed out", () => {
  const size = SIZES[2]!;
  const before = contentsOf(size);
  const after = before.with(100, before[100]! ^ 1);
  const digest = fsVerityDigest(after, OTHERS[0]);
  let reads = 0;
  const file: File = {
    size,
    readAt: (into, position) =>
      memoryFile(reads++ * into.length < size ? before : after).readAt(into, position),
    [Symbol.dispose]() {},
  };
  const trees = { ...SEQUENTIAL_TREES, otherParameters: () => OTHERS };
  assertThrows(() => {
    using opened = openVerified(file, { digest, size, trees });
    readWhole(opened);
  }, IntegrityError);
});

Deno.test("objects are checked by other parameters as well", async () => {
  const contents = contentsOf(5000);
  const digest = fsVerityDigest(contents, OTHERS[1]);
  const object = { kind: "external", path: utf8("ab/cd"), size: 5000, digest } as const;
  const layers = [{ open: () => memoryFile(contents) }];
  const check = async (...parameters: typeof OTHERS) =>
    (await Array.fromAsync(sequentialChecker(layers, () => parameters)([object], () => {})))[0]!;
  assertEquals((await check()).problem, "digest");
  assertEquals((await check(...OTHERS)).problem, undefined);
});

Deno.test("a descriptor tells its block size and salt, and what is none tells nothing", () => {
  const hasher = portableHasher("sha256");
  const descriptor = encodeFsVerityDescriptor({
    algorithm: hasher.algorithm,
    blockSize: 1024,
    salt: utf8("salt"),
    dataSize: 5,
    rootHash: new Uint8Array(32),
  });
  assertEquals(decodeBlockParameters(descriptor), { blockSize: 1024, salt: utf8("salt") });
  for (const [at, value] of [[0, 2], [2, 9], [2, 17], [3, 33]] as const) {
    assertEquals(decodeBlockParameters(descriptor.with(at, value)), undefined);
  }
  assertEquals(decodeBlockParameters(descriptor.subarray(0, 255)), undefined);
});

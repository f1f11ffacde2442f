import { assertEquals } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatFsVerityDigest } from "../../../lib/digest/descriptor.ts";
import { FsVerityHasher } from "../../../lib/digest/fs_verity.ts";
import { type HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { long } from "../../../scripts/test/effort.ts";
import { runPeer, skipReason } from "../../../scripts/oracle.ts";
import { createRandom } from "../../../scripts/random.ts";
import { Scratch } from "../../kit/scratch.ts";

const ALGORITHMS: readonly HashAlgorithm[] = ["sha256", "sha512"];
const SIZES = [0, 1, 1023, 4095, 4096, 4097, 8192, 65536, 65537, 524288, 524289, 1_000_000];
const SALT_SIZES = [0, 1, 20, 32];
const skipped = skipReason("fsverity");
const { suffix, ignore } = long(skipped);

/** What `fsverity digest` makes of a file: digest, descriptor and Merkle tree. */
function judge(directory: string, file: string, args: readonly string[]): readonly string[] {
  const tree = join(directory, "tree");
  const descriptor = join(directory, "descriptor");
  const result = runPeer("fsverity", [
    "digest",
    "--compact",
    ...args,
    `--out-merkle-tree=${tree}`,
    `--out-descriptor=${descriptor}`,
    file,
  ]);
  assertEquals(result.stderr, "");
  return [
    new TextDecoder().decode(result.stdout).trim(),
    readFileSync(descriptor).toString("hex"),
    readFileSync(tree).toString("hex"),
  ];
}

for (const algorithm of ALGORITHMS) {
  for (const blockSize of [128, 1024, 4096, 16384, 65536]) {
    Deno.test({
      name: `fsverity digests as we do: ${algorithm}, blocks of ${blockSize}${suffix}`,
      ignore,
      fn() {
        const random = createRandom(blockSize);
        using scratch = new Scratch();
        const file = scratch.path("file");
        for (const size of SIZES) {
          const contents = random.bytes(size);
          writeFileSync(file, contents);
          for (const salt of SALT_SIZES.map((length) => random.bytes(length))) {
            const args = [`--hash-alg=${algorithm}`, `--block-size=${blockSize}`];
            if (salt.length > 0) args.push(`--salt=${salt.toHex()}`);
            const hasher = new FsVerityHasher({ algorithm, blockSize, salt, keepTree: true });
            hasher.update(contents);
            const ours = [hasher.digest().bytes, hasher.descriptor(), hasher.merkleTree()];
            const name = `${size} bytes, salt of ${salt.length}`;
            assertEquals(
              ours.map((bytes) => bytes.toHex()),
              judge(scratch.directory, file, args),
              name,
            );
          }
        }
      },
    });
  }
}

Deno.test({
  name: `fsverity digests sizes around powers of the fan-out as we do${suffix}`,
  ignore,
  fn() {
    using scratch = new Scratch();
    const file = scratch.path("file");
    const contents = createRandom(31).bytes(2 ** 20);
    for (const size of [2 ** 26, 2 ** 26 + 1, 200_000_000]) {
      const hasher = new FsVerityHasher({ keepTree: true });
      writeFileSync(file, "");
      for (let at = 0; at < size; at += contents.length) {
        const chunk = contents.subarray(0, Math.min(contents.length, size - at));
        hasher.update(chunk);
        writeFileSync(file, chunk, { flag: "a" });
      }
      const ours = [hasher.digest().bytes, hasher.descriptor(), hasher.merkleTree()];
      const theirs = judge(scratch.directory, file, []);
      assertEquals(ours.map((bytes) => bytes.toHex()).join() === theirs.join(), true, `${size}`);
    }
  },
});

Deno.test({
  name: `fsverity formats digests for built-in signatures as we do${skipped}`,
  ignore: skipped !== "",
  fn() {
    using scratch = new Scratch();
    const file = scratch.path("file");
    writeFileSync(file, "hello");
    for (const algorithm of ALGORITHMS) {
      const args = ["digest", "--compact", "--for-builtin-sig", `--hash-alg=${algorithm}`, file];
      const theirs = new TextDecoder().decode(runPeer("fsverity", args).stdout).trim();
      const digest = new FsVerityHasher({ algorithm }).update(readFileSync(file)).digest();
      assertEquals(formatFsVerityDigest(digest).toHex(), theirs);
    }
  },
});

import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../../lib/bytes/text.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { longTest, seeds } from "../../../scripts/test/effort.ts";
import { mutateTar } from "../../kit/mutate_tar.ts";
import { bytesOf, END, extended, file, header, octal, tell } from "../../kit/tar_archive.ts";

const GNU = { magic: "ustar  \0" };

/** Members of every kind, each with what stands before it. */
const PARTS: readonly Uint8Array[] = [
  file({ name: "plain" }, "contents"),
  file({ name: "long", mtime: octal(1_700_000_000) }, "c".repeat(1500)),
  header({ name: "old/", type: "\0", magic: "\0".repeat(8) }),
  header({ name: "dir", type: "5", prefix: "prefix" }),
  header({ name: "hard", type: "1", linkName: "plain" }),
  header({ name: "symbolic", type: "2", linkName: "target" }),
  header({ name: "device", type: "3", major: "0000001\0", minor: "0000003\0" }),
  header({ name: "fifo", type: "6", uid: "\x80\0\0\0\xee\0\0\0" }),
  concatBytes(
    extended([
      ["path", "a/long/name"],
      ["mtime", "-1.75"],
      ["uid", "3000000000"],
      ["SCHILY.xattr.user.a%3Db", "value"],
      ["LIBARCHIVE.xattr.user.c", "dmFsdWU"],
      ["SCHILY.acl.access", "user::rw-,user:1000:r--,group::r--,mask::r--,other::---"],
    ]),
    file({}, "with records"),
  ),
  extended([["mtime", "5.5"], ["SCHILY.xattr.user.all", "all"], ["comment", "none"]], "g"),
  concatBytes(
    file({ ...GNU, type: "K" }, "t".repeat(200) + "\0"),
    file({ ...GNU, type: "L" }, "n".repeat(200) + "\0"),
    header({ ...GNU, type: "2" }),
  ),
  file({ ...GNU, name: "dump", type: "D" }, "Yplain\0Nlong\0\0"),
  concatBytes(
    file({
      ...GNU,
      name: "sparse-old",
      type: "S",
      at: {
        386: octal(10) + octal(5) + octal(100) + octal(3) + "\0".repeat(48) + "\0" + octal(200),
      },
    }, "fivexabc"),
  ),
  concatBytes(
    extended([
      ["GNU.sparse.size", "200"],
      ["GNU.sparse.numblocks", "2"],
      ["GNU.sparse.offset", "10"],
      ["GNU.sparse.numbytes", "5"],
      ["GNU.sparse.offset", "100"],
      ["GNU.sparse.numbytes", "3"],
    ]),
    file({ name: "sparse-0.0" }, "fivexabc"),
  ),
  concatBytes(
    extended([["GNU.sparse.size", "200"], ["GNU.sparse.name", "sparse-0.1"], [
      "GNU.sparse.map",
      "10,5,100,3",
    ]]),
    file({}, "fivexabc"),
  ),
  concatBytes(
    extended([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "sparse-1.0"],
      ["GNU.sparse.realsize", "200"],
    ]),
    file({}, "2\n10\n5\n100\n3\n".padEnd(512, "\0") + "fivexabc"),
  ),
];

function randomArchive(random: Random): Uint8Array<ArrayBuffer> {
  const parts = random.shuffle(PARTS).slice(0, random.int(1, PARTS.length));
  return concatBytes(...parts, END, bytesOf("rest".repeat(random.int(0, 3))));
}

/** What comes of an archive: what is told of it, or the error. */
function outcome(chunks: readonly Uint8Array[]): unknown {
  try {
    const { members, rejoined } = tell(chunks, { maxMembers: 1000, maxHeader: 1 << 16 });
    for (const { member: { size }, contents } of members) {
      let end = 0;
      for (const [position, bytes] of contents) {
        assert(position >= end);
        end = position + bytes.length;
      }
      assert(end <= size);
    }
    assertEquals(rejoined, concatBytes(...chunks));
    return members;
  } catch (error) {
    if (!(error instanceof TarFormatError)) throw error;
    return error.message;
  }
}

function randomCuts(random: Random, bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = random.pick([1, 3, 100, 511, 512, 513, 2000]);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

Deno.test("whatever order members come in, and wherever the archive is cut, the same is told", () => {
  for (const seed of seeds(1, 50)) {
    const random = createRandom(seed);
    const archive = randomArchive(random);
    const whole = outcome([archive]);
    assert(Array.isArray(whole), `seed ${seed}: ${whole}`);
    assertEquals(outcome(randomCuts(random, archive)), whole, `seed ${seed}`);
  }
});

longTest("damaged archives are read or refused, soon, and the same wherever they are cut", () => {
  let refused = 0;
  let cases = 0;
  for (const seed of seeds(1, 3000)) {
    const random = createRandom(seed);
    const archive = mutateTar(random, randomArchive(random));
    const start = performance.now();
    const whole = outcome([archive]);
    const time = performance.now() - start;
    assert(time < 1000, `seed ${seed} took ${time} ms`);
    assertEquals(outcome(randomCuts(random, archive)), whole, `seed ${seed}`);
    cases++;
    if (typeof whole === "string") refused++;
  }
  // Neither would say anything if it were all.
  assert(cases < 100 || refused > cases / 10 && refused < cases * 9 / 10, `${refused} of ${cases}`);
});

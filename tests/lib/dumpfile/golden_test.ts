/**
 * Dump files to images, byte for byte against what mkcomposefs 1.0.8 makes of them.
 *
 * Hand-made dumps, one vector for each rule of the layout, 2,000 random dumps, and refusals of every
 * kind. The stored results come from the program; where it is on PATH they are checked against it.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { createImageFromDump } from "../../../mod.ts";
import { declareCase } from "../../kit/cases.ts";
import { long, seeds } from "../../../scripts/test/effort.ts";
import {
  findPeer,
  referenceDigest,
  referenceImage,
  skipReason,
  type VersionRange,
} from "../../../scripts/oracle.ts";
import { randomDump } from "../../kit/random_dump.ts";
import { VECTORS } from "../../kit/vectors.ts";

const repository = process.env.COMPOSEFS_TEST_REPOSITORY;
const GOLDEN = repository === undefined
  ? new URL("../../golden/", import.meta.url)
  : pathToFileURL(`${repository}/tests/golden/`);

/** Turns a dump into an image, or throws: the function under test. */
function build(dump: Uint8Array, versions: VersionRange): Uint8Array {
  const { minVersion, maxVersion } = versions;
  return createImageFromDump([dump], {
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
}

function sha256(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** fs-verity digest of whole blocks, on its own so that it shares no mistake with the library. */
function verityDigest(image: Uint8Array): string {
  assertEquals(image.length % 4096, 0);
  let level = image;
  while (level.length > 4096) {
    const hashes = new Uint8Array(Math.ceil(level.length / 4096 / 128) * 4096);
    for (let i = 0; i < level.length / 4096; i++) {
      hashes.set(sha256(level.subarray(i * 4096, (i + 1) * 4096)), i * 32);
    }
    level = hashes;
  }
  const descriptor = new Uint8Array(256);
  descriptor.set([1, 1, 12, 0]);
  new DataView(descriptor.buffer).setBigUint64(8, BigInt(image.length), true);
  descriptor.set(sha256(level), 16);
  return hex(sha256(descriptor));
}

/** The message of a refusal; rethrows what is a crash of the parser rather than a verdict. */
function refusal(error: unknown): string {
  if (!(error instanceof Error) || error instanceof TypeError) throw error;
  if (/call stack|array length|offset is outside/i.test(error.message)) throw error;
  return error.message;
}

function refuses(dump: Uint8Array, versions: VersionRange = {}): void {
  refusal(assertThrows(() => build(dump, versions), Error));
}

function golden(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, GOLDEN)));
}

function goldenNames(shouldFail: boolean): string[] {
  const names = readdirSync(GOLDEN).filter((name) => name.endsWith(".dump"));
  return names.filter((name) => name.startsWith("should-fail-") === shouldFail).sort();
}

function goldenVersions(name: string): VersionRange {
  if (!readdirSync(GOLDEN).includes(`${name}.version`)) return {};
  const version = Number(new TextDecoder().decode(golden(`${name}.version`)));
  return { minVersion: version, maxVersion: version };
}

const text = (dump: string) => new TextEncoder().encode(dump);
const ROOT = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
const noReference = findPeer("mkcomposefs") === undefined;

for (const vector of VECTORS) {
  declareCase(`vector ${vector.name}`, () => {
    const image = build(vector.dump(), vector.versions);
    assertEquals(image.length, vector.size);
    assertEquals(hex(sha256(image)).slice(0, 16), vector.sha256);
    assertEquals(verityDigest(image), vector.digest);
  });
}

for (const name of goldenNames(false)) {
  declareCase(`golden ${name}`, () => {
    const expected = new TextDecoder().decode(golden(`${name}.digest`)).trimEnd();
    assertEquals(verityDigest(build(golden(name), goldenVersions(name))), expected);
  });
}

for (const name of goldenNames(true)) {
  declareCase(`golden ${name}`, () => refuses(golden(name)));
}

declareCase("golden folder holds dumps of both kinds", () => {
  assert(goldenNames(false).length >= 20);
  assert(goldenNames(true).length >= 80);
});

const { suffix: notQuick, ignore: leftOut } = long();

declareCase(
  `random dumps give the images of mkcomposefs 1.0.8 or are refused with it${notQuick}`,
  () => {
    const failures: string[] = [];
    const rows = new TextDecoder().decode(golden("random_dumps.txt")).trim().split("\n");
    assertEquals(rows.length, 2000);
    for (const row of rows) {
      const [seed, dumpHash, expected] = row.split(" ");
      const random = randomDump(Number(seed));
      assertEquals(
        hex(sha256(random.dump)).slice(0, 16),
        dumpHash,
        `the generator changed (seed ${seed}): run tests/kit/gen_golden.ts`,
      );
      let result: string;
      try {
        result = hex(sha256(build(random.dump, random))).slice(0, 32);
      } catch (error) {
        const message = refusal(error);
        result = expected === "refused" ? expected : `refused: ${message}`;
      }
      if (result !== expected) failures.push(`seed ${seed}: ${result}, expected ${expected}`);
    }
    assertEquals(failures.slice(0, 20), [], `${failures.length} of 2000 dumps differ`);
  },
  leftOut,
);

/** What mkcomposefs 1.0.8 takes, with results that nobody should rely on. */
const STRICTER: Record<string, string> = {
  "short digest": "/a 9 100644 1 0 0 0 0.0 p - abcd\n",
  "long digest": `/a 9 100644 1 0 0 0 0.0 p - ${"ab".repeat(33)}\n`,
  "digest of other letters": `/a 9 100644 1 0 0 0 0.0 p - ${"zz".repeat(32)}\n`,
  "carriage return after the digest": "/a 9 100644 1 0 0 0 0.0 p - -\r\n",
  "hard link to a directory": "/d 0 40755 2 0 0 0 0.0 - - -\n/l 0 @100644 1 0 0 0 0.0 /d - -\n",
  "hard link to the root": "/l 0 @100644 1 0 0 0 0.0 / - -\n",
  "hard link without payload": "/l 0 @100644\n",
  "size that wraps": "/a 18446744073709551615 100644 1 0 0 0 0.0 - - -\n",
  "bad gid beside a uid": "/a 0 100644 1 5 x 0 0.0 - - -\n",
  "NUL in a name": "/a\\x00b 0 100644 1 0 0 0 0.0 - - -\n",
  "NUL in a symlink": "/a 0 120777 1 0 0 0 0.0 a\\x00b - -\n",
  "NUL in an xattr's name": "/a 0 100644 1 0 0 0 0.0 - - - user.a\\x00b=c\n",
};

for (const [name, line] of Object.entries(STRICTER)) {
  declareCase(`stricter than mkcomposefs: ${name}`, () => refuses(text(ROOT + line)));
}

declareCase("refuses more xattr text than a line may have", () => {
  refuses(text(`${ROOT}/a 0 100644 1 0 0 0 0.0 - - - user.${"k".repeat(65530)}=\n`));
});

declareCase("refuses an entry that leads into a cycle of hard links", () => {
  const link = (from: string, to: string) => `${from} 0 @100644 1 0 0 0 0.0 ${to} - -\n`;
  refuses(text(ROOT + link("/a", "/b") + link("/b", "/a") + link("/c", "/a")));
});

declareCase("refuses format versions above 1", () => {
  refuses(text(ROOT), { minVersion: 2, maxVersion: 2 });
  refuses(text(ROOT), { minVersion: 0, maxVersion: 2 });
});

declareCase("a dump gives one image however its bytes are cut", () => {
  const dump = golden("hard-links.dump");
  const whole = createImageFromDump([dump]);
  for (const size of [1, 7, 4096]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < dump.length; at += size) chunks.push(dump.slice(at, at + size));
    assertEquals(createImageFromDump(chunks), whole);
  }
});

declareCase(`mkcomposefs agrees with the stored digests${skipReason("mkcomposefs")}`, () => {
  for (const { name, dump, versions, digest } of VECTORS) {
    assertEquals(referenceDigest(dump(), versions), digest, name);
  }
  for (const name of goldenNames(false)) {
    const expected = new TextDecoder().decode(golden(`${name}.digest`)).trimEnd();
    assertEquals(referenceDigest(golden(name), goldenVersions(name)), expected, name);
  }
  for (const name of goldenNames(true)) {
    assert("refused" in referenceImage(golden(name)), `accepted: ${name}`);
  }
}, noReference);

declareCase(
  `random dumps beyond the stored ones match mkcomposefs${skipReason("mkcomposefs")}`,
  () => {
    for (const seed of seeds(1_000_000, 100)) {
      const random = randomDump(seed);
      const verdict = referenceImage(random.dump, random);
      if ("refused" in verdict) refuses(random.dump, random);
      else {assertEquals(
          hex(sha256(build(random.dump, random))),
          hex(sha256(verdict.image)),
          `${seed}`,
        );}
    }
  },
  noReference,
);

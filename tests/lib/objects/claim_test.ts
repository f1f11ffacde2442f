/**
 * What names of objects claim. The OSTree checksums are those of objects in a bare repository of
 * OSTree 2026.4, into which files with these attributes were committed.
 */

import { Digest } from "../../../lib/digest/digest.ts";
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { ClaimCheck, claimOf, type ObjectClaim } from "../../../lib/objects/claim.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import type { Stat } from "../../../lib/tree/tree.ts";
import { xattr } from "../../kit/trees.ts";

const STAT: Stat = { mode: 0o644, uid: 0, gid: 0, nlink: 1, mtime: 0, mtimeNsec: 0, xattrs: [] };
const CONF = utf8("conf\n");
const CONF_PATH = "77/3ca48de63cd7369b57a0a8a9685276ab782ce3e30cde14eb2003e2868729bd.file";
const CONF_STAT = { ...STAT, xattrs: [xattr("user.foo", "bar")] };

function isRight(path: string, contents: Uint8Array, stat = STAT): boolean {
  const claim = claimOf(utf8(path), stat)!;
  const whole = new ClaimCheck(claim);
  whole.update(contents);
  const inPieces = new ClaimCheck(claim);
  for (const byte of contents) inPieces.update(Uint8Array.of(byte));
  const results = [whole.finish(), inPieces.finish()] as const;
  assertEquals(results[0], results[1]);
  assertEquals(results[0].digest.algorithm, claim.digest.algorithm);
  return results[0].isRight;
}

Deno.test("a name may be the fs-verity digest of the contents, or their SHA-256", () => {
  const names = [
    objectPath(fsVerityDigest(CONF)),
    objectPath(fsVerityDigest(CONF, { algorithm: "sha512" })),
    objectPath(new Digest("sha256", portableHasher("sha256").hash(CONF))),
  ];
  for (const name of names) {
    assert(isRight(name, CONF), name);
    assert(!isRight(name, utf8("Conf\n")), name);
    assert(!isRight(name, utf8("")), name);
  }
  // No kind of store names objects by the plain SHA-512 of their contents.
  assert(!isRight(objectPath(new Digest("sha512", portableHasher("sha512").hash(CONF))), CONF));
});

Deno.test("a name may be OSTree's checksum, which owner, mode and xattrs are part of", () => {
  assert(isRight(CONF_PATH, CONF, CONF_STAT));
  assert(!isRight(CONF_PATH, utf8("conf!"), CONF_STAT));
  for (
    const change of [
      { uid: 1 },
      { gid: 1 },
      { mode: 0o4644 },
      { xattrs: [] },
      { xattrs: [xattr("user.foo", "baz")] },
      { xattrs: [xattr("user.foo", "bar"), xattr("user.g", "")] },
    ]
  ) assert(!isRight(CONF_PATH, CONF, { ...CONF_STAT, ...change }));
  // The checksum does not cover times and link counts.
  assert(isRight(CONF_PATH, CONF, { ...CONF_STAT, mtime: 5, mtimeNsec: 6, nlink: 7 }));
});

Deno.test("OSTree's header grows with its xattrs, and so do the offsets in it", () => {
  const sizes = [0, 100, 200, 260, 70_000].map((length) => {
    const stat = { ...STAT, xattrs: [xattr("user.a", "x".repeat(length)), xattr("user.b", "")] };
    return (claimOf(utf8(CONF_PATH), stat) as ObjectClaim).header!.length - length;
  });
  // 8 of size, 16 of numbers, the target's NUL; names with a NUL each; five offsets of one to four bytes.
  const fixed = 8 + 16 + 1 + 7 + 7;
  assertEquals(sizes, [fixed + 5, fixed + 5, fixed + 5, fixed + 9, fixed + 17]);
});

Deno.test("other names say nothing", () => {
  const hex = fsVerityDigest(CONF).toHex();
  for (
    const path of [
      "",
      "x/y",
      hex,
      `${hex.slice(0, 2)}/${hex.slice(2, -1)}`,
      `${hex.slice(0, 2)}/${hex.slice(2)}0`,
      `${hex.slice(0, 2)}/${hex.slice(2).toUpperCase()}`,
      `${hex.slice(0, 3)}/${hex.slice(3)}`,
      `/${objectPath(fsVerityDigest(CONF))}`,
      `${objectPath(fsVerityDigest(CONF))}.filez`,
      `${objectPath(fsVerityDigest(CONF, { algorithm: "sha512" }))}.file`,
      "\n" + objectPath(fsVerityDigest(CONF)),
    ]
  ) assertEquals(claimOf(utf8(path), STAT), undefined, path);
});

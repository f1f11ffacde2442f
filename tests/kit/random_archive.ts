/**
 * Random archives of every kind of member, names in UTF-8.
 *
 * @module
 */

import { concatBytes, latin1 } from "../../lib/bytes/text.ts";
import type { Random } from "../../scripts/random.ts";
import { END, extended, file, header, octal, utf8Units } from "./tar_archive.ts";

const NAMES = [
  "a",
  "b",
  "c/d",
  "./c",
  "c/",
  "/e",
  "\u00e9\u4e16",
  ".wh.a",
  "c/.wh..wh..opq",
  "a b",
];

/** Makes an archive of up to ten members. */
export function randomArchive(random: Random): Uint8Array {
  return concatBytes(...Array.from({ length: random.int(0, 10) }, () => randomMember(random)), END);
}

function randomMember(random: Random): Uint8Array {
  const fields = {
    name: utf8Units(random.pick(NAMES)),
    mode: octal(random.int(0, 0o7777), 8),
    uid: octal(random.int(0, 0o777), 8),
    gid: octal(random.int(0, 0o777), 8),
    mtime: octal(random.int(0, 2 ** 31 - 1)),
  };
  const linkName = utf8Units(random.pick(NAMES));
  const device = {
    major: octal(random.int(0, 4095), 8),
    minor: octal(random.int(0, 2 ** 20 - 1), 8),
  };
  const member = random.weighted<() => Uint8Array>([
    [() => file({ ...fields, name: fields.name.replace(/\/$/, "") }, contents(random)), 8],
    [() => header({ ...fields, type: "5" }), 4],
    [() => header({ ...fields, type: random.pick(["1", "2"]), linkName }), 4],
    [() => header({ ...fields, ...device, type: random.pick(["3", "4"]) }), 1],
    [() => header({ ...fields, type: "6" }), 1],
  ])();
  return random.chance(70) ? member : concatBytes(extended(records(random)), member);
}

function contents(random: Random): string {
  const parts = Array.from(
    { length: random.int(0, 4) },
    () => random.chance(30) ? new Uint8Array(random.int(1, 400)) : random.bytes(random.int(1, 400)),
  );
  return latin1(concatBytes(...parts));
}

function records(random: Random): [string, string][] {
  return [
    ["mtime", `${random.int(0, 2 ** 31)}.${random.int(0, 999_999_999)}`],
    ["uid", String(random.int(0, 2 ** 31))],
    [
      `SCHILY.xattr.user.${random.pick(["a", "b", "\u00e9"].map(utf8Units))}`,
      latin1(random.bytes(5)),
    ],
    ["SCHILY.xattr.security.capability", latin1(random.bytes(20))],
  ];
}

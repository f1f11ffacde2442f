/**
 * Damage for JSON documents, drawn from a seeded sequence: values that become others, members and items that get
 * lost or come twice, and now and then bytes that are no JSON any more.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import type { Random } from "../../scripts/random.ts";

/** Values that a reader may not expect. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  1,
  2,
  -1,
  0.5,
  1e300,
  2 ** 32,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  "",
  "x",
  "\0",
  "\ufffd",
  "../x",
  "sha256:",
  `sha256:${"0".repeat(64)}`,
  "a".repeat(5000),
  [],
  [null],
  [[]],
  {},
  { x: 1 },
];

/** A JSON value with some of its parts changed; the argument is left alone. */
export function mutateJson(random: Random, value: unknown): unknown {
  let mutated = value;
  for (let count = random.int(1, 3); count > 0; count--) mutated = mutateOnce(random, mutated);
  return mutated;
}

/** A document of it, sometimes with damage to its bytes. */
export function mutateDocument(random: Random, value: unknown): Uint8Array {
  const bytes = utf8(JSON.stringify(mutateJson(random, value)) ?? "");
  if (random.chance(85) || bytes.length === 0) return bytes;
  const at = random.int(0, bytes.length - 1);
  if (random.chance(30)) return bytes.subarray(0, at);
  bytes[at] = random.chance(50) ? random.int(0, 255) : utf8('[]{}",:\\0')[random.int(0, 8)]!;
  return bytes;
}

/** Goes down to some part, and changes that. */
function mutateOnce(random: Random, value: unknown): unknown {
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || random.chance(8)) return odd(random, value);
  if (Array.isArray(value)) {
    const items: unknown[] = [...value];
    const at = random.int(0, items.length - 1);
    random.weighted<() => unknown>([
      [() => items.splice(at, 1), 10],
      [() => items.splice(at, 0, random.pick(items)), 10],
      [() => items[at] = mutateOnce(random, items[at]), 80],
    ])();
    return items;
  }
  const members = Object.entries(value as object);
  const at = random.int(0, members.length - 1);
  const [key, part] = members[at]!;
  random.weighted<() => unknown>([
    [() => members.splice(at, 1), 10],
    [() => members.push([key.toUpperCase(), part]), 5],
    [() => members.push([random.pick(["__proto__", "layers", "x"]), part]), 5],
    [() => members[at] = [key, mutateOnce(random, part)], 80],
  ])();
  return Object.fromEntries(members);
}

function odd(random: Random, value: unknown): unknown {
  if (typeof value === "number" && random.chance(50)) return value + random.int(-2, 2);
  if (typeof value === "string" && random.chance(50)) {
    const at = random.int(0, value.length);
    return value.slice(0, at) + random.pick(["", "0", ":", "/", "\0", "\ud800"]) +
      value.slice(at + 1);
  }
  return random.pick(ODD_VALUES);
}

import { assertEquals, assertThrows } from "@std/assert";
import { Glob } from "../../../lib/tree/glob.ts";
import { PatternError } from "../../../lib/tree/pattern_error.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";

function matches(pattern: string, name: string): boolean {
  return new Glob(utf8(pattern)).matches(utf8(name));
}

Deno.test("Glob: wildcards stand for what a shell takes them for", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["abc", "abc", "ab abcd Abc bc"],
    ["*", "a .hidden *", ""],
    ["*.o", ".o a.o a.b.o", "a.o.c o ao"],
    ["a*b*c", "abc aXbYc abbc abcabc", "ab ac abcd xabc"],
    ["?", "a . ?", "ab"],
    ["a?c", "abc a?c", "ac abbc"],
    ["[abc]x", "ax cx", "dx x abx"],
    ["[a-c]", "a b c", "d - A"],
    ["[!a-c]", "d - A", "a b c dd"],
    ["[^a]", "b ^", "a"],
    ["[]a]", "] a", "b"],
    ["[!]a]", "b [", "] a"],
    ["[a-]", "a -", "b"],
    ["[-a]", "a -", "b"],
    ["[*?]", "* ?", "a"],
    ["[\\]\\\\]", "] \\", "a"],
    ["[\\a-\\c]", "a b c", "\\ -"],
    ["[a[]", "a [", "]"],
    ["\\*", "*", "a \\*"],
    ["\\[a]", "[a]", "a"],
    ["a\\b", "ab", "a\\b"],
    ["]", "]", "["],
    ["!a", "!a", "b"],
  ];
  for (const [pattern, yes, no] of cases) {
    for (const name of yes.split(" ")) assertEquals(matches(pattern, name), true, pattern + name);
    for (const name of no.split(" ").filter((name) => name !== "")) {
      assertEquals(matches(pattern, name), false, pattern + name);
    }
  }
  assertEquals(matches("*", ""), true);
  assertEquals(matches("?", ""), false);
});

Deno.test("Glob: names are bytes, whatever text they are", () => {
  assertEquals(matches("ü*", "über"), true);
  assertEquals(matches("?ber", "über"), false);
  assertEquals(matches("??ber", "über"), true);
  assertEquals(matches("[!a]?ber", "über"), true);
  assertEquals(new Glob(Uint8Array.of(0xff, 0x2a)).matches(Uint8Array.of(0xff, 0x80)), true);
});

Deno.test("Glob: what is no pattern is refused", () => {
  const cases: Record<string, string> = {
    "a\\": "behind \\",
    "[": "expected ]",
    "[]": "expected ]",
    "[!]": "expected ]",
    "[a": "expected ]",
    "[a-": "expected ]",
    "[a\\": "expected ]",
    "[z-a]": "goes upwards",
    "[[:alpha:]]": "[:alpha:]",
    "[ä]": "ASCII",
    "a**": "**",
    "**": "**",
  };
  for (const [pattern, message] of Object.entries(cases)) {
    assertThrows(() => new Glob(utf8(pattern)), PatternError, message, pattern);
  }
});

/** What a pattern is made of: how it is spelled, and what it matches, undefined for a star. */
interface Part {
  readonly spelled: string;
  readonly set?: string;
}

const LETTERS = "ab]-!";

function randomPart(random: Random): Part {
  return random.pick<Part>([
    { spelled: "*" },
    { spelled: "*" },
    { spelled: "?", set: LETTERS },
    { spelled: "a", set: "a" },
    { spelled: "\\b", set: "b" },
    { spelled: "]", set: "]" },
    { spelled: "[ab]", set: "ab" },
    { spelled: "[]!-]", set: "]!-" },
    { spelled: "[!]a]", set: "b-!" },
    { spelled: "[^a-b]", set: "]-!" },
  ]);
}

/** By trying all there is. */
function naive(parts: readonly Part[], name: string): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return name === "";
  if (part.set !== undefined) {
    return name !== "" && part.set.includes(name[0]!) && naive(rest, name.slice(1));
  }
  return Array.from({ length: name.length + 1 }, (_, length) => name.slice(length)).some((left) =>
    naive(rest, left)
  );
}

Deno.test("Glob: random patterns match what a naive matcher says", () => {
  let found = 0;
  for (const seed of seeds(0, 5000)) {
    const random = createRandom(seed);
    const parts: Part[] = [];
    for (let i = random.int(0, 6); i > 0; i--) {
      const part = randomPart(random);
      if (part.set !== undefined || parts.at(-1)?.set !== undefined) parts.push(part);
    }
    const pattern = parts.map(({ spelled }) => spelled).join("");
    const name = Array.from({ length: random.int(0, 7) }, () => random.pick([...LETTERS])).join("");
    const expected = naive(parts, name);
    assertEquals(matches(pattern, name), expected, `seed ${seed}: ${pattern} ${name}`);
    if (expected) found++;
  }
  assertEquals(found > 0, true);
});

Deno.test("Glob: many stars cost no more than the lengths multiplied", () => {
  // With a step for each way to part the name, this would not end.
  assertEquals(matches("*a".repeat(60) + "*b", "a".repeat(255)), false);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { Automaton, PatternCostError, type State } from "../../../lib/selinux/_automaton.ts";
import { parsePattern } from "../../../lib/selinux/_pattern.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

function automaton(...patterns: readonly string[]): Automaton {
  const automaton = new Automaton();
  for (const pattern of patterns) {
    automaton.add(parsePattern(bytesOf(pattern), (state) => new SyntaxError(state)));
  }
  return automaton;
}

/** Numbers of the patterns that match a text, the last first; one unit a byte. */
function matches(automaton: Automaton, text: string): readonly number[] {
  let state: State = automaton.start;
  for (const byte of bytesOf(text)) state = automaton.step(state, byte);
  return state.matches;
}

Deno.test("a pattern matches the whole of what it says, and nothing else", () => {
  const cases: [pattern: string, yes: string[], no: string[]][] = [
    ["/usr/lib(64)?/x", ["/usr/lib/x", "/usr/lib64/x"], [
      "/usr/lib6/x",
      "/usr/lib/xx",
      "a/usr/lib/x",
    ]],
    ["/a(/.*)?", ["/a", "/a/", "/a/b/c\n"], ["/ab", "/"]],
    ["/a|/b", ["/a", "/b"], ["/a|/b", "/a/b"]],
    ["a.c", ["abc", "a\nc", "a\xffc", "a\0c"], ["ac"]],
    ["[]a]+", ["]", "a]"], ["b", ""]],
    ["[^]a]", ["b", "\xff", "\n"], ["]", "a"]],
    ["[a-c-]x[+-]", ["-x+", "bx-"], ["dx+"]],
    ["[\\]\\-a]", ["]", "-", "a"], ["\\"]],
    ["[[:digit:][:upper:]_]{2}", ["0A", "_9"], ["a0", "0"]],
    ["[[:^digit:]]", ["a"], ["5"]],
    ["\\d\\D\\w\\W\\s\\S", ["1a_- x"], ["aa_- x"]],
    ["a\\.b\\*\\\\\\x41\\t", ["a.b*\\A\t"], ["axb*\\A\t"]],
    ["a{2,3}b{2}c{2,}", ["aabbcc", "aaabbccccc"], ["abbcc", "aaaabbcc", "aabbbcc", "aabbc"]],
    ["a*?b+?c??", ["aab", "bc", "bb"], ["ac"]],
    ["^/x", ["/x"], ["^/x"]],
    ["(?:a|b)(|c)", ["a", "bc"], ["ac c"]],
    ["", [""], ["a"]],
    ["(a*)*b", ["b", "aab"], ["a"]],
    ["/var/run/waydroid-(?!lxc).*", [
      "/var/run/waydroid-",
      "/var/run/waydroid-lx",
      "/var/run/waydroid-xlxc",
    ], [
      "/var/run/waydroid-lxc",
      "/var/run/waydroid-lxcs",
    ]],
    ["((?!ab|b)[a-c])+", ["c", "ca", "cacb".slice(0, 3)], ["ab", "cb", "cab"]],
    ["a(?!b*c).*", ["a", "abb", "abbd", "axc"], ["ac", "abbc", "abbcx"]],
    ["\xe9", ["\xe9"], ["e"]],
  ];
  for (const [pattern, yes, no] of cases) {
    const one = automaton(pattern);
    for (const text of yes) assertEquals(matches(one, text), [0], `${pattern} on ${text}`);
    for (const text of no) assertEquals(matches(one, text), [], `${pattern} on ${text}`);
  }
});

Deno.test("what is read in different ways, or needs more, is refused by name", () => {
  const cases: [pattern: string, state: string][] = [
    ["a$", "$, which is read in different ways"],
    ["a^", "^ that is not at the start"],
    ["(^a)", "^ that is not at the start"],
    ["^*a", "a repeated ^"],
    ["*a", "* with nothing before it"],
    ["(|+a)", "+ with nothing before it"],
    ["a{,3}", "{ that begins no {n}"],
    ["a{x}", "{ that begins no {n}"],
    ["{a}", "{ with nothing before it"],
    ["a{3,2}", "{3,2} with the larger number first"],
    ["a{1001}", "{1001}, expected at most 1000 times"],
    ["a*+", "*+, which is read in different ways"],
    ["a**", "**, which is read in different ways"],
    ["a{2}{3}", "{2}{, which is read in different ways"],
    ["(a", "a group without its closing parenthesis"],
    ["a)", ") without its opening parenthesis"],
    ["(?=a)", "(?=, which is not supported"],
    ["(?<=a)", "(?<=, which is not supported"],
    ["(?<!a)", "(?<!, which is not supported"],
    ["(?<n>a)", "(?<n, which is not supported"],
    ["(?i)a", "(?i, which is not supported"],
    ["(?>a)", "(?>, which is not supported"],
    ["(?P<n>a)", "(?P, which is not supported"],
    ["(?", "(?, which is not supported"],
    ["(*UTF8)a", "(*, which is not supported"],
    ["(?!a(?!b))", "(?! within another"],
    ["(?!a)*", "a repeated (?!"],
    ["(a)\\1", "\\1, which is not supported"],
    ["\\bword", "\\b, which is not supported"],
    ["\\Qa\\E", "\\Q, which is not supported"],
    ["\\p{L}", "\\p, which is not supported"],
    ["\\x4", "\\x without two hexadecimal digits"],
    ["\\x{41}", "\\x without two hexadecimal digits"],
    ["a\\", "a backslash at the end"],
    ["[a", "[ without its closing bracket"],
    ["[]", "[ without its closing bracket"],
    ["[a[b]", "[ within brackets, which is read in different ways"],
    ["[[:nope:]]", "[ within brackets"],
    ["[[.a.]]", "[ within brackets"],
    ["[a&&b]", "&& within brackets"],
    ["[a--b]", "-- within brackets"],
    ["[z-a]", "a range in brackets whose end comes first"],
    ["[a-\\d]", "a range in brackets to a set"],
    ["[\xe9]", "a character that is not ASCII in brackets"],
    ["\xe9*", "a repeated character that is not ASCII"],
    ["(".repeat(101) + ")".repeat(101), "groups more than 100 deep"],
  ];
  for (const [pattern, state] of cases) {
    assertThrows(() => automaton(pattern), SyntaxError, state, pattern);
  }
  automaton("(".repeat(100) + "a" + ")".repeat(100));
});

/** A pattern that both engines read alike. */
function randomPattern(random: Random, depth: number): string {
  const atom = (): string => {
    if (depth > 0 && random.chance(35)) return `(${randomPattern(random, depth - 1)})`;
    return random.pick([
      "a",
      "b",
      "c",
      "/",
      ".",
      "[ab]",
      "[^a]",
      "[a-b/]",
      "\\.",
      "\\w",
      "(?!a)",
      "(?!.b|c)",
    ]);
  };
  const part = (): string => {
    const one = atom();
    return one.startsWith("(?!")
      ? one
      : one + random.pick(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,}"]);
  };
  const sequence = () => Array.from({ length: random.int(0, 4) }, part).join("");
  return Array.from({ length: random.int(1, 2) }, sequence).join("|");
}

for (const seed of seeds(1, 100)) {
  Deno.test(`patterns match what JavaScript's match, seed ${seed}`, () => {
    const random = createRandom(seed);
    const patterns = Array.from({ length: random.int(1, 6) }, () => randomPattern(random, 2));
    const all = automaton(...patterns);
    const expressions = patterns.map((pattern) => new RegExp(`^(?:${pattern})$`, "s"));
    for (let i = 0; i < 100; i++) {
      const text = Array.from({ length: random.int(0, 8) }, () => random.pick([..."abc/."])).join(
        "",
      );
      const expected = expressions.flatMap((each, number) => each.test(text) ? [number] : []);
      assertEquals(matches(all, text), expected.reverse(), `${patterns.join("  ")} on ${text}`);
    }
  });
}

Deno.test("no pattern can make matching slow", () => {
  const hostile = automaton(
    "(a*)*(a*)*(a*)*b",
    "(a|a|aa)+c",
    "(.*)(.*)(.*)(.*)(.*)d",
    "(a+)+(?!b)e",
  );
  assertEquals(matches(hostile, "a".repeat(4095)), []);
  assertEquals(matches(hostile, "a".repeat(4095) + "d"), [2]);
});

Deno.test("patterns that take too much room or time are refused", () => {
  assertThrows(() => automaton("((a{1000}){1000}){1000}"), PatternCostError, "places together");
  assertThrows(() => automaton("((a{0,1000}){0,1000}){0,1000}"), PatternCostError);
  const random = createRandom(1);
  const costly = automaton(...Array.from({ length: 100 }, (_, i) => `.*a.{${900 + i}}`));
  assertThrows(
    () => {
      for (;;) {
        const text = Array.from({ length: 4000 }, () => random.pick([..."ab"])).join("");
        matches(costly, text);
      }
    },
    PatternCostError,
    "patterns that take too long to match",
  );
});

Deno.test("states are dropped when there are too many, and made again", () => {
  const many = automaton(".*a.{14}");
  const random = createRandom(2);
  for (let i = 0; i < 60; i++) {
    const text = latin1(random.bytes(1000).map((byte) => byte % 2 === 0 ? 97 : 98));
    assertEquals(matches(many, text), text.at(-15) === "a" ? [0] : []);
  }
  assert(matches(many, `a${"b".repeat(14)}`).length === 1);
  assertEquals(matches(automaton(latin1(utf8("é"))), "\xc3\xa9"), [0]);
});

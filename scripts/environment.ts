/**
 * Keeps the environment from changing what an executable runs.
 *
 * Bun asks for some hundred variables before the program's first line. Some of them load other code
 * (`BUN_OPTIONS`, `BUN_INSPECT_PRELOAD`), run Bun instead of the program (`BUN_BE_BUN`) or write files
 * (`BUN_BYTECODE_ORDER_OUT`), and what begins with `BUN_JSC_` sets any option of JavaScriptCore: one of
 * them names a file to take function bodies from. Whoever gives a program the rights of another user, or
 * has sudo pass variables on, does not mean that.
 *
 * A name is closed by a NUL in place of its first byte: no variable's name can hold one, and to getenv(3)
 * what is left is the empty name, which no variable has.
 *
 * Options of JavaScriptCore are not asked for by name: a loop compares each variable's first bytes with the
 * prefix, one by one, and hands on what follows it. That loop is made to look for the first bytes of one
 * option's name, and to hand on the whole variable: {@linkcode FTL_VARIABLE}, which the program itself sets
 * and which changes nothing but how fast it is, is left of them all.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { FTL_VARIABLE } from "../cli/engine.ts";
import { Elf } from "./elf.ts";

/** What most names begin with. */
const PREFIX = "BUN_";
/** What begins likewise, but is C text for Bun's compiler. */
const NOT_A_NAME = "BUN_FFI_";
const DOT = 0x2e;

/** The worst of them: where they are not found, Bun asks for variables in some other way. */
const EXPECTED = [
  "BUN_OPTIONS",
  "BUN_BE_BUN",
  "BUN_INSPECT",
  "BUN_INSPECT_CONNECT_TO",
  "BUN_INSPECT_PRELOAD",
  "BUN_BYTECODE_ORDER_OUT",
  "BUN_BYTECODE_DIGEST_OUT",
  "BUN_JSC_useConcurrentJIT=",
] as const;

/** Names without the prefix, of variables that change how Bun and its libraries work. */
const OTHERS = [
  "NODE_CHANNEL_FD",
  "JavaScriptCoreUseJIT",
  "JSC_SIGNAL_FOR_GC",
  "WTF_numberOfProcessorCores",
  "WebKitMallocForceEnabled",
  "WebKitSystemHeapOverrideEnablement",
] as const;

/** What is asked for on x86-64 only, where a library has code for several kinds of CPU. */
const OTHERS_ON_X86 = ["SIMDUTF_FORCE_IMPLEMENTATION"] as const;

const OPTION_PREFIX = "BUN_JSC_";

/**
 * Closes the variables in an executable, in place.
 *
 * @throws {RangeError} If it does not ask for them as expected.
 */
export function closeEnvironment(executable: Uint8Array<ArrayBuffer>): void {
  const elf = new Elf(executable);
  const others = elf.machine === "x86_64" ? [...OTHERS, ...OTHERS_ON_X86] : OTHERS;
  closeNames(elf.sectionBytes(".rodata"), others);
  changeOptionLoop(elf);
}

function closeNames(data: Buffer, others: readonly string[]): void {
  const missing = [...EXPECTED, ...others].find((name) =>
    !data.includes(`\0${name}\0`, 0, "latin1")
  );
  if (missing !== undefined) {
    throw new RangeError(`Cannot close the environment: no "${missing}" in the executable`);
  }
  for (const at of occurrences(data, Buffer.from(PREFIX))) {
    const isCText = data.toString("latin1", at, at + NOT_A_NAME.length) === NOT_A_NAME;
    // Behind a dot it is a property in JavaScript's text, whose value comes from elsewhere.
    if (!isCText && data[at - 1] !== DOT) data[at] = 0;
  }
  for (const name of others) {
    // Only whole strings: the end of a longer one may be the same.
    for (const at of occurrences(data, Buffer.from(`\0${name}\0`))) data[at + 1] = 0;
  }
}

function* occurrences(data: Buffer, sought: Uint8Array): Generator<number> {
  for (let at = data.indexOf(sought); at >= 0; at = data.indexOf(sought, at + 1)) yield at;
}

function changeOptionLoop(elf: Elf): void {
  const loop = elf.machine === "x86_64" ? loopForX86 : loopForArm64;
  const known = loop(OPTION_PREFIX, OPTION_PREFIX.length);
  const wanted = loop(FTL_VARIABLE.slice(0, OPTION_PREFIX.length), 0);
  const code = elf.sectionBytes(".text");
  const start = Uint8Array.from(known.slice(0, known.indexOf(undefined)) as number[]);
  const found = [...occurrences(code, start)]
    .filter((at) => known.every((byte, i) => byte === undefined || byte === code[at + i]));
  if (found.length !== 1) {
    throw new RangeError(
      `Cannot close the environment: ${found.length} loops over "${OPTION_PREFIX}" in the executable`,
    );
  }
  wanted.forEach((byte, i) => {
    if (byte !== undefined) code[found[0]! + i] = byte;
  });
}

/** Bytes of machine code, undefined for those that say how far a jump goes. */
type Code = (number | undefined)[];

/**
 * The inside of the loop: compares the variable that r14 points at with the prefix, and takes the address
 * behind `skipped` of its bytes.
 */
function loopForX86(prefix: string, skipped: number): Code {
  return [
    ...[...prefix].flatMap((character, i): Code => [
      // cmp byte [r14 + i], character
      ...(i === 0 ? [0x41, 0x80, 0x3e] : [0x41, 0x80, 0x7e, i]),
      character.charCodeAt(0),
      // jne
      ...[0x75, undefined],
    ]),
    ...[0x49, 0x8d, 0x7e, skipped], // lea rdi, [r14 + skipped]
  ];
}

/** The same, the variable at x9. */
function loopForArm64(prefix: string, skipped: number): Code {
  return [
    ...[...prefix].flatMap((character, i): Code => [
      ...instruction(0x3940012a | i << 10), // ldrb w10, [x9, #i]
      ...instruction(0x7100015f | character.charCodeAt(0) << 10), // cmp w10, #character
      ...[undefined, undefined, undefined, 0x54], // b.ne
    ]),
    ...instruction(0x91000120 | skipped << 10), // add x0, x9, #skipped
  ];
}

function instruction(word: number): number[] {
  return [word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >>> 24];
}

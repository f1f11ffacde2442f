/**
 * Lets an executable of Bun for glibc start where there is no /proc.
 *
 * JavaScriptCore asks pthread_getattr_np(3) where the stack of the main thread is, for which glibc reads
 * `/proc/self/maps`; without that file it gets no answer, and aborts. (musl's does without.) Code that is
 * added here stands in for the function: it asks glibc first, and only if that fails takes the stack to
 * end at the page that the environment begins in, which the kernel has put above all frames, and to be
 * 1 MiB deep; the rest JavaScriptCore takes from getrlimit(2).
 *
 * @module
 */

import { Elf } from "./elf.ts";

/** Addresses that the code refers to. */
interface Addresses {
  /** Where the code itself will be. */
  readonly code: number;
  /** Slot with the address of pthread_getattr_np. */
  readonly getattr: number;
  /** Slot with the address of pthread_attr_setstack. */
  readonly setstack: number;
  /** The variable `environ`. */
  readonly environ: number;
}

/**
 * The code for x86-64. Called with the thread in rdi, the attributes in rsi.
 *
 * `at` gives a displacement from the end of the instruction that ends at an offset.
 */
function codeForX86({ code, getattr, setstack, environ }: Addresses): Uint8Array<ArrayBuffer> {
  const at = (target: number, end: number) => littleEndian(target - (code + end));
  return Uint8Array.of(
    ...[0x56], // 0 push rsi
    ...[0xff, 0x15, ...at(getattr, 7)], // 1 call [getattr]
    ...[0x5e], // 7 pop rsi
    ...[0x85, 0xc0], // 8 test eax, eax
    ...[0x74, 55], // 10 jz 67
    ...[0x48, 0x8b, 0x15, ...at(environ, 19)], // 12 mov rdx, [environ]
    ...[0x48, 0x85, 0xd2], // 19 test rdx, rdx
    ...[0x74, 43], // 22 jz 67
    ...[0x48, 0x89, 0xd1], // 24 mov rcx, rdx
    ...[0x48, 0x29, 0xe1], // 27 sub rcx, rsp
    // Anywhere else than up to 64 MiB above, the environment is no longer on the stack.
    ...[0x48, 0x81, 0xf9, ...littleEndian(1 << 26)], // 30 cmp rcx, 64 MiB
    ...[0x73, 28], // 37 jae 67
    ...[0x48, 0x81, 0xca, ...littleEndian(0xfff)], // 39 or rdx, 0xfff
    ...[0x48, 0x89, 0xf7], // 46 mov rdi, rsi
    ...[0x48, 0x8d, 0xb2, ...littleEndian(1 - (1 << 20))], // 49 lea rsi, [rdx + 1 - 1 MiB]
    ...[0xba, ...littleEndian(1 << 20)], // 56 mov edx, 1 MiB
    ...[0xff, 0x25, ...at(setstack, 67)], // 61 jmp [setstack]
    ...[0xc3], // 67 ret
  );
}

/** Where the call of a function goes from, checked to be what linkers make for x86-64: `jmp [slot]`. */
function stubOf(elf: Elf, slot: number): number {
  // Until a function is first called, its slot leads back to behind the jump.
  const stub = Number(elf.view.getBigUint64(elf.offsetOf(slot), true)) - 6;
  const offset = elf.offsetOf(stub);
  const isJump = elf.view.getUint16(offset) === 0xff25 &&
    elf.view.getInt32(offset + 2, true) === slot - (stub + 6);
  if (!isJump) throw new RangeError("Cannot change the executable: its calls look unfamiliar");
  return offset;
}

function littleEndian(value: number): number[] {
  return [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24 & 0xff];
}

/** Tells whether the code can help an executable: one for x86-64 and glibc. */
export function needsProc(executable: Uint8Array<ArrayBuffer>): boolean {
  const elf = new Elf(executable);
  return elf.machine === "x86_64" && elf.interpreter.startsWith("/lib64/ld-linux");
}

/**
 * Adds the code to an executable for x86-64.
 *
 * @returns The new executable; the same bytes for the same ones.
 * @throws {Error} If it is not built as expected.
 */
export function withoutProc(executable: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const elf = new Elf(executable);
  if (elf.machine !== "x86_64") {
    throw new RangeError("Cannot change the executable: not for x86-64");
  }
  const slots = elf.slots();
  const slot = (name: string): number => {
    const found = slots.get(name);
    if (found === undefined) throw new RangeError(`Cannot change the executable: no ${name} in it`);
    return found.address;
  };
  const code = elf.freeAddress;
  const getattr = slot("pthread_getattr_np");
  const added = elf.withCode(codeForX86({
    code,
    getattr,
    setstack: slot("pthread_attr_setstack"),
    environ: elf.variable("environ"),
  }));
  const stub = stubOf(elf, getattr);
  const stubAddress = Number(elf.view.getBigUint64(elf.offsetOf(getattr), true)) - 6;
  // jmp code; the sixth byte stays, behind it goes on what the slot leads back to.
  added.set([0xe9, ...littleEndian(code - (stubAddress + 5))], stub);
  return added;
}

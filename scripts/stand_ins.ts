/**
 * Code that is added to an executable, and called in place of two functions of libc: it calls them first,
 * and only where they fail does it answer itself.
 *
 * - getcwd(3) fails where the current directory has been removed, lies in a detached mount or has too long a
 *   path. Bun then ends before the program begins. It gets `/` instead; what the program itself opens is
 *   relative to the true directory all the same.
 * - pthread_getattr_np(3), on glibc, fails where there is no `/proc`, for it reads `/proc/self/maps` to find
 *   the stack of the main thread. JavaScriptCore, which asks for that, then aborts. The stack is taken to end
 *   at the page that the environment begins in, which the kernel has put above all frames, and to be 1 MiB
 *   deep; the rest JavaScriptCore takes from getrlimit(2). For x86-64 only.
 *
 * Every call of a function of libc goes through a stub, a jump to the address in a slot. The stub is what is
 * changed, to a jump to the code; the code calls through the slot.
 *
 * @module
 */

import { Elf } from "./elf.ts";

/** The code of one stand-in. */
interface StandIn {
  /** The function that it is called in place of. */
  readonly name: string;
  /**
   * The code.
   *
   * @param address Where it will be.
   * @param slot Gives the addresses of slots by the names of the functions.
   */
  code(address: number, slot: (name: string) => number): Uint8Array<ArrayBuffer>;
}

/** What code and stubs are like on a machine. */
interface Machine {
  readonly getcwd: StandIn;
  /** Offset in the file of the stub that jumps through a slot, checked to be what linkers make. */
  stub(elf: Elf, slot: { readonly address: number; readonly index: number }): number;
  /** The stub's first bytes when it jumps to `code` instead. */
  jump(stub: number, code: number): readonly number[];
}

/** What code begins at a multiple of. */
const ALIGNMENT = 16;

/**
 * Adds the code to an executable that it can help.
 *
 * @returns The new executable; the same bytes for the same ones.
 * @throws {Error} If it is not built as expected.
 */
export function withStandIns(executable: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const elf = new Elf(executable);
  const machine = elf.machine === "x86_64" ? X86 : ARM64;
  const slots = elf.slots();
  const slot = (name: string) => {
    const found = slots.get(name);
    if (found === undefined) throw new RangeError(`Cannot change the executable: no ${name} in it`);
    return found;
  };
  const standIns = [machine.getcwd, ...(needsProc(elf) ? [stackBounds(elf)] : [])];
  const parts: number[] = [];
  const patches: [stub: number, bytes: readonly number[]][] = [];
  for (const { name, code } of standIns) {
    while (parts.length % ALIGNMENT !== 0) parts.push(0);
    const address = elf.freeAddress + parts.length;
    parts.push(...code(address, (name) => slot(name).address));
    const stub = machine.stub(elf, slot(name));
    patches.push([stub, machine.jump(elf.addressOf(stub), address)]);
  }
  const added = elf.withCode(Uint8Array.from(parts));
  for (const [stub, bytes] of patches) added.set(bytes, stub);
  return added;
}

/** Tells whether an executable asks `/proc` for its stack, and can be helped. */
function needsProc(elf: Elf): boolean {
  return elf.machine === "x86_64" && elf.interpreter.startsWith("/lib64/ld-linux");
}

const X86: Machine = {
  getcwd: {
    name: "getcwd",
    // Called with the buffer in rdi, its size in rsi.
    code(address, slot) {
      const getcwd = (end: number) => littleEndian(slot("getcwd") - (address + end));
      return Uint8Array.of(
        ...[0x57], // 0 push rdi
        ...[0x56], // 1 push rsi
        ...[0x48, 0x83, 0xec, 8], // 2 sub rsp, 8
        ...[0xff, 0x15, ...getcwd(12)], // 6 call [getcwd]
        ...[0x48, 0x83, 0xc4, 8], // 12 add rsp, 8
        ...[0x5e], // 16 pop rsi
        ...[0x5f], // 17 pop rdi
        ...[0x48, 0x85, 0xc0], // 18 test rax, rax
        ...[0x75, 19], // 21 jnz 42
        ...[0x48, 0x85, 0xff], // 23 test rdi, rdi
        ...[0x74, 14], // 26 jz 42
        ...[0x48, 0x83, 0xfe, 2], // 28 cmp rsi, 2
        ...[0x72, 8], // 32 jb 42
        ...[0x66, 0xc7, 0x07, 0x2f, 0], // 34 mov word [rdi], "/"
        ...[0x48, 0x89, 0xf8], // 39 mov rax, rdi
        ...[0xc3], // 42 ret
      );
    },
  },
  stub(elf, { address }) {
    // `jmp [slot]`. Until a function is first called, its slot leads back to behind the jump.
    const stub = Number(elf.view.getBigUint64(elf.offsetOf(address), true)) - 6;
    const offset = elf.offsetOf(stub);
    const isJump = elf.view.getUint16(offset) === 0xff25 &&
      elf.view.getInt32(offset + 2, true) === address - (stub + 6);
    if (!isJump) throw unfamiliar();
    return offset;
  },
  // The new jump has five bytes. The sixth stays: the unresolved slot leads to the byte behind it.
  jump: (stub, code) => [0xe9, ...littleEndian(code - (stub + 5))],
};

/** For x86-64. Called with the thread in rdi, the attributes in rsi. */
function stackBounds(elf: Elf): StandIn {
  const environ = elf.variable("environ");
  return {
    name: "pthread_getattr_np",
    code(address, slot) {
      // Displacement of a target from the end of the instruction, which is at an offset.
      const at = (target: number, end: number) => littleEndian(target - (address + end));
      return Uint8Array.of(
        ...[0x56], // 0 push rsi
        ...[0xff, 0x15, ...at(slot("pthread_getattr_np"), 7)], // 1 call [getattr]
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
        ...[0xff, 0x25, ...at(slot("pthread_attr_setstack"), 67)], // 61 jmp [setstack]
        ...[0xc3], // 67 ret
      );
    },
  };
}

const ARM64: Machine = {
  getcwd: {
    name: "getcwd",
    // Called with the buffer in x0, its size in x1.
    code(address, slot) {
      return Uint8Array.from([
        0xa9be7bfd, // 0 stp x29, x30, [sp, #-32]!
        0xa90107e0, // 4 stp x0, x1, [sp, #16]
        // As the stub does; what finds the function at its first call expects the slot in x16.
        ...throughSlot(address + 8, slot("getcwd")), // 8 … 16
        0xd63f0220, // 20 blr x17
        0xa9410fe2, // 24 ldp x2, x3, [sp, #16]
        0xa8c27bfd, // 28 ldp x29, x30, [sp], #32
        0xb50000e0, // 32 cbnz x0, 60
        0xb40000c2, // 36 cbz x2, 60
        0xf100087f, // 40 cmp x3, #2
        0x54000083, // 44 b.lo 60
        0x528005e4, // 48 mov w4, "/"
        0x79000044, // 52 strh w4, [x2]
        0xaa0203e0, // 56 mov x0, x2
        0xd65f03c0, // 60 ret
      ].flatMap(littleEndian));
    },
  },
  stub(elf, { address, index }) {
    const table = elf.sections.find(({ name }) => name === ".plt");
    if (table === undefined) throw unfamiliar();
    const start = 32 + 16 * index;
    const expected = [...throughSlot(table.address + start, address), 0xd61f0220]; // br x17
    const offset = table.offset + start;
    const isStub = expected.every((word, i) =>
      elf.view.getUint32(offset + 4 * i, true) === word >>> 0
    );
    if (!isStub) throw unfamiliar();
    return offset;
  },
  jump: (stub, code) => littleEndian(0x14000000 | (code - stub) >> 2 & 0x3ffffff), // b code
};

/** Puts the address of a slot into x16, and what is in it into x17, by code for arm64 at an address. */
function throughSlot(address: number, slot: number): number[] {
  const pages = (slot >>> 12) - (address >>> 12);
  const offset = slot & 0xfff;
  return [
    0x90000010 | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5, // adrp x16, slot
    0xf9400211 | offset >> 3 << 10, // ldr x17, [x16, offset]
    0x91000210 | offset << 10, // add x16, x16, offset
  ];
}

function unfamiliar(): RangeError {
  return new RangeError("Cannot change the executable: its calls look unfamiliar");
}

function littleEndian(value: number): number[] {
  return [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24 & 0xff];
}

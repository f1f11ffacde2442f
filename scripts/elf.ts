/**
 * The little of ELF that it takes to change a program that is linked: 64-bit, little-endian, at fixed
 * addresses.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** An entry of the program header table. */
export interface Segment {
  /** Offset of the entry in the file. */
  readonly header: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** An entry of the section header table. */
export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** Machines by the number that the header has for them. */
export const MACHINES: Readonly<Record<number, "x86_64" | "aarch64">> = {
  62: "x86_64",
  183: "aarch64",
};

const MAGIC = 0x464c457f;
const ET_EXEC = 2;
/** Type of the segments that are put into memory. */
export const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_NOTE = 4;
const PF_R = 4;
/** Flag of a segment that may be written. */
export const PF_W = 2;
/** Flag of a segment of code. */
export const PF_X = 1;

/** Type of a section with bytes of the program. */
export const SHT_PROGBITS = 1;
/** Type of a section that has no bytes in the file. */
export const SHT_NOBITS = 8;
/** Flag of a section that is put into memory. */
export const SHF_ALLOC = 2;
/** Flags of such a section, in a segment that may be written or run. */
export const SHF_WRITE = 1;
export const SHF_EXECINSTR = 4;

const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_JMPREL = 23;
const DT_PLTRELSZ = 2;

const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
/** Offsets in the file header: where the tables are, how many sections, which of them has the names. */
const PHOFF = 32;
const SHOFF = 40;
const SHNUM = 60;
const SHSTRNDX = 62;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 24;

/** More than any page of a machine that Linux runs on, and so what segments are aligned to. */
const ALIGNMENT = 0x10000;

/** A program file. */
export class Elf {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly segments: readonly Segment[];
  readonly sections: readonly Section[];

  /** @throws {TypeError} If it is another kind of file. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.view.getUint32(0, true) !== MAGIC || this.view.getUint16(16, true) !== ET_EXEC) {
      throw new TypeError("Cannot read the executable: expected ELF with fixed addresses");
    }
    const table = this.#u64(PHOFF);
    const count = this.view.getUint16(56, true);
    this.segments = Array.from({ length: count }, (_, i) => {
      const header = table + i * PROGRAM_HEADER_SIZE;
      return {
        header,
        type: this.view.getUint32(header, true),
        flags: this.view.getUint32(header + 4, true),
        offset: this.#u64(header + 8),
        address: this.#u64(header + 16),
        fileSize: this.#u64(header + 32),
        memorySize: this.#u64(header + 40),
      };
    });
    this.sections = this.#readSections();
  }

  /** Bytes of the headers that the file begins with: its own, and those of the segments. */
  get headersSize(): number {
    return this.#u64(PHOFF) + this.segments.length * PROGRAM_HEADER_SIZE;
  }

  /** The machine's name; undefined if it is not one that is known here. */
  get machine(): "x86_64" | "aarch64" | undefined {
    return MACHINES[this.view.getUint16(18, true)];
  }

  /** Path of the dynamic loader; empty if there is none. */
  get interpreter(): string {
    const found = this.segments.find(({ type }) => type === PT_INTERP);
    const { offset = 0, fileSize = 0 } = found ?? {};
    return new TextDecoder().decode(this.bytes.subarray(offset, offset + fileSize));
  }

  /**
   * Where in the file the byte at an address of memory is.
   *
   * @throws {RangeError} If it is in no segment of the file.
   */
  offsetOf(address: number): number {
    for (const { type, offset, address: start, fileSize } of this.segments) {
      if (type === PT_LOAD && address >= start && address < start + fileSize) {
        return address - start + offset;
      }
    }
    throw new RangeError(
      `Cannot find address 0x${address.toString(16)}: in no segment of the file`,
    );
  }

  /**
   * The bytes of a section, a view of the file.
   *
   * @throws {RangeError} If there is no such section.
   */
  sectionBytes(name: string): Buffer {
    const found = this.sections.find((section) => section.name === name);
    if (found === undefined) throw new RangeError(`Cannot find "${name}": no such section`);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + found.offset, found.size);
  }

  /** The address of memory that a byte of the file is put at, if it is in a segment. */
  addressOf(position: number): number {
    const segment = this.segments.find(({ type, offset, fileSize }) =>
      type === PT_LOAD && position >= offset && position < offset + fileSize
    );
    if (segment === undefined) throw new RangeError(`Cannot find byte ${position}: in no segment`);
    return position - segment.offset + segment.address;
  }

  /** Addresses of the slots through which functions of other libraries are called, by their names. */
  slots(): Map<string, { readonly address: number; readonly index: number }> {
    const slots = new Map<string, { readonly address: number; readonly index: number }>();
    const relocations = this.offsetOf(this.#dynamic(DT_JMPREL));
    const count = this.#dynamic(DT_PLTRELSZ) / RELOCATION_SIZE;
    for (let index = 0; index < count; index++) {
      const at = relocations + index * RELOCATION_SIZE;
      const name = this.#symbolName(this.view.getUint32(at + 12, true));
      slots.set(name, { address: this.#u64(at), index });
    }
    return slots;
  }

  /**
   * Address of a variable of another library that the program has a copy of.
   *
   * @throws {RangeError} If it has none.
   */
  variable(name: string): number {
    const symbols = this.offsetOf(this.#dynamic(DT_SYMTAB));
    // ELF does not say where the symbols end. In the executables read here the strings follow them.
    const end = this.offsetOf(this.#dynamic(DT_STRTAB));
    for (let i = 0; symbols + (i + 1) * SYMBOL_SIZE <= end; i++) {
      const value = this.#u64(symbols + i * SYMBOL_SIZE + 8);
      if (value !== 0 && this.#symbolName(i) === name) return value;
    }
    throw new RangeError(`Cannot find "${name}": no such variable in the executable`);
  }

  /** The address that code gets which is added to the file. */
  get freeAddress(): number {
    const end = Math.max(...this.segments.map(({ address, memorySize }) => address + memorySize));
    const start = Math.ceil(end / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
    // The same place in its page as in the file, as the kernel wants it.
    return start + this.#paddedLength % ALIGNMENT;
  }

  /**
   * Adds code to the file, at {@linkcode freeAddress}. The notes of the linker give up their segment to
   * it; nothing reads them at run time.
   *
   * @returns The new file.
   * @throws {RangeError} If there are no notes.
   */
  withCode(code: Uint8Array): Uint8Array<ArrayBuffer> {
    const note = this.segments.find(({ type }) => type === PT_NOTE);
    // Segments have to be in ascending order.
    if (note === undefined || note !== this.segments.at(-1)) {
      throw new RangeError("Cannot add code to the executable: its last segment is not PT_NOTE");
    }
    const address = this.freeAddress;
    const offset = this.#paddedLength;
    const file = new Uint8Array(offset + code.length);
    file.set(this.bytes);
    file.set(code, offset);
    const view = new DataView(file.buffer);
    view.setUint32(note.header, PT_LOAD, true);
    view.setUint32(note.header + 4, PF_R | PF_X, true);
    const fields = [offset, address, address, code.length, code.length, ALIGNMENT];
    fields.forEach((value, i) => view.setBigUint64(note.header + 8 + 8 * i, BigInt(value), true));
    return file;
  }

  /**
   * Adds entries to the section header table, which moves to the end of the file, as do the names.
   *
   * @returns The new file.
   */
  withSections(added: readonly Section[]): Uint8Array<ArrayBuffer> {
    const table = this.#u64(SHOFF);
    const count = this.view.getUint16(SHNUM, true);
    const nameIndex = this.view.getUint16(SHSTRNDX, true);
    const old = this.#sectionNames();
    const names = Buffer.concat([old, ...added.map(({ name }) => Buffer.from(`${name}\0`))]);
    const namesOffset = this.#paddedLength;
    const newTable = Math.ceil((namesOffset + names.length) / 16) * 16;
    const file = new Uint8Array(newTable + (count + added.length) * SECTION_HEADER_SIZE);
    file.set(this.bytes);
    file.set(names, namesOffset);
    file.set(this.bytes.subarray(table, table + count * SECTION_HEADER_SIZE), newTable);
    const view = new DataView(file.buffer);
    const write = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
    let name = old.length;
    added.forEach((section, i) => {
      const at = newTable + (count + i) * SECTION_HEADER_SIZE;
      view.setUint32(at, name, true);
      view.setUint32(at + 4, section.type, true);
      [section.flags, section.address, section.offset, section.size]
        .forEach((value, field) => write(at + 8 + 8 * field, value));
      write(at + 48, 1); // alignment
      name += section.name.length + 1;
    });
    write(newTable + nameIndex * SECTION_HEADER_SIZE + 24, namesOffset);
    write(newTable + nameIndex * SECTION_HEADER_SIZE + 32, names.length);
    write(SHOFF, newTable);
    view.setUint16(SHNUM, count + added.length, true);
    return file;
  }

  #readSections(): Section[] {
    const table = this.#u64(SHOFF);
    const names = this.#sectionNames();
    return Array.from({ length: this.view.getUint16(SHNUM, true) }, (_, i) => {
      const header = table + i * SECTION_HEADER_SIZE;
      const name = this.view.getUint32(header, true);
      return {
        name: names.toString("latin1", name, names.indexOf(0, name)),
        type: this.view.getUint32(header + 4, true),
        flags: this.#u64(header + 8),
        address: this.#u64(header + 16),
        offset: this.#u64(header + 24),
        size: this.#u64(header + 32),
      };
    });
  }

  /** The names of all sections; nothing where there are none. */
  #sectionNames(): Buffer {
    if (this.view.getUint16(SHNUM, true) === 0) return Buffer.alloc(0);
    const index = this.view.getUint16(SHSTRNDX, true);
    const header = this.#u64(SHOFF) + index * SECTION_HEADER_SIZE;
    const [offset, size] = [this.#u64(header + 24), this.#u64(header + 32)];
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + offset, size);
  }

  get #paddedLength(): number {
    return Math.ceil(this.bytes.length / 16) * 16;
  }

  #dynamic(tag: number): number {
    const dynamic = this.segments.find(({ type }) => type === PT_DYNAMIC);
    const { offset = 0, fileSize = 0 } = dynamic ?? {};
    for (let at = offset; at < offset + fileSize; at += 16) {
      if (this.#u64(at) === tag) return this.#u64(at + 8);
    }
    throw new RangeError(`Cannot read the executable: it has no dynamic entry ${tag}`);
  }

  #symbolName(index: number): string {
    const symbol = this.offsetOf(this.#dynamic(DT_SYMTAB)) + index * SYMBOL_SIZE;
    const start = this.offsetOf(this.#dynamic(DT_STRTAB)) + this.view.getUint32(symbol, true);
    const end = this.bytes.indexOf(0, start);
    return new TextDecoder().decode(this.bytes.subarray(start, end));
  }

  #u64(offset: number): number {
    return Number(this.view.getBigUint64(offset, true));
  }
}

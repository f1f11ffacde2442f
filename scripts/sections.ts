/**
 * Gives a section to all that is loaded of an executable.
 *
 * What is in a segment but in no section is lost on programs that write an executable anew by its sections:
 * strip(1), which all tools for packages run, objcopy(1), patchelf(1). Bun leaves such bytes: it moves the
 * section that held the address of the program's code, and the address stays behind.
 *
 * @module
 */

import {
  Elf,
  PF_W,
  PF_X,
  PT_LOAD,
  type Section,
  type Segment,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOBITS,
  SHT_PROGBITS,
} from "./elf.ts";

/**
 * Adds sections for all bytes that are loaded, not zero, and in none. The same file comes back if there are
 * none.
 *
 * @returns The new executable; the same bytes for the same ones.
 */
export function withAllSections(executable: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const elf = new Elf(executable);
  const gaps = elf.segments.filter(({ type }) => type === PT_LOAD)
    .flatMap((segment) => gapsOf(elf, segment));
  return gaps.length === 0 ? executable : elf.withSections(
    gaps.map((gap, i) => ({ ...gap, name: `.composefs.${i}` })),
  );
}

/** The parts of a segment that are in no section and not all zero. */
function gapsOf(elf: Elf, segment: Segment): Omit<Section, "name">[] {
  const { address: start, fileSize, flags } = segment;
  const end = start + fileSize;
  const sections = elf.sections
    .filter((section) => (section.flags & SHF_ALLOC) !== 0 && section.type !== SHT_NOBITS)
    .filter(({ address }) => address >= start && address < end)
    .sort((a, b) => a.address - b.address);
  const gaps: Omit<Section, "name">[] = [];
  // Tools that rewrite an executable write headers of their own, so the first gap begins behind them.
  let position = segment.offset === 0 ? start + elf.headersSize : start;
  for (const { address, size } of [...sections, { address: end, size: 0 }]) {
    const offset = position - start + segment.offset;
    const bytes = elf.bytes.subarray(offset, offset + Math.max(0, address - position));
    if (bytes.some((byte) => byte !== 0)) {
      gaps.push({
        type: SHT_PROGBITS,
        flags: SHF_ALLOC | (flags & PF_W && SHF_WRITE) | (flags & PF_X && SHF_EXECINSTR),
        address: position,
        offset,
        size: bytes.length,
      });
    }
    position = Math.max(position, address + size);
  }
  return gaps;
}

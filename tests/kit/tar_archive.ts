/**
 * Archives for tests, field by field, so that they can hold what no program writes; and what a reader tells of one.
 *
 * @module
 */

import { concatBytes, latin1, utf8 } from "../../lib/bytes/text.ts";
import { paxRecord } from "../../lib/tar/_pax.ts";
import type { TarLimits } from "../../lib/tar/limits.ts";
import type { TarMember } from "../../lib/tar/member.ts";
import { TarReader } from "../../lib/tar/read.ts";

/** Fields as they are written, each a string with one unit per byte. A field left out is as GNU tar has it. */
export interface HeaderFields {
  readonly name?: string;
  readonly type?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly size?: string | number;
  readonly mtime?: string;
  readonly linkName?: string;
  /** With the version. */
  readonly magic?: string;
  readonly major?: string;
  readonly minor?: string;
  readonly prefix?: string;
  /** Whatever else, by offset. */
  readonly at?: Readonly<Record<number, string>>;
  /** In place of the right one. */
  readonly checksum?: string;
}

/** One unit for each byte. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

/** Digits of an octal field with a NUL. */
export function octal(value: number, size = 12): string {
  return value.toString(8).padStart(size - 1, "0") + "\0";
}

/** A header of 512 bytes. */
export function header(fields: HeaderFields): Uint8Array<ArrayBuffer> {
  const { size = 0 } = fields;
  const block = new Uint8Array(512);
  const put = (at: number, text: string) => block.set(bytesOf(text), at);
  put(0, fields.name ?? "file");
  put(100, fields.mode ?? "0000644\0");
  put(108, fields.uid ?? "0000000\0");
  put(116, fields.gid ?? "0000000\0");
  put(124, typeof size === "number" ? octal(size) : size);
  put(136, fields.mtime ?? octal(0));
  put(148, " ".repeat(8));
  put(156, fields.type ?? "0");
  put(157, fields.linkName ?? "");
  put(257, fields.magic ?? "ustar\x0000");
  put(329, fields.major ?? "0000000\0");
  put(337, fields.minor ?? "0000000\0");
  put(345, fields.prefix ?? "");
  for (const [at, text] of Object.entries(fields.at ?? {})) put(Number(at), text);
  put(148, fields.checksum ?? `${octal(block.reduce((sum, byte) => sum + byte, 0), 7)} `);
  return block;
}

/** Bytes with zeros up to the end of their block. */
export function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(bytes, new Uint8Array(-bytes.length & 511));
}

/** A header, and contents that it gives the size of. */
export function file(fields: HeaderFields, contents: string): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(contents);
  return concatBytes(header({ size: bytes.length, ...fields }), padded(bytes));
}

/** An extended header with these records, one unit for each byte. */
export function extended(
  records: readonly (readonly [keyword: string, value: string])[],
  type = "x",
): Uint8Array<ArrayBuffer> {
  // By latin1, for there may be more of them than a call has arguments.
  const body = records.map(([keyword, value]) =>
    latin1(paxRecord(bytesOf(keyword), bytesOf(value)))
  );
  return file({ name: "PaxHeaders/file", type }, body.join(""));
}

/** The end of an archive. */
export const END: Uint8Array<ArrayBuffer> = new Uint8Array(1024);

/** What has been told of one member. */
export interface ToldMember {
  readonly member: TarMember;
  /** Stretches of contents, neighbours joined: position and bytes, one unit each. */
  readonly contents: readonly (readonly [position: number, bytes: string])[];
}

/** All that has been told of an archive. */
export interface Told {
  readonly members: readonly ToldMember[];
  /** Literals and contents in their order. */
  readonly rejoined: Uint8Array;
}

/** Reads an archive and holds the order of what is told against what it must be. */
export function tell(chunks: Iterable<Uint8Array>, limits?: TarLimits): Told {
  const members: { member: TarMember; contents: [number, string][] }[] = [];
  const pieces: Uint8Array[] = [];
  let isOpen = false;
  const expectOpen = (open: boolean) => {
    if (isOpen !== open) throw new Error("told in a wrong order");
  };
  const reader = new TarReader({
    member(member) {
      expectOpen(false);
      isOpen = true;
      members.push({ member, contents: [] });
    },
    contents(bytes, position) {
      expectOpen(true);
      if (bytes.length === 0) throw new Error("told of no bytes");
      pieces.push(bytes.slice());
      const { contents } = members.at(-1)!;
      const last = contents.at(-1);
      if (last !== undefined && last[0] + last[1].length === position) last[1] += latin1(bytes);
      else contents.push([position, latin1(bytes)]);
    },
    end() {
      expectOpen(true);
      isOpen = false;
    },
    literal: (bytes) => pieces.push(bytes.slice()),
  }, limits);
  for (const chunk of chunks) {
    // What is valid during the call only must not be kept.
    const passing = chunk.slice();
    reader.write(passing);
    passing.fill(0xa5);
  }
  reader.end();
  expectOpen(false);
  return { members, rejoined: concatBytes(...pieces) };
}

/** Reads an archive in one piece. */
export function tellAll(...parts: readonly Uint8Array[]): readonly ToldMember[] {
  return tell([concatBytes(...parts)]).members;
}

/** The only member of an archive without an end. */
export function tellOne(...parts: readonly Uint8Array[]): ToldMember {
  const [first, ...others] = tellAll(...parts);
  if (first === undefined || others.length > 0) throw new Error("expected one member");
  return first;
}

/** A name as people read it. */
export function nameOf({ member }: ToldMember): string {
  return latin1(member.name);
}

/** Attributes by name, one unit for each byte. */
export function xattrsOf({ member }: ToldMember): Record<string, string> {
  return Object.fromEntries(
    member.stat.xattrs.map(({ name, value }) => [latin1(name), latin1(value)]),
  );
}

/** Encodes as UTF-8, one unit for each byte. */
export function utf8Units(text: string): string {
  return latin1(utf8(text));
}

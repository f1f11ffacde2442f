/**
 * Numbers as archives have them: fields of a header, and decimal text in extended headers.
 *
 * Each reader returns undefined for what is no such number; the caller knows what to call it.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";

/** A point in time. */
export interface Time {
  /** Since the epoch: a number, or a bigint if not a safe integer. */
  readonly seconds: number | bigint;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * Reads a field of a header: octal digits between blanks or NULs, nothing for 0, or in GNU's base 256 (a byte
 * 0x80, or 0xff before a negative number, and the number with its first byte first).
 */
export function fieldNumber(
  block: Uint8Array,
  start: number,
  size: number,
): number | bigint | undefined {
  const first = block[start]!;
  if (first === 0x80 || first === 0xff) return base256(block.subarray(start, start + size));
  const end = start + size;
  let at = start;
  while (at < end && isPadding(block[at]!)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) {
    if (!isPadding(block[at]!)) return undefined;
  }
  return value;
}

function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

function base256(bytes: Uint8Array): number | bigint {
  let value = bytes[0] === 0xff ? -1n : 0n;
  for (let i = 1; i < bytes.length; i++) value = value * 256n + BigInt(bytes[i]!);
  return narrow(value);
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Digits of the longest number that can be a safe integer. */
const MAX_DIGITS = 16;

/** Reads a decimal number from 0 to 2^53-1. */
export function decimal(text: Uint8Array): number | undefined {
  if (text.length === 0 || text.length > MAX_DIGITS) return undefined;
  let value = 0;
  for (const byte of text) {
    if (byte < 0x30 || byte > 0x39) return undefined;
    value = value * 10 + byte - 0x30;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Not more digits than seconds in 64 bits have: longer ones take quadratic time. */
const TIME = /^(-?)(\d{1,19})(?:\.(\d*))?$/;
const BILLION = 1_000_000_000;

/** Whether seconds fit in 64 bits. */
export function isTime(seconds: number | bigint): boolean {
  return typeof seconds === "number" || BigInt.asIntN(64, seconds) === seconds;
}

/**
 * Reads a time as `paxTime` writes it: a decimal number, so that `-1.75` is a quarter of a second after -2.
 * Digits beyond nanoseconds are dropped.
 */
export function decimalTime(text: Uint8Array): Time | undefined {
  const [, sign, whole, fraction = ""] = TIME.exec(latin1(text)) ?? [];
  if (whole === undefined) return undefined;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  const magnitude = BigInt(whole);
  if (sign === "") return atTime(magnitude, nanoseconds);
  if (nanoseconds === 0) return atTime(-magnitude, 0);
  return atTime(-magnitude - 1n, BILLION - nanoseconds);
}

function atTime(seconds: bigint, nanoseconds: number): Time | undefined {
  return isTime(seconds) ? { seconds: narrow(seconds), nanoseconds } : undefined;
}

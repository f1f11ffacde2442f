/**
 * Points in time on the command line.
 *
 * @module
 */

import type { Time } from "../../lib/tree/stat_change.ts";
import { ValueError } from "./value_error.ts";

const EXPECTED =
  "expected seconds since the epoch, such as @1700000000, or a date with a time and a zone, " +
  "such as 2023-11-14T22:13:20Z";

const SECONDS = /^@?(-?)([0-9]{1,20})(?:\.([0-9]{1,9}))?$/;
const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(.*)$/;
const ZONE = /^([+-])([0-9]{2})(?::?([0-9]{2}))?$/;

/**
 * Reads a time: seconds since the epoch, with or without an `@` in front and up to nine decimals, negative before it;
 * or as ISO 8601 writes it, with a zone, or a date alone for its beginning in UTC.
 *
 * @throws {ValueError} If it is neither.
 */
export function time(text: string): Time {
  const seconds = SECONDS.exec(text);
  if (seconds !== null) return epochTime(seconds[1] === "-", BigInt(seconds[2]!), seconds[3]);
  const date = DATE.exec(text);
  if (date !== null) return dateTime(date, "Z");
  const full = DATE_TIME.exec(text);
  if (full === null) throw new ValueError(EXPECTED);
  return dateTime(full, full[8]!);
}

/** A whole number of seconds, as variables have it. */
export function wholeSeconds(text: string): Time {
  if (!/^-?[0-9]{1,20}$/.test(text)) throw new ValueError("expected a whole number of seconds");
  return secondsOf(BigInt(text), 0);
}

/** A number of seconds and its decimals, before the epoch or after it. */
function epochTime(isBefore: boolean, seconds: bigint, decimals: string | undefined): Time {
  const nanoseconds = nanosecondsOf(decimals);
  if (!isBefore) return secondsOf(seconds, nanoseconds);
  return nanoseconds === 0
    ? secondsOf(-seconds, 0)
    : secondsOf(-seconds - 1n, 1_000_000_000 - nanoseconds);
}

function nanosecondsOf(decimals = ""): number {
  return Number(decimals.padEnd(9, "0"));
}

function secondsOf(seconds: bigint, nanoseconds: number): Time {
  if (BigInt.asIntN(64, seconds) !== seconds) {
    throw new ValueError("expected seconds that 64 bits hold");
  }
  const number = Number(seconds);
  return { seconds: Number.isSafeInteger(number) ? number : seconds, nanoseconds };
}

/** Year, month, day, and hour, minute, second and decimals where there are any. */
function dateTime(parts: readonly (string | undefined)[], zone: string): Time {
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    part === undefined ? undefined : Number(part)
  );
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    throw new ValueError("expected a day that there is");
  }
  if (hour > 23 || minute > 59 || second > 59) {
    throw new ValueError("expected a time from 00:00:00 to 23:59:59");
  }
  const local = date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
  return { seconds: local - offsetOf(zone), nanoseconds: nanosecondsOf(parts[7]) };
}

/** Seconds by which a zone is ahead of UTC. */
function offsetOf(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const [, sign, hours, minutes] = ZONE.exec(zone) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes ?? 0) > 59) {
    throw new ValueError("expected a zone at its end, Z or one such as +01:00");
  }
  const offset = Number(hours) * 3600 + Number(minutes ?? 0) * 60;
  return sign === "-" ? -offset : offset;
}

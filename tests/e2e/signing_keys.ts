/**
 * Keys and certificates for tests, made by openssl.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { output, run } from "./process.ts";

/** Kinds of keys, as `openssl req -newkey` names them. */
export type KeyKind = `rsa:${number}` | "rsa-pss" | "ed25519" | `ec:${string}`;

/** Makes NAME.pem, a key without a pass phrase, and NAME.crt, a certificate of it. */
export function makeKey(
  directory: string,
  name: string,
  kind: KeyKind,
  request: readonly string[] = [],
): void {
  const [type, curve] = kind.split(":");
  const newKey = type === "ec" ? ["ec", "-pkeyopt", `ec_paramgen_curve:${curve}`] : [kind];
  // openssl tells its progress on standard error.
  const done = run(["openssl"], [
    ...["req", "-x509", "-nodes", "-days", "3650", "-subj", `/O=Tests/CN=${name}`],
    ...["-newkey", ...newKey],
    ...["-keyout", `${name}.pem`, "-out", `${name}.crt`],
    ...request,
  ], { cwd: directory });
  if (done.code !== 0) throw new Error(`Cannot make a key: ${done.stderr}`);
}

/** Makes a file of several, one after the other. */
export function join(directory: string, into: string, ...names: readonly string[]): void {
  const texts = names.map((name) => readFileSync(`${directory}/${name}`, "utf8"));
  writeFileSync(`${directory}/${into}`, texts.join(""));
}

/** Converts a key with `openssl pkey`. */
export function convertKey(directory: string, from: string, to: string, ...how: string[]): void {
  output(["openssl"], ["pkey", "-in", from, "-out", to, ...how], { cwd: directory });
}

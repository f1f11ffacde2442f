/**
 * The key and the certificate with which a file is signed, out of PEM files; the key may be another's.
 *
 * Reads keys and signs by `node:crypto`, which both runtimes have; PEM, certificates and the form of the
 * signature are the library's.
 *
 * @module
 */

import { EncodingError } from "../../../lib/signature/encoding_error.ts";
import type { KeyObject } from "node:crypto";
import { decodePem, type PemBlock, pemBlocks } from "../../../lib/signature/pem.ts";
import { quote } from "../../../lib/bytes/text.ts";
import { type Certificate, readCertificate } from "../../../lib/signature/certificate.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import {
  type KeyAlgorithm,
  keyProblem,
  mayBelongTogether,
  privateKeyAlgorithm,
  publicKeyAlgorithm,
} from "../../../lib/signature/key_algorithm.ts";
import { encodeSignature, type SignerKind } from "../../../lib/signature/pkcs7.ts";
import { nodeCrypto } from "../../runtime.ts";

/** A file in PEM, and the name that messages give it. */
export interface PemFile {
  readonly path: Uint8Array;
  readonly contents: Uint8Array;
}

/** `EC PARAMETERS` stands before some keys and is none; the rest is what OpenSSL reads. */
const KEY_LABELS: readonly string[] = [
  "PRIVATE KEY",
  "RSA PRIVATE KEY",
  "EC PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
];
const CERTIFICATE_LABELS: readonly string[] = ["CERTIFICATE", "X509 CERTIFICATE"];

/** What makes bare signatures: a number as long as the modulus for RSA, a DER sequence for ECDSA. */
export interface BareSigner {
  /** What is wrong if the certificate, whose name follows, is another's. */
  readonly mismatch: string;
  /** The kind of its key, as far as it is known. */
  readonly key?: KeyAlgorithm | undefined;
  /**
   * Signs a message, which it hashes itself.
   *
   * @throws {Error} If it cannot.
   */
  sign(message: Uint8Array): Uint8Array;
}

/** Puts bare signatures into the name of a certificate. */
export class Signer {
  readonly #algorithm: HashAlgorithm;
  readonly #shown: string;
  readonly #certificate: Certificate;
  readonly #key: KeyAlgorithm;
  readonly #publicKey: KeyObject;

  /**
   * Reads the certificate.
   *
   * @throws {Error} If it cannot be read, or is that of a key that cannot sign.
   */
  constructor(file: PemFile, algorithm: HashAlgorithm) {
    this.#algorithm = algorithm;
    this.#shown = shown(file);
    this.#certificate = openCertificate(file);
    const { publicKey } = this.#certificate;
    const unknown = `Cannot read certificate ${shown(file)}: its public key is damaged`;
    this.#key = orElse(() => publicKeyAlgorithm(publicKey), unknown);
    refuseKey(this.#key, algorithm, `certificate ${shown(file)}`);
    // The types ask for a Buffer; any bytes will do on both runtimes.
    const key = { key: publicKey as never, format: "der", type: "spki" } as const;
    this.#publicKey = orElse(() => nodeCrypto().createPublicKey(key), unknown);
  }

  /**
   * Signs a message.
   *
   * @returns The signature as the kernel takes it: PKCS#7 in DER. RSA gives the same bytes every time.
   * @throws {Error} If it cannot be signed, or by another key than that of the certificate.
   */
  sign(message: Uint8Array, bare: BareSigner): Uint8Array<ArrayBuffer> {
    const mismatch = `${bare.mismatch} ${this.#shown}`;
    if (bare.key !== undefined && !mayBelongTogether(bare.key, this.#key)) {
      throw new Error(mismatch);
    }
    const algorithm = this.#algorithm;
    const certificate = this.#certificate;
    const signature = bare.sign(message);
    const fits = orElse(
      () => nodeCrypto().verify(algorithm, message, this.#publicKey, signature),
      mismatch,
    );
    if (!fits) throw new Error(mismatch);
    const kind: SignerKind = this.#key.kind === "rsa" ? "rsa" : "ec";
    return encodeSignature({ algorithm, kind, certificate, signature });
  }
}

/**
 * Reads a private key.
 *
 * @throws {Error} If it cannot be read or is of a kind that cannot sign.
 */
export function openPrivateKey(file: PemFile, algorithm: HashAlgorithm): BareSigner {
  const action = `Cannot read private key ${shown(file)}`;
  const block = findBlock(file, KEY_LABELS);
  if (block === undefined) throw new Error(`${action}: no PEM block "PRIVATE KEY" in it`);
  if (block.label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(block.body)) {
    throw new Error(
      `${action}: it is encrypted, expected a plain one as "openssl pkey -in KEY -out PLAIN" makes`,
    );
  }
  const key = kindOf(block);
  if (key !== undefined) refuseKey(key, algorithm, shown(file));
  const opened = orElse(
    () => nodeCrypto().createPrivateKey(block.text),
    `${action}: its PEM block is damaged`,
  );
  const refusal = `Cannot sign with ${shown(file)}: ` +
    `this runtime makes no signatures of ${algorithm} with such a key`;
  return {
    mismatch: `Cannot sign with ${shown(file)}: it is not the key of certificate`,
    key,
    sign: (message) => orElse(() => nodeCrypto().sign(algorithm, message, opened), refusal),
  };
}

function refuseKey(key: KeyAlgorithm, algorithm: HashAlgorithm, subject: string): void {
  const problem = keyProblem(key, algorithm);
  if (problem !== undefined) throw new Error(`Cannot sign with ${subject}: ${problem}`);
}

/** The kind of a private key; undefined if it is of a form that only the runtime may know. */
function kindOf(block: PemBlock): KeyAlgorithm | undefined {
  try {
    return privateKeyAlgorithm(block.label, decodePem(block));
  } catch (error) {
    if (error instanceof EncodingError) return undefined;
    throw error;
  }
}

function openCertificate(file: PemFile): Certificate {
  const block = findBlock(file, CERTIFICATE_LABELS);
  const action = `Cannot read certificate ${shown(file)}`;
  if (block === undefined) throw new Error(`${action}: no PEM block "CERTIFICATE" in it`);
  return orElse(() => readCertificate(decodePem(block)), `${action}: its PEM block is damaged`);
}

function findBlock({ contents }: PemFile, labels: readonly string[]): PemBlock | undefined {
  const text = new TextDecoder("latin1").decode(contents);
  return pemBlocks(text).find(({ label }) => labels.includes(label));
}

function shown({ path }: PemFile): string {
  return quote(path);
}

/** Words an error of `node:crypto`, whose own words name neither file nor remedy. */
function orElse<T>(action: () => T, message: string): T {
  try {
    return action();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}

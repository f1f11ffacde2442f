/**
 * The key and the certificate with which a file is signed, out of PEM files.
 *
 * Reads keys and signs by `node:crypto`, which both runtimes have; PEM, certificates and the form of the
 * signature are the library's.
 *
 * @module
 */

import type { KeyObject } from "node:crypto";
import { decodePem, type PemBlock, pemBlocks } from "../lib/bytes/pem.ts";
import { printable } from "../lib/bytes/text.ts";
import { type Certificate, readCertificate } from "../lib/fsverity/certificate.ts";
import type { HashAlgorithm } from "../lib/fsverity/hasher.ts";
import { encodeSignature, type SignerKind } from "../lib/fsverity/pkcs7.ts";
import { nodeCrypto } from "./runtime.ts";

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

/** Signs messages in the name of a certificate. */
export class SigningKey {
  readonly #key: KeyObject;
  readonly #kind: SignerKind;
  readonly #certificate: Certificate;
  readonly #publicKey: KeyObject;
  /** What is wrong if a signature does not fit the certificate. */
  readonly #mismatch: string;

  /**
   * Reads key and certificate; they may be in the same file, in any order.
   *
   * @throws {Error} If one of them cannot be read or is of a kind that cannot sign.
   */
  constructor(keyFile: PemFile, certificateFile: PemFile) {
    this.#certificate = openCertificate(certificateFile);
    this.#publicKey = openPublicKey(this.#certificate, certificateFile);
    this.#key = openKey(keyFile);
    this.#kind = kindOf(this.#key, keyFile);
    this.#mismatch = `Cannot sign with ${shown(keyFile)}: it is not the key of certificate ` +
      shown(certificateFile);
  }

  /**
   * Signs a message.
   *
   * @returns The signature as the kernel takes it: PKCS#7 in DER. RSA gives the same bytes every time.
   * @throws {Error} If the key is not that of the certificate.
   */
  sign(message: Uint8Array, algorithm: HashAlgorithm): Uint8Array<ArrayBuffer> {
    const kind = this.#kind;
    // The runtimes disagree on what they throw where keys do not fit, up to keys too short for a hash.
    const signature = orElse(
      () => nodeCrypto().sign(algorithm, message, this.#key),
      this.#mismatch,
    );
    const fits = orElse(
      () => nodeCrypto().verify(algorithm, message, this.#publicKey, signature),
      this.#mismatch,
    );
    if (!fits) throw new Error(this.#mismatch);
    return encodeSignature({ algorithm, kind, certificate: this.#certificate, signature });
  }
}

function openCertificate(file: PemFile): Certificate {
  const block = findBlock(file, CERTIFICATE_LABELS);
  const action = `Cannot read certificate ${shown(file)}`;
  if (block === undefined) throw new Error(`${action}: no PEM block "CERTIFICATE" in it`);
  return orElse(() => readCertificate(decodePem(block)), `${action}: its PEM block is damaged`);
}

function openPublicKey({ publicKey }: Certificate, file: PemFile): KeyObject {
  // The types ask for a Buffer; any bytes will do on both runtimes.
  const key = { key: publicKey as never, format: "der", type: "spki" } as const;
  return orElse(
    () => nodeCrypto().createPublicKey(key),
    `Cannot read certificate ${shown(file)}: its public key is of an unknown kind or damaged`,
  );
}

function openKey(file: PemFile): KeyObject {
  const action = `Cannot read private key ${shown(file)}`;
  const block = findBlock(file, KEY_LABELS);
  if (block === undefined) throw new Error(`${action}: no PEM block "PRIVATE KEY" in it`);
  if (block.label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(block.body)) {
    throw new Error(
      `${action}: it is encrypted, expected a plain one as "openssl pkey -in KEY -out PLAIN" makes`,
    );
  }
  return orElse(
    () => nodeCrypto().createPrivateKey(block.text),
    `${action}: its PEM block is damaged`,
  );
}

function kindOf({ asymmetricKeyType: type }: KeyObject, file: PemFile): SignerKind {
  if (type === "rsa" || type === "ec") return type;
  throw new Error(`Cannot sign with ${shown(file)}: key of type ${type}, expected RSA or EC`);
}

function findBlock({ contents }: PemFile, labels: readonly string[]): PemBlock | undefined {
  const text = new TextDecoder("latin1").decode(contents);
  return pemBlocks(text).find(({ label }) => labels.includes(label));
}

function shown({ path }: PemFile): string {
  return `"${printable(path)}"`;
}

/** Words an error of `node:crypto`, whose own words name neither file nor remedy. */
function orElse<T>(action: () => T, message: string): T {
  try {
    return action();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}

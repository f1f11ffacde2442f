/**
 * `fsverity sign`: signatures for kernels that ask for them.
 *
 * @module
 */

import { utf8 } from "../../../lib/bytes/text.ts";
import { formatFsVerityDigest } from "../../../lib/digest/descriptor.ts";
import {
  type Context,
  defineCommand,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { type BareSigner, openPrivateKey, Signer } from "./_signing_key.ts";
import { runShell } from "../../shell.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { UsageError } from "../../args/usage_error.ts";
import { path } from "../../args/values.ts";
import { COMPUTE_OPTIONS, computeFile } from "./_options.ts";
import { readSmallFile } from "../../small_file.ts";

/** Options for keys in tokens, which are refused. */
const TOKEN = { kind: "value", value: "NAME", parse: path, hidden: true } as const;

const options = {
  key: {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Sign with this private key, RSA or EC, in PEM and not encrypted",
  },
  cert: {
    kind: "value",
    value: "FILE",
    parse: path,
    summary: "Sign in the name of this certificate, X.509 in PEM",
    defaultText: "the file of the key",
  },
  "sign-command": {
    kind: "value",
    value: "COMMAND",
    summary: "Have COMMAND sign, which the shell runs, instead of a key in a file",
    help:
      "What the key has to sign is on its standard input: the bytes that digest --for-builtin-sig shows, not hashed yet. Its standard output is taken for the signature: RSA with PKCS#1 v1.5 padding, or ECDSA in DER, with the hash of --hash-alg. It is checked against the certificate.",
    extension: true,
  },
  "pkcs11-engine": { ...TOKEN, summary: "Not supported" },
  "pkcs11-module": { ...TOKEN, summary: "Not supported" },
  "pkcs11-keyid": { ...TOKEN, summary: "Not supported" },
  ...COMPUTE_OPTIONS,
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** The command `fsverity sign`. */
export const fsveritySign = defineCommand({
  name: "sign",
  summary: "Sign the fs-verity digest of a file",
  description: [
    "Writes a PKCS#7 message in DER, which the kernel verifies with the certificates of its keyring .fs-verity. The file itself is only read; enable fs-verity on it with the same options and --signature.",
    "A signature by an RSA key is the same every time. For kernels, certificates of EC keys need Linux 5.13.",
  ],
  operands: {
    file: { name: "FILE", summary: "The file to sign" },
    signature: { name: "SIGNATURE", summary: "Where the signature is written" },
  },
  options,
  examples: [
    {
      summary: "Sign an image",
      command: "fsverity sign rootfs.cfs rootfs.sig --key=key.pem --cert=cert.pem",
    },
    {
      summary: "Sign with a key that only a program of yours can reach",
      command: "fsverity sign rootfs.cfs rootfs.sig --cert=cert.pem --sign-command=./sign",
    },
  ],
  exitStatus: ["0 if the signature was written, 1 if not, 2 for a wrong command line."],
  run(options, { file, signature }, context) {
    const { terminal: { stdout }, machine } = context;
    const { hashAlg: algorithm } = options;
    const [signer, bare] = openSigner(options, context);
    const digest = computeFile(file, options, context).digest();
    machine.writeFile(signature, signer.sign(formatFsVerityDigest(digest), bare));
    if (options.json) {
      stdout.write(jsonLine({ ...jsonBytes("path", file), algorithm, digest: digest.toHex() }));
      return 0;
    }
    stdout.write(utf8("Signed file '"));
    stdout.write(file);
    stdout.write(`' (${algorithm}:${digest.toHex()})\n`);
    return 0;
  },
});

function openSigner(
  options: OptionValues<typeof fsveritySign.options>,
  context: Context,
): [Signer, BareSigner] {
  const { key, signCommand, cert = key, hashAlg: algorithm } = options;
  for (const name of ["pkcs11Engine", "pkcs11Module", "pkcs11Keyid"] as const) {
    if (options[name] === undefined) continue;
    throw new RangeError(
      "Cannot sign with a key of a PKCS#11 token: not supported, expected --key with a PEM file, " +
        "or --sign-command",
    );
  }
  if (key !== undefined && signCommand !== undefined) {
    throw new UsageError("Cannot use --key with --sign-command: expected one of them");
  }
  if (cert === undefined) {
    throw new RangeError("Cannot sign: no certificate specified, expected --key and --cert");
  }
  const read = (path: Uint8Array) => ({ path, contents: readSmallFile(context, path) });
  const signer = new Signer(read(cert), algorithm);
  if (key !== undefined) return [signer, openPrivateKey(read(key), algorithm)];
  if (signCommand !== undefined) return [signer, commandSigner(signCommand)];
  throw new RangeError("Cannot sign: no private key specified, expected --key");
}

function commandSigner(command: string): BareSigner {
  return {
    mismatch: `Cannot use what "${command}" printed: no signature by the key of certificate`,
    sign: (message) => runShell(command, message),
  };
}

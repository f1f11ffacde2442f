import { assert, assertEquals } from "@std/assert";
import { createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { formatFsVerityDigest } from "../../lib/digest/descriptor.ts";
import { peer, type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { convertKey, join, type KeyKind, makeKey } from "./signing_keys.ts";

const C = { tools: ["fsverity", "openssl"] };
const OPENSSL = { tools: ["openssl"] };

/** Signs with both programs and compares what they print and write. */
function compare({ tool, directory, path }: Subject, args: readonly string[], file = "file"): void {
  const options = { cwd: directory };
  const expected = textOutput(peer("fsverity"), ["sign", file, "theirs", ...args], options);
  const printed = textOutput(tool("fsverity"), ["sign", file, "ours", ...args], options);
  assertEquals(printed, expected, args.join(" "));
  assert(readFileSync(path("ours")).equals(readFileSync(path("theirs"))), args.join(" "));
}

testEach(
  "fsverity sign: RSA signatures are those of fsverity-utils",
  { ...C, long: true },
  (subject) => {
    const { directory, path } = subject;
    writeFileSync(path("file"), "hello");
    makeKey(directory, "small", "rsa:2048");
    makeKey(directory, "large", "rsa:4096");
    makeKey(directory, "negative", "rsa:2048", ["-set_serial", "-128"]);
    makeKey(directory, "odd", "rsa:2048", [
      ...["-set_serial", "0xff00000000000000000000000000000000000000"],
      ...["-utf8", "-subj", "/C=DE/O=" + "ä".repeat(60) + "/OU=a+CN=b, c", "-sha512"],
    ]);
    for (const name of ["small", "large", "negative", "odd"]) {
      const keys = [`--key=${name}.pem`, `--cert=${name}.crt`];
      compare(subject, keys);
      compare(subject, ["--hash-alg=sha512", ...keys]);
    }
    const keys = ["--key=small.pem", "--cert=small.crt"];
    compare(subject, [...keys, "--block-size=1024", "--salt=abcd"]);
    compare(subject, [...keys, "--hash-alg", "sha512", "--salt=" + "11".repeat(32)]);
    writeFileSync(path("empty"), "");
    writeFileSync(path("big file"), new Uint8Array(1_000_000).fill(3));
    compare(subject, keys, "empty");
    compare(subject, keys, "big file");
  },
);

testEach("fsverity sign: keys and certificates in the files that people have", C, (subject) => {
  const { directory, path } = subject;
  writeFileSync(path("file"), "hello");
  makeKey(directory, "key", "rsa:2048");
  makeKey(directory, "other", "rsa:2048");
  join(directory, "both.pem", "key.pem", "key.crt");
  join(directory, "reversed.pem", "key.crt", "key.pem");
  join(directory, "chain.crt", "key.crt", "other.crt");
  convertKey(directory, "key.pem", "traditional.pem", "-traditional");
  const text = readFileSync(path("key.crt"), "utf8");
  writeFileSync(path("windows.crt"), text.replaceAll("\n", "\r\n"));
  writeFileSync(path("explained.crt"), "subject=CN = key\n\n" + text);
  for (
    const args of [
      ["--key=both.pem"],
      ["--key=reversed.pem"],
      ["--key=reversed.pem", "--cert=both.pem"],
      ["--key=traditional.pem", "--cert=key.crt"],
      ["--key=key.pem", "--cert=chain.crt"],
      ["--key=key.pem", "--cert=windows.crt"],
      ["--key=key.pem", "--cert=explained.crt"],
    ]
  ) compare(subject, args);
});

testEach("fsverity sign: writes Merkle tree and descriptor where asked", C, (subject) => {
  const { directory, path, tool } = subject;
  writeFileSync(path("file"), new Uint8Array(300_000).fill(9));
  makeKey(directory, "key", "rsa:2048");
  for (const [name, program] of [["c", peer("fsverity")], ["o", tool("fsverity")]] as const) {
    const out = [`--out-merkle-tree=${name}.tree`, `--out-descriptor=${name}.descriptor`];
    const args = ["sign", "file", `${name}.sig`, "--key=key.pem", "--cert=key.crt", ...out];
    textOutput(program, args, { cwd: directory });
  }
  for (const kind of ["sig", "tree", "descriptor"]) {
    assert(readFileSync(path(`o.${kind}`)).equals(readFileSync(path(`c.${kind}`))), kind);
  }
});

testEach(
  "fsverity sign: an EC signature has the form of fsverity-utils, and holds",
  C,
  (subject) => {
    const { directory, path, tool } = subject;
    writeFileSync(path("file"), "hello");
    makeKey(directory, "key", "ec:prime256v1");
    const keys = ["--key=key.pem", "--cert=key.crt"];
    for (const algorithm of ["sha256", "sha512"] as const) {
      const hash = `--hash-alg=${algorithm}`;
      for (const [name, program] of [["c", peer("fsverity")], ["o", tool("fsverity")]] as const) {
        textOutput(program, ["sign", "file", name, hash, ...keys], { cwd: directory });
      }
      const [theirs, ours] = ["c", "o"].map((name) => withoutLengths(directory, name));
      assertEquals(ours!.frame, theirs!.frame);
      const signed = formatFsVerityDigest(
        fsVerityDigest(new TextEncoder().encode("hello"), { algorithm }),
      );
      // Both runtimes derive the public key of a private one.
      const key = createPublicKey(readFileSync(path("key.pem"), "utf8"));
      assert(verify(algorithm, signed, key, ours!.signature));
    }
  },
);

/** The structure as openssl shows it, and the signature: lengths differ from one EC signature to the next. */
function withoutLengths(cwd: string, name: string): { frame: string; signature: Uint8Array } {
  const text = textOutput(["openssl"], ["asn1parse", "-inform", "der", "-in", name], { cwd });
  const hex = /\[HEX DUMP\]:([0-9A-F]+)\n$/.exec(text)?.[1] ?? "";
  const frame = text.replace(/\[HEX DUMP\].*/, "").replace(/^ *\d+:d=(\d+) +hl=\d l= *\d+/gm, "$1");
  return { frame, signature: Uint8Array.fromHex(hex) };
}

/** Command lines after `fsverity sign`, their statuses in fsverity-utils, and what we say. */
const FAILURES: readonly (readonly [status: number, args: string, message: string])[] = [
  [2, "", "operand FILE is missing"],
  [2, "file", "operand SIGNATURE is missing"],
  [2, "file out more", 'Cannot use operand "more"'],
  [1, "file out", "Cannot sign: no certificate specified, expected --key and --cert"],
  [1, "file out --cert=key.crt", "Cannot sign: no private key specified, expected --key"],
  [1, "file out --key=key.pem", 'Cannot read certificate "key.pem": no PEM block "CERTIFICATE"'],
  [1, "file out --key=key.crt", 'Cannot read private key "key.crt": no PEM block "PRIVATE KEY"'],
  [1, "file out --key=noise --cert=key.crt", 'Cannot read private key "noise": no PEM block'],
  [1, "file out --key=broken --cert=key.crt", 'Cannot read private key "broken": its PEM block'],
  [1, "file out --key=key.pem --cert=broken", 'Cannot read certificate "broken": its PEM block'],
  [1, "file out --key=key.pem --cert=noise", 'Cannot read certificate "noise": no PEM block'],
  [1, "file out --key=empty --cert=key.crt", 'Cannot read private key "empty": no PEM block'],
  [
    1,
    "file out --key=locked.pem --cert=key.crt",
    'Cannot read private key "locked.pem": it is enc',
  ],
  [
    1,
    "file out --key=old.pem --cert=key.crt",
    'Cannot read private key "old.pem": it is encrypted',
  ],
  [1, "file out --key=absent --cert=key.crt", 'Cannot open "absent": No such file'],
  [1, "file out --key=key.pem --cert=absent", 'Cannot open "absent": No such file'],
  [1, "file out --key=other.pem --cert=key.crt", "it is not the key of certificate"],
  [1, "file out --key=ec.pem --cert=key.crt", "it is not the key of certificate"],
  [1, "file out --key=key.pem --cert=ec.crt", "it is not the key of certificate"],
  [1, "file out --key=ed.pem --cert=ed.crt", "key of type ed25519, expected RSA or EC"],
  [1, "absent out --key=key.pem --cert=key.crt", 'Cannot open "absent": No such file'],
  [1, ". out --key=key.pem --cert=key.crt", 'Cannot read ".": Is a directory'],
  [1, "file absent/out --key=key.pem --cert=key.crt", "No such file or directory"],
  [1, "file . --key=key.pem --cert=key.crt", "Cannot"],
  [1, "file out --key=key.pem --cert=key.crt --pkcs11-keyid=1", "PKCS#11 token: not supported"],
  [
    1,
    "file out --cert=key.crt --pkcs11-engine=x --pkcs11-module=y",
    "not supported, expected --key",
  ],
];

testEach(
  "fsverity sign: failures have the statuses of fsverity-utils",
  { ...C, long: true },
  (subject) => {
    const { directory, path } = subject;
    writeFileSync(path("file"), "hello");
    writeFileSync(path("empty"), "");
    writeFileSync(path("noise"), Uint8Array.from({ length: 5000 }, (_, i) => i * 97));
    makeKey(directory, "key", "rsa:2048");
    makeKey(directory, "other", "rsa:2048");
    makeKey(directory, "ec", "ec:prime256v1");
    makeKey(directory, "ed", "ed25519");
    convertKey(directory, "key.pem", "locked.pem", "-aes256", "-passout", "pass:secret");
    convertKey(
      directory,
      "key.pem",
      "old.pem",
      "-traditional",
      "-aes256",
      "-passout",
      "pass:secret",
    );
    const broken = ["PRIVATE KEY", "CERTIFICATE"].map((label) =>
      `-----BEGIN ${label}-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END ${label}-----\n`
    );
    writeFileSync(path("broken"), broken.join(""));
    for (const [status, line, message] of FAILURES) {
      const args = ["sign", ...line.split(" ").filter((word) => word !== "")];
      const ours = run(subject.tool("fsverity"), args, { cwd: directory });
      const what = `fsverity ${args.join(" ")}: ${ours.stderr}`;
      assert(!existsSync(path("out")), what);
      const theirs = run(peer("fsverity"), args, { cwd: directory });
      rmSync(path("out"), { force: true });
      assertEquals([ours.code, theirs.code], [status, status], what);
      assertEquals(ours.stdout, theirs.stdout, what);
      assert(ours.stderr.startsWith("ERROR: ") && ours.stderr.includes(message), what);
      if (status === 1) assertEquals(ours.stderr.split("\n").length, 2, what);
    }
  },
);

testEach("fsverity sign: a key without end is refused", {}, ({ tool, directory, path }) => {
  writeFileSync(path("file"), "hello");
  const args = ["sign", "file", "out", "--key=/dev/zero"];
  const { code, stderr } = run(tool("fsverity"), args, { cwd: directory });
  assertEquals(code, 1);
  assertEquals(
    stderr,
    'ERROR: Cannot read "/dev/zero": 1048576 bytes or more, expected fewer\n',
  );
});

/** Keys, what refuses them, and the hash where it matters. The C program takes the curves. */
const KEYS: readonly (readonly [kind: KeyKind, message: string, ...args: string[]])[] = [
  ["ec:secp256k1", "EC key on curve secp256k1, expected P-256, P-384 or P-521"],
  ["ec:brainpoolP256r1", "EC key on curve brainpoolP256r1, expected P-256, P-384 or P-521"],
  ["rsa-pss", "key of type rsa-pss, expected RSA or EC"],
  ["rsa:744", "RSA key of 744 bits, too short for sha512: expected at least 745", "--hash-alg=2"],
];

testEach("fsverity sign: keys that cannot sign are named as what they are", OPENSSL, (subject) => {
  const { directory, path, tool } = subject;
  writeFileSync(path("file"), "hello");
  makeKey(directory, "good", "rsa:2048");
  for (const [kind, message, ...args] of KEYS) {
    makeKey(directory, "bad", kind);
    for (const [key, cert] of [["bad", "bad"], ["bad", "good"]] as const) {
      const line = ["sign", "file", "out", `--key=${key}.pem`, `--cert=${cert}.crt`, ...args];
      const { code, stderr } = run(tool("fsverity"), line, { cwd: directory });
      assertEquals(code, 1, stderr);
      const subject = cert === "bad" ? 'certificate "bad.crt"' : '"bad.pem"';
      assertEquals(stderr, `ERROR: Cannot sign with ${subject}: ${message}\n`);
    }
  }
});

testEach("fsverity sign: a command signs as the key does that it uses", OPENSSL, (subject) => {
  const { directory, path, tool } = subject;
  const cwd = { cwd: directory };
  const sign = (...args: string[]) => ["sign", "file", ...args];
  writeFileSync(path("file"), new Uint8Array(10_000));
  makeKey(directory, "key", "rsa:2048");
  makeKey(directory, "ec", "ec:secp384r1");
  for (const hash of ["sha256", "sha512"]) {
    const algorithm = `--hash-alg=${hash}`;
    textOutput(
      tool("fsverity"),
      sign("expected", "--key=key.pem", "--cert=key.crt", algorithm),
      cwd,
    );
    for (
      const command of [
        `openssl dgst -${hash} -sign key.pem`,
        `openssl pkeyutl -sign -inkey key.pem -rawin -digest ${hash}`,
      ]
    ) {
      textOutput(
        tool("fsverity"),
        sign("out", "--cert=key.crt", `--sign-command=${command}`, algorithm),
        cwd,
      );
      assert(readFileSync(path("out")).equals(readFileSync(path("expected"))), command);
    }
  }
  // What is signed is what the program shows.
  textOutput(
    tool("fsverity"),
    sign(
      "out",
      "--cert=ec.crt",
      "--sign-command=tee seen | openssl dgst -sha256 -sign ec.pem",
    ),
    cwd,
  );
  const shown = textOutput(
    tool("fsverity"),
    ["digest", "--for-builtin-sig", "--compact", "file"],
    cwd,
  );
  assertEquals(readFileSync(path("seen"), "hex") + "\n", shown);
});

/** Commands that do not sign, and what is said of them. */
const BAD_COMMANDS: readonly (readonly [command: string, message: string])[] = [
  ["exit 3", 'Cannot run "exit 3": exit status 3'],
  ["kill -9 $$", 'Cannot run "kill -9 $$": exit status 137'],
  ["true", 'Cannot use what "true" printed: no signature by the key of certificate "key.crt"'],
  ["cat", 'Cannot use what "cat" printed: no signature by the key of certificate "key.crt"'],
  ["openssl dgst -sha256 -sign other.pem", "no signature by the key of certificate"],
  ["openssl dgst -sha512 -sign key.pem", "no signature by the key of certificate"],
];

testEach("fsverity sign: a command that does not sign is told", OPENSSL, (subject) => {
  const { directory, path, tool } = subject;
  writeFileSync(path("file"), "hello");
  makeKey(directory, "key", "rsa:2048");
  makeKey(directory, "other", "rsa:2048");
  const fail = (status: number, message: string, ...args: string[]) => {
    const line = ["sign", "file", "out", ...args];
    const { code, stderr } = run(tool("fsverity"), line, { cwd: directory });
    assertEquals(code, status, stderr);
    assert(stderr.includes(message), stderr);
    assert(!existsSync(path("out")), message);
  };
  for (const [command, message] of BAD_COMMANDS) {
    fail(1, message, "--cert=key.crt", `--sign-command=${command}`);
  }
  fail(1, "no certificate specified", "--sign-command=true");
  fail(2, "Cannot use --key with --sign-command", "--key=key.pem", "--sign-command=true");
});

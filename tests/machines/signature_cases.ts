/**
 * Cases about built-in signatures: the kernel asks for one that a key of its keyring has made.
 *
 * Keys come from {@linkcode makeKeys} on the host. Signed by Debian's fsverity or, once we have the
 * command, by ours. After these cases the kernel takes unsigned files again.
 *
 * @see Documentation/filesystems/fsverity.rst, "Built-in signature verification"
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Group } from "../../cli/args/command.ts";
import { COMPOSEFS } from "../../cli/program.ts";
import {
  type Disk,
  errorCode,
  type Guest,
  missingPrograms,
  type Program,
  succeed,
  type VmCase,
} from "./case.ts";
import { FOO, FOO_DIGEST } from "./example.ts";
import { enable } from "./object_cases.ts";

const REQUIRE = "/proc/sys/fs/verity/require_signatures";

/** The key whose certificate the kernel gets, and one that it does not know. */
type Key = "trusted" | "stranger";

/**
 * Makes both keys with openssl: NAME.pem, NAME.crt and NAME.der in a directory.
 *
 * @returns Whether openssl is there.
 */
export function makeKeys(directory: string): boolean {
  return (["trusted", "stranger"] satisfies Key[]).every((name) => {
    const path = join(directory, name);
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"];
    const made = spawnSync("openssl", [
      ...request,
      ...["-subj", `/CN=composefs-ts test, ${name}`, "-keyout", `${path}.pem`],
      ...["-out", `${path}.crt`],
    ]);
    const converted = spawnSync("openssl", [
      "x509",
      ...["-in", `${path}.crt`, "-outform", "der", "-out", `${path}.der`],
    ]);
    return made.status === 0 && converted.status === 0;
  });
}

/** The cases on one disk. */
export function signatureCases(disk: Disk): VmCase[] {
  const verbs = COMPOSEFS.commands.find((entry): entry is Group => entry.name === "fsverity");
  const has = (verb: string) => verbs?.commands.some(({ name }) => name === verb) ?? false;
  const ours = has("sign") && has("enable") ? undefined : "no fsverity sign and enable yet";
  const keys = missingPrograms("openssl");
  return [
    ...casesOf("ours", disk, (guest) => guest.ours, keys ?? ours),
    ...casesOf("Debian's", disk, (guest) => guest.peer, keys ?? missingPrograms("fsverity")),
  ];
}

function casesOf(
  whose: string,
  disk: Disk,
  program: (guest: Guest) => Program,
  skip: string | undefined,
): VmCase[] {
  const named = (name: string, run: (bench: Bench) => Promise<void> | void): VmCase => ({
    name: `signatures, ${whose}: ${name}`,
    skip,
    async run(guest) {
      const directory = guest.directory(disk);
      await trustKey(guest);
      writeFileSync(REQUIRE, "1");
      try {
        await run({ guest, directory, program: program(guest) });
      } finally {
        writeFileSync(REQUIRE, "0");
      }
    },
  });
  return [
    named("a signed file can be enabled and read", async (bench) => {
      const file = write(bench, "file", FOO);
      await succeed(bench.program, "fsverity", [
        "enable",
        file,
        `--signature=${await sign(bench, file, "trusted")}`,
      ]);
      assertEquals(bench.guest.measure(file), FOO_DIGEST);
      bench.guest.dropCaches();
      assertEquals(readFileSync(file, "utf8"), FOO);
    }),
    named("an unsigned file is refused", ({ guest, directory, program }) => {
      const file = write({ guest, directory, program }, "file", FOO);
      assertEquals(errorCode(() => enable(guest, file)), "EPERM");
    }),
    named("a signature by a strange key is refused", async (bench) => {
      const file = write(bench, "file", FOO);
      await refused(bench, file, await sign(bench, file, "stranger"));
    }),
    named("a signature of another file is refused", async (bench) => {
      const other = write(bench, "other", FOO.toUpperCase());
      const file = write(bench, "file", FOO);
      await refused(bench, file, await sign(bench, other, "trusted"));
    }),
    named("what is no signature is refused", async (bench) => {
      const file = write(bench, "file", FOO);
      await refused(bench, file, write(bench, "noise", FOO));
    }),
  ];
}

interface Bench {
  readonly guest: Guest;
  readonly directory: string;
  readonly program: Program;
}

function write({ directory }: Bench, name: string, contents: string): string {
  const path = join(directory, name);
  writeFileSync(path, contents);
  return path;
}

async function sign({ program }: Bench, file: string, key: Key): Promise<string> {
  const signature = `${file}.sig`;
  await succeed(program, "fsverity", [
    "sign",
    file,
    signature,
    `--key=${keyPath(key, "pem")}`,
    `--cert=${keyPath(key, "crt")}`,
  ]);
  return signature;
}

async function refused({ guest, program }: Bench, file: string, signature: string): Promise<void> {
  const { status } = await program("fsverity", ["enable", file, `--signature=${signature}`]);
  assertEquals(status, 1);
  assertEquals(guest.measure(file), undefined);
}

let trusted = false;

/** Gives the certificate to the kernel, once. */
async function trustKey(guest: Guest): Promise<void> {
  if (trusted) return;
  // keyctl reads the certificate from its standard input.
  const add = `keyctl padd asymmetric '' %keyring:.fs-verity <'${keyPath("trusted", "der")}'`;
  await succeed(guest.peer, "sh", ["-c", add]);
  trusted = true;
}

function keyPath(key: Key, kind: "pem" | "crt" | "der"): string {
  return join(process.env.VM_RESULTS ?? "", `${key}.${kind}`);
}

/**
 * The C programs as judges: finds them on PATH and runs them on bytes.
 *
 * Tests that need one put {@linkcode skipReason} into their name and skip when it is not empty, so a
 * machine without the programs still passes. Decides nothing about what is right.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Programs that serve as judges. */
export type Peer = "mkcomposefs" | "composefs-info" | "fsverity" | "fsck.erofs" | "dump.erofs";

/** What a program left behind. */
export interface PeerResult {
  /** Exit status, or null if a signal or the time limit ended it. */
  readonly code: number | null;
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** Standard error as UTF-8 text, without the newline at its end. */
  readonly stderr: string;
}

/** Format versions as `--min-version` and `--max-version` take them; both or none. */
export interface VersionRange {
  readonly minVersion?: number | undefined;
  readonly maxVersion?: number | undefined;
}

/** An image, or the message with which the reference program refused the dump. */
export type Verdict =
  | { readonly image: Uint8Array<ArrayBuffer> }
  | { readonly refused: string };

const found = new Map<Peer, string | undefined>();

/** Path of a program, or undefined if PATH does not lead to it. */
export function findPeer(peer: Peer): string | undefined {
  if (!found.has(peer)) found.set(peer, findProgram(peer));
  return found.get(peer);
}

/** Path of any program, or undefined if PATH does not lead to it. */
export function findProgram(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    if (directory === "") continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (error) {
      // Absent here, or not ours to run: the next directory may have it.
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }
  return undefined;
}

/**
 * The end of a test's name if a program is missing, such as `" (skipped: no fsverity on PATH)"`;
 * empty if all are there.
 */
export function skipReason(...peers: readonly Peer[]): string {
  const missing = peers.filter((peer) => findPeer(peer) === undefined);
  return missing.length === 0 ? "" : ` (skipped: no ${missing.join(", ")} on PATH)`;
}

/**
 * Runs a program to its end, for at most 30 seconds, with nothing on its standard input.
 *
 * @throws {Error} If the program is not on PATH, cannot be started or runs out of time.
 */
export function runPeer(peer: Peer, args: readonly string[]): PeerResult {
  const path = findPeer(peer);
  if (path === undefined) throw new Error(`Cannot run "${peer}": not on PATH`);
  const done = spawnSync(path, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
    maxBuffer: 2 ** 30,
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
  });
  if (done.error !== undefined) throw done.error;
  return {
    code: done.status,
    stdout: new Uint8Array(done.stdout),
    stderr: new TextDecoder().decode(done.stderr).trimEnd(),
  };
}

/**
 * Runs a program on bytes, as a file: `@` among the arguments stands for its name. Not through a
 * pipe, which breaks when a program gives up before it has read all.
 *
 * @throws {Error} As {@linkcode runPeer}.
 */
export function runPeerOn(
  peer: Peer,
  args: readonly string[],
  contents: Uint8Array,
): PeerResult {
  const directory = mkdtempSync(join(tmpdir(), "composefs-oracle-"));
  try {
    const path = join(directory, "input");
    writeFileSync(path, contents);
    return runPeer(peer, args.map((arg) => arg === "@" ? path : arg));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function versionArguments(versions: VersionRange): string[] {
  const args: string[] = [];
  if (versions.minVersion !== undefined) args.push(`--min-version=${versions.minVersion}`);
  if (versions.maxVersion !== undefined) args.push(`--max-version=${versions.maxVersion}`);
  return args;
}

/**
 * Turns a dump into an image with mkcomposefs.
 *
 * @throws {Error} If the program ends in another way than by success or by a refusal with status 1.
 */
export function referenceImage(dump: Uint8Array, versions: VersionRange = {}): Verdict {
  const result = runPeerOn(
    "mkcomposefs",
    ["--from-file", ...versionArguments(versions), "@", "-"],
    dump,
  );
  if (result.code === 0) return { image: result.stdout };
  if (result.code === 1) return { refused: result.stderr.replace(/^mkcomposefs: /, "") };
  throw new Error(`Cannot judge the dump: mkcomposefs ended with ${result.code}, expected 0 or 1`);
}

/** The fs-verity digest of a dump's image as mkcomposefs prints it: 64 hex digits. */
export function referenceDigest(dump: Uint8Array, versions: VersionRange = {}): string {
  const args = ["--from-file", "--print-digest-only", ...versionArguments(versions), "@"];
  const result = runPeerOn("mkcomposefs", args, dump);
  if (result.code !== 0) throw new Error(`Cannot digest the dump: ${result.stderr}`);
  return new TextDecoder().decode(result.stdout).trimEnd();
}

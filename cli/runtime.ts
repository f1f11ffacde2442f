/**
 * What the runtime tells of the running program.
 *
 * On Deno it comes from Deno's own functions: the first look at `process`, which both have, loads Node's
 * streams with it, and takes 15 milliseconds.
 *
 * @module
 */

/** The little of `process` that is used. */
interface NodeProcess {
  readonly argv: readonly string[];
  readonly argv0: string;
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
  getBuiltinModule(name: "node:crypto"): typeof import("node:crypto");
  getBuiltinModule(name: "node:fs"): typeof import("node:fs");
  getBuiltinModule(name: "node:child_process"): typeof import("node:child_process");
}

interface BunGlobal {
  readonly isMainThread: boolean;
  readonly isStandaloneExecutable?: boolean;
  readonly version: string;
}

const { Bun: bun } = globalThis as { readonly Bun?: BunGlobal };

function nodeProcess(): NodeProcess {
  return (globalThis as unknown as { readonly process: NodeProcess }).process;
}

/** Tells whether this is Bun, whose engine is JavaScriptCore; Deno's is V8. */
export function isBun(): boolean {
  return bun !== undefined;
}

/** Name and version of the runtime. */
export function runtimeVersion(): string {
  return bun === undefined ? `Deno ${Deno.version.deno}` : `Bun ${bun.version}`;
}

/** Tells whether this is neither: Node, which has no FFI. */
export function isOther(): boolean {
  return bun === undefined && !("Deno" in globalThis);
}

/** Says on such a runtime what is needed. */
export function refuseRuntime(): void {
  const other = nodeProcess();
  other.stderr.write("composefs: Cannot run here: Deno 2.9 or Bun 1.4 expected\n");
  other.exitCode = 1;
}

/** The program's own arguments, as text. */
export function programArguments(): readonly string[] {
  return bun === undefined ? Deno.args : nodeProcess().argv.slice(2);
}

/** The name that the program was started by, as far as the runtime knows it: Deno gives its own. */
export function programName(): string {
  return bun === undefined ? "deno" : nodeProcess().argv0;
}

/** Path of the executable that program and runtime are in together; undefined if they are two files. */
export function executablePath(): string | undefined {
  const isOne = bun === undefined ? Deno.build.standalone : bun.isStandaloneExecutable === true;
  return isOne ? nodeProcess().execPath : undefined;
}

/** Tells whether this runs in a worker, as one of the threads that `ffi/threads/` starts. */
export function isWorker(): boolean {
  const { WorkerGlobalScope: scope } = globalThis as { WorkerGlobalScope?: new () => unknown };
  return bun === undefined ? scope !== undefined && globalThis instanceof scope : !bun.isMainThread;
}

/** Tells whether a worker may load a module: Deno asks for that where it lies in a file. */
export function mayReadModule(url: string): boolean {
  if (bun !== undefined || !url.startsWith("file:")) return true;
  return Deno.permissions.querySync({ name: "read", path: new URL(url) }).state === "granted";
}

/** Tells whether a variable of the environment is set. Deno asks for the permission to look. */
export function hasVariable(name: string): boolean {
  return bun === undefined ? Deno.env.has(name) : nodeProcess().env[name] !== undefined;
}

/** The value of a variable of the environment, if it is set. Deno asks for the permission to look. */
export function variable(name: string): string | undefined {
  return bun === undefined ? Deno.env.get(name) : nodeProcess().env[name];
}

/** Sets the status that the process ends with, once it has nothing left to do. */
export function setExitStatus(status: number): void {
  if (bun === undefined) Deno.exitCode = status;
  else nodeProcess().exitCode = status;
}

/** Writes to standard error, when all else has failed. */
export function writeError(text: string): void {
  if (bun === undefined) Deno.stderr.writeSync(new TextEncoder().encode(text));
  else nodeProcess().stderr.write(text);
}

/** Writes some of the bytes to standard output or standard error, and says how many: without the kernel's help. */
export function writeSome(descriptor: 1 | 2, bytes: Uint8Array): number {
  if (bun === undefined) return (descriptor === 1 ? Deno.stdout : Deno.stderr).writeSync(bytes);
  return nodeProcess().getBuiltinModule("node:fs").writeSync(descriptor, bytes);
}

/** Node's cryptography, which both runtimes bring. To load it takes Bun as long as to start (5 ms). */
export function nodeCrypto(): typeof import("node:crypto") {
  return nodeProcess().getBuiltinModule("node:crypto");
}

/** Node's way to start programs, which both runtimes bring. Deno asks for the permission. */
export function nodeChildProcess(): typeof import("node:child_process") {
  return nodeProcess().getBuiltinModule("node:child_process");
}

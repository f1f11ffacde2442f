/**
 * Mounts again and again, with each call failing in turn, and looks for what is left behind. To be run as
 * a program of its own, on Deno or Bun, as root, in a private mount namespace:
 *
 *     mount_faults.ts DIRECTORY errors
 *     mount_faults.ts DIRECTORY kills
 *     mount_faults.ts DIRECTORY kill SCENARIO INDEX
 *
 * `DIRECTORY` has an image `x.cfs`, its digest in `x.digest`, its store `objects`, and empty directories `m`,
 * `up`, `wk`, and `tmpfs` with a copy of the image. The first form lets calls fail, the second has processes
 * killed between calls; both print what they saw as JSON. The third is the process that gets killed, just
 * before the call of that index.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { ERRNO } from "../../ffi/sys/errno.ts";
import type { Backend } from "../../ffi/sys/_libc.ts";
import { Linux } from "../../ffi/sys/linux.ts";
import { mountComposefs, type MountReport } from "../../ffi/mount/mount.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { completeMountOptions, parseMountOptions } from "../../lib/mount/options.ts";
import { type Call, cText, type FaultPlan, withFaults } from "./faults.ts";

/** A way through the sequence: options, and what the kernel is to lack. */
interface Scenario {
  readonly options: string;
  readonly image?: string;
  /** Answers that make this kernel an older one; asked anew for each mount. */
  readonly older?: () => FaultPlan;
  readonly layer: MountReport["layer"];
}

/** What a run has seen. */
export interface FaultReport {
  readonly cases: number;
  /** Cases after which nothing was mounted. */
  readonly failed: number;
  /** Cases after which the image was mounted all the same. */
  readonly mounted: number;
  readonly calls: Readonly<Record<string, number>>;
  /** One line for each thing that went wrong. */
  readonly faults: readonly string[];
  /** Messages by the call that was made to fail. */
  readonly messages: readonly string[];
}

const EINVAL = -ERRNO.EINVAL;
const ERRORS = [
  "EPERM",
  "EINVAL",
  "ENOMEM",
  "ENOSYS",
  "ENOTBLK",
  "EBUSY",
  "EIO",
  "ENOENT",
] as const;
const CREATE = 6;

const isConfig = (call: Call, key: string) =>
  call.name === "fsconfig" && cText(call.args[3]) === key;

/** Linux before 6.15, whose overlayfs takes no detached layer. */
function noDetachedLayers(): FaultPlan {
  let created = 0;
  return (call) =>
    call.name === "fsconfig" && call.args[2] === CREATE && ++created === 2 ? EINVAL : undefined;
}

/** Linux before 6.8. */
function noLayerParameters(): FaultPlan {
  return (call) => isConfig(call, "lowerdir+") ? EINVAL : undefined;
}

/** Linux before 6.5: any parameter is taken, and the option string knows no data-only layers. */
function oldOverlay(): FaultPlan {
  return (call) => {
    if (isConfig(call, "unsupported")) return 0;
    if (call.name === "mount" && cText(call.args[4]).includes("::")) return EINVAL;
    return undefined;
  };
}

/** A sandbox that has forbidden the new calls. */
function noContexts(): FaultPlan {
  return (call) => call.name === "fsopen" ? -ERRNO.ENOSYS : undefined;
}

function scenarios(directory: string, userNamespace: string): Record<string, Scenario> {
  const basedir = `basedir=${directory}/objects`;
  const upper = `upperdir=${directory}/up,workdir=${directory}/wk`;
  const digest = readFileSync(`${directory}/x.digest`, "utf8").trim();
  const inMemory = `${directory}/tmpfs/x.cfs`;
  return {
    plain: { options: basedir, layer: "detached" },
    writable: { options: `${basedir},${upper}`, layer: "detached" },
    idmap: { options: `${basedir},idmap=${userNamespace},nosuid`, layer: "detached" },
    loop: { options: basedir, image: inMemory, layer: "detached" },
    copy: { options: `${basedir},digest=${digest},userverity`, image: inMemory, layer: "detached" },
    attached: { options: basedir, older: noDetachedLayers, layer: "attached" },
    string: { options: `${basedir},${upper}`, older: noLayerParameters, layer: "option string" },
    old: { options: basedir, older: oldOverlay, layer: "option string" },
    none: { options: basedir, older: noContexts, layer: "option string" },
    "none, loop": { options: basedir, image: inMemory, older: noContexts, layer: "option string" },
  };
}

/** Everything that must be as it was before: mounts, loop devices, temporary directories, open files. */
function traces(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const loops = readdirSync("/sys/block").flatMap((name) => {
    const path = `/sys/block/${name}/loop/backing_file`;
    return existsSync(path) ? [`${name}: ${readFileSync(path, "utf8").trim()}`] : [];
  });
  const temporary = readdirSync("/tmp").filter((name) => name.startsWith(".composefs."));
  return [...mounts, ...loops, ...temporary, ...openFiles()];
}

function openFiles(): string[] {
  const targets = readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      // Sockets are the runtime's own, to its parent; it closes them when it likes.
      return target.startsWith("socket:") ? [] : [`open ${target}`];
    } catch {
      // The listing had /proc/self/fd itself open, and has closed it by now.
      return [];
    }
  });
  return targets.sort();
}

/** Differences that are still there after the kernel had a moment to free a loop device. */
function leftovers(before: readonly string[]): string[] {
  for (let wait = 0;; wait++) {
    const after = traces();
    const added = without(after, before);
    const missing = without(before, after);
    if ((added.length === 0 && missing.length === 0) || wait === 50) {
      return [...added.map((line) => `+${line}`), ...missing.map((line) => `-${line}`)];
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const rest = [...others];
  return lines.filter((line) => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** One mount on `m`, with the faults of the scenario and one more. */
class Bench {
  readonly #backend: Backend;
  readonly #directory: string;

  constructor(backend: Backend, directory: string) {
    this.#backend = backend;
    this.#directory = directory;
  }

  mount(scenario: Scenario, fault: FaultPlan): MountReport {
    const { options, older, image = `${this.#directory}/x.cfs` } = scenario;
    const plan = older?.() ?? (() => undefined);
    const linux = new Linux(
      withFaults(this.#backend, (call) => {
        // The scenario counts calls, so it has to see this one even if `fault` answers it.
        const answer = plan(call);
        return fault(call) ?? answer;
      }),
    );
    return mountComposefs(linux, {
      image: utf8(image),
      mountpoint: utf8(`${this.#directory}/m`),
      options: completeMountOptions(parseMountOptions([utf8(options)])),
    });
  }

  /** Reads a file through the mount, and unmounts it. */
  use(): string {
    const mountpoint = `${this.#directory}/m`;
    const text = readFileSync(`${mountpoint}/foo.txt`, "utf8");
    const { status, stderr } = spawnSync("umount", [mountpoint], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return text;
  }
}

function runErrors(backend: Backend, directory: string, userNamespace: string): FaultReport {
  // Bun opens files of its own for the first program that it waits for.
  spawnSync("true");
  const bench = new Bench(backend, directory);
  const contents = readFileSync(`${directory}/tree/foo.txt`, "utf8");
  const seen = { cases: 0, failed: 0, mounted: 0, calls: {} as Record<string, number> };
  const faults: string[] = [];
  const messages = new Set<string>();
  for (const [name, scenario] of Object.entries(scenarios(directory, userNamespace))) {
    const before = traces();
    const names: string[] = [];
    const report = bench.mount(scenario, (call) => void names.push(call.name));
    if (report.layer !== scenario.layer) faults.push(`${name}: layer ${report.layer}`);
    if (bench.use() !== contents) faults.push(`${name}: wrong contents`);
    for (const line of leftovers(before)) faults.push(`${name}: ${line}`);
    seen.calls[name] = names.length;
    for (const [index, call] of names.entries()) {
      for (const code of ERRORS) {
        const which = `${name}, ${code} from ${call} (${index})`;
        seen.cases++;
        try {
          bench.mount(scenario, (made) => made.index === index ? -ERRNO[code] : undefined);
          seen.mounted++;
          if (bench.use() !== contents) faults.push(`${which}: wrong contents`);
        } catch (error) {
          seen.failed++;
          const { message } = error as Error;
          messages.add(`${call}: ${message.replaceAll(directory, "D")}`);
          if (!/^Cannot [a-z].*: [^\n]*$/i.test(message)) faults.push(`${which}: ${message}`);
        }
        for (const line of leftovers(before)) faults.push(`${which}: ${line}`);
        // One leak shows in every later case, after a wait for each.
        if (faults.length > 20) return { ...seen, faults, messages: [...messages].sort() };
      }
    }
  }
  return { ...seen, faults, messages: [...messages].sort() };
}

/** Scenarios on this kernel as it is: what older ones leave behind when a process is killed is known. */
const KILLED = ["plain", "writable", "idmap", "loop", "copy"];

function runKills(backend: Backend, directory: string, userNamespace: string): FaultReport {
  const bench = new Bench(backend, directory);
  const seen = { cases: 0, failed: 0, mounted: 0, calls: {} as Record<string, number> };
  const faults: string[] = [];
  const all = scenarios(directory, userNamespace);
  spawnSync("true");
  for (const name of KILLED) {
    const before = traces();
    const names: string[] = [];
    bench.mount(all[name]!, (call) => void names.push(call.name));
    bench.use();
    seen.calls[name] = names.length;
    for (const [index, call] of names.entries()) {
      const which = `${name}, killed before ${call} (${index})`;
      seen.cases++;
      const command = [...process.execArgv, ...RUN, process.argv[1]!, directory, "kill", name];
      const done = spawnSync(process.execPath, [...command, `${index}`, userNamespace]);
      if (done.signal !== "SIGKILL") faults.push(`${which}: ${done.stderr}`);
      const mounted = leftovers(before).some((line) => line.includes(`${directory}/m `));
      if (mounted) bench.use();
      seen[mounted ? "mounted" : "failed"]++;
      for (const line of leftovers(before)) faults.push(`${which}: ${line}`);
      if (faults.length > 20) return { ...seen, faults, messages: [] };
    }
  }
  return { ...seen, faults, messages: [] };
}

const RUN = "Bun" in globalThis ? [] : ["run", "-A"];

/** A process in a user namespace of its own, for as long as the test runs. */
async function holdUserNamespace(): Promise<{ readonly path: string; release(): void }> {
  const child = spawn("unshare", ["-Ur", "sh", "-c", "echo; exec sleep 600"]);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return { path: `/proc/${child.pid}/ns/user`, release: () => void child.kill("SIGKILL") };
}

async function main(args: readonly string[]): Promise<void> {
  const [directory = "", what, scenarioName = "", index, userNamespace = ""] = args;
  const { openBackend } = "Bun" in globalThis
    ? await import("../../ffi/sys/_bun.ts")
    : await import("../../ffi/sys/_deno.ts");
  const backend = await openBackend();
  if (what === "kill") {
    const scenario = scenarios(directory, userNamespace)[scenarioName];
    if (scenario === undefined) {
      throw new TypeError(`Cannot run "${scenarioName}": no such scenario`);
    }
    new Bench(backend, directory).mount(scenario, (call) => {
      if (call.index === Number(index)) process.kill(process.pid, "SIGKILL");
      return undefined;
    });
    return;
  }
  const namespace = await holdUserNamespace();
  try {
    const run = what === "kills" ? runKills : runErrors;
    const report = run(backend, directory, namespace.path);
    process.stdout.write(JSON.stringify(report) + "\n");
  } finally {
    namespace.release();
  }
}

await main(process.argv.slice(2));

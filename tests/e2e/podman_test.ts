/**
 * `mkcomposefs --from-file - -` as container engines call it: the dump comes through a pipe as it is
 * made, the image goes into an open file.
 */

import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { referenceImage } from "../../scripts/oracle.ts";
import { createRandom } from "../../scripts/random.ts";
import { type Subject, testEach } from "./each_program.ts";

const C = { tools: ["mkcomposefs"] };

const SHA256 = "0123456789abcdef".repeat(4);

function payload(number: number): string {
  const digest = number.toString(16).padStart(8, "0") + SHA256.slice(8);
  return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** The oddities of a layer's dump, with and without the digests that a store with fs-verity has. */
function layerDump(withDigests: boolean): string {
  const digest = withDigests ? "fedcba9876543210".repeat(4) : "-";
  const lines = [
    "/ 0 40755 1 0 0 0 0.0 - - -",
    "/etc 0 40755 1 0 0 0 1795431313.0 - - -",
    `/etc/\\x2d 1 100644 1 0 0 0 1795431313.0 ${payload(1)} - ${digest}`,
    `/etc/conf 3 100644 2 0 0 0 1795431313.5 ${
      payload(2)
    } - ${digest} user.z=1 user.a\\x3db=2\\x3d user.foo=bar`,
    "/etc/hard 0 @100644 2 0 0 0 1795431313.0 /etc/conf - - user.foo=bar",
    `/etc/empty 0 100644 1 0 0 0 1795431313.0 ${payload(3)} - -`,
    "/etc/fifo 0 10644 1 0 0 0 1795431313.0 - - -",
    "/etc/link 0 120777 1 0 0 0 1795431313.0 conf - -",
    "/etc/dash 0 120777 1 0 0 0 1795431313.0 \\x2d - -",
    "/etc/null 0 20644 1 0 0 259 1795431313.0 - - -",
    `/etc/with\\x20space 3 100644 1 0 0 0 1795431313.0 ${payload(4)} - ${digest}`,
    `/etc/\\xc3\\xa4\\n\\t\\\\ 70000 100755 1 1000 1000 0 1795431313.0 ${
      payload(5)
    } - ${digest} security.capability=\\x01\\x00\\x00\\x02\\x00\\x20\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00`,
    `/etc/.wh.gone 0 100644 1 0 0 0 1795431313.0 ${payload(6)} - -`,
    "/var 0 40755 1 0 0 0 0.0 - - -",
    "/bin 0 120777 1 0 0 0 1795431313.0 usr/bin - -",
    "/usr 0 40755 1 0 0 0 1795431313.0 - - -",
    "/usr/bin 0 40755 1 0 0 0 1795431313.0 - - - system.posix_acl_default=\\x02\\x00\\x00\\x00\\x01\\x00\\x07\\x00\\xff\\xff\\xff\\xff\\x04\\x00\\x05\\x00\\xff\\xff\\xff\\xff\\x20\\x00\\x05\\x00\\xff\\xff\\xff\\xff",
  ];
  for (let i = 900; i > 0; i--) {
    lines.push(
      `/usr/bin/tool${i} ${i} 100755 1 0 0 0 1795431313.0 ${payload(i + 100)} - ${digest}`,
    );
  }
  return lines.join("\n") + "\n";
}

function imageOfC(dump: Uint8Array): Uint8Array<ArrayBuffer> {
  const verdict = referenceImage(dump);
  if ("image" in verdict) return verdict.image;
  throw new Error(`mkcomposefs refuses the dump: ${verdict.refused}`);
}

/** Writes a dump into the program's standard input in chunks, with pauses; gives what was said. */
function feed(
  { tool, path }: Subject,
  dump: Uint8Array,
  chunkSize: () => number,
): Promise<{ code: number | null; stderr: string }> {
  const [program, ...args] = [...tool("mkcomposefs"), "--from-file", "-", "-"];
  const blob = openSync(path("blob"), "wx", 0o644);
  const child = spawn(program!, args, { cwd: "/", stdio: ["pipe", blob, "pipe"] });
  closeSync(blob);
  let stderr = "";
  child.stderr!.on("data", (chunk) => stderr += chunk);
  let position = 0;
  function next(): void {
    if (position >= dump.length) {
      child.stdin!.end();
      return;
    }
    const chunk = dump.subarray(position, position += chunkSize());
    child.stdin!.write(chunk, () => setTimeout(next, 1));
  }
  next();
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

for (const withDigests of [false, true]) {
  const stores = withDigests ? "with" : "without";
  testEach(`layer dump through a slow pipe, store ${stores} fs-verity`, C, async (subject) => {
    const dump = new TextEncoder().encode(layerDump(withDigests));
    const random = createRandom(3);
    const ended = await feed(subject, dump, () => random.weighted([[1, 3], [7, 3], [4093, 4]]));
    assertEquals(ended, { code: 0, stderr: "" });
    const image = imageOfC(dump);
    assertEquals(new Uint8Array(readFileSync(subject.path("blob"))), image);
    // Read back by the engine: bit 0 says that there are ACLs, and the mount keeps them.
    assertEquals(image[8], 1);
  });
}

testEach("layer of one line, layer without entries", C, async (subject) => {
  const dump = new TextEncoder().encode("/ 0 40755 1 0 0 0 0.0 - - -\n");
  assertEquals(await feed(subject, dump, () => 5), { code: 0, stderr: "" });
  assertEquals(new Uint8Array(readFileSync(subject.path("blob"))), imageOfC(dump));
});

testEach(
  "a bad layer: status 1, a line on standard error, nothing written",
  {},
  async (subject) => {
    const dump = new TextEncoder().encode(layerDump(false) + "/etc 0 garbage\n");
    const { code, stderr } = await feed(subject, dump, () => 10_000);
    assertEquals(code, 1);
    assert(/^mkcomposefs: Cannot read standard input [^\n]+\n$/.test(stderr), stderr);
    assertEquals(readFileSync(subject.path("blob")).length, 0);
  },
);

testEach("standard output that is appended to keeps what it had", C, (subject) => {
  const dump = subject.path("dump");
  writeFileSync(dump, "/ 0 40755 1 0 0 0 0.0 - - -\n");
  writeFileSync(subject.path("blob"), "before");
  const script = `"$@" --from-file - - <${dump} >>${subject.path("blob")}`;
  const command = new Deno.Command("sh", {
    args: ["-c", script, "sh", ...subject.tool("mkcomposefs")],
  });
  assertEquals(command.outputSync().code, 0);
  assertEquals(readFileSync(subject.path("blob")).subarray(0, 6).toString(), "before");
  assertEquals(readFileSync(subject.path("blob")).length, 6 + 16384);
});

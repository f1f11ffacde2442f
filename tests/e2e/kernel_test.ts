/**
 * The kernel as judge: what it shows of our images, bare and under overlayfs.
 *
 * Every mount is made in a mount namespace of a child process, so that none is left behind. Known and
 * wanted exceptions are in `tests/kit/kernel/kernel_rules.ts`.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { caseCount, long } from "../../scripts/test/effort.ts";
import { DUMP_GROUPS, type DumpCase, dumpCases } from "../kit/kernel/dump_cases.ts";
import { differences, type FactTree } from "../kit/kernel/facts.ts";
import { mountObstacle } from "../kit/kernel/mounts.ts";
import type { SessionReport } from "../kit/kernel/session.ts";
import { findPeer, runPeerOn, skipReason } from "../../scripts/oracle.ts";

const SESSION = fileURLToPath(new URL("../kit/kernel/session.ts", import.meta.url));
const obstacle = mountObstacle();
const { suffix: skipped, ignore } = long(obstacle === "" ? "" : ` (skipped: ${obstacle})`);

/** Runs a session in a mount namespace of its own; nothing of it is left. */
function runSession(...args: readonly string[]): SessionReport {
  const work = mkdtempSync(join(tmpdir(), "composefs-kernel-"));
  try {
    const namespace = ["--mount", "--propagation", "private", "--"];
    const program = [process.execPath, "run", "-A", SESSION, ...args, work];
    const done = spawnSync("unshare", [...namespace, ...program], {
      timeout: 120_000,
      maxBuffer: 1 << 26,
    });
    if (done.error !== undefined) throw done.error;
    assertEquals(done.status, 0, new TextDecoder().decode(done.stderr));
    return JSON.parse(new TextDecoder().decode(done.stdout));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function check(
  least: { readonly mounts: number; readonly files: number },
  ...args: readonly string[]
): void {
  const { mounts, files, failures } = runSession(...args);
  assertEquals(failures, []);
  assert(mounts >= least.mounts, `${mounts} mounts, expected ${least.mounts} or more`);
  assert(files >= least.files, `${files} files, expected ${least.files} or more`);
}

/** A directory of the machine with real files in it: the standard library of Python, or manuals. */
function realTree(): string | undefined {
  const library = "/usr/lib";
  const pythons = existsSync(library)
    ? readdirSync(library).filter((name) => /^python3\.\d+$/.test(name))
    : [];
  return [...pythons.map((name) => join(library, name)), "/usr/share/doc"].find((path) =>
    existsSync(path) && statSync(path).isDirectory()
  );
}

for (const group of DUMP_GROUPS) {
  Deno.test({
    name: `fsck.erofs accepts the images of the ${group} dumps${skipReason("fsck.erofs")}`,
    ignore: findPeer("fsck.erofs") === undefined,
    fn() {
      let count = 0;
      for (const { name, image } of dumpCases(group)) {
        const { code, stdout, stderr } = runPeerOn("fsck.erofs", ["@"], image);
        assertEquals(code, 0, `${name}: ${new TextDecoder().decode(stdout)} ${stderr}`);
        count++;
      }
      assert(count >= 20, `${count} images`);
    },
  });

  Deno.test({
    name: `the kernel shows what the images of the ${group} dumps hold${skipped}`,
    ignore,
    fn: () => check({ mounts: 20, files: 20 * 257 }, "bare", group),
  });
}

Deno.test({
  name: `fsck.erofs refuses a damaged image${skipReason("fsck.erofs")}`,
  ignore: findPeer("fsck.erofs") === undefined,
  fn() {
    const [{ image }] = [...dumpCases("vectors")] as [DumpCase, ...DumpCase[]];
    // The root's type, in the inode that the superblock's root_nid leads to.
    const root = 32 * new DataView(image.buffer).getUint16(1024 + 14, true);
    image[root + 5] = 0xff;
    assertNotEquals(runPeerOn("fsck.erofs", ["@"], image).code, 0);
  },
});

for (const command of ["mkcomposefs", "create --hardlinks"]) {
  Deno.test({
    name: `a mount of what ${command} makes shows the tree of one of everything${skipped}`,
    ignore,
    fn: () => check({ mounts: 3, files: 1500 }, "composed", command, "sample"),
  });
}

const real = realTree();
Deno.test({
  name: `a mount of what mkcomposefs makes shows a real tree${
    skipped || (real === undefined ? " (skipped: no Python and no manuals here)" : "")
  }`,
  ignore: ignore || real === undefined,
  fn: () => check({ mounts: 2, files: 500 }, "composed", "mkcomposefs", real!),
});

Deno.test({
  name: `what diff says of two images is what their mounts differ in${skipped}`,
  ignore,
  fn: () => check({ mounts: caseCount(30), files: caseCount(30) * 5 }, "pairs"),
});

Deno.test("a difference between trees is told with both values", () => {
  const tree = (mode: string): FactTree => new Map([["/a", new Map([["mode", mode]])]]);
  assertEquals(differences(tree("100644"), tree("100644")), []);
  assertEquals(differences(tree("100644"), tree("100600")), [
    `"/a": "mode" "100600", expected "100644"`,
  ]);
  assertEquals(differences(tree("100644"), new Map()), [`"/a": missing`]);
  assertEquals(differences(new Map(), tree("100644")), [`"/a": not expected`]);
});
